import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type DockerOptions, openDocker } from "../../src/drivers/cluster/docker/docker.ts";
import {
  ALL_OF_CLUSTERS,
  behavesLikeCluster,
  ClusterBench,
  type OpenedCluster,
  SHORT_PART,
} from "../../src/ports/cluster.suite.ts";
import { dockerMissing, type EngineSite, podmanMissing, startDockerd, startPodman } from "../engines/docker.ts";

/** A real Docker daemon, and Podman's service. `make test-clusters` runs all of it, `make test` a part of one. */
const ACCOUNT = { uid: 20_001, gid: 20_001, groups: [], asRoot: false };
const PACE_MS = 60_000;

async function openOn(site: EngineSite, more: Partial<DockerOptions> = {}): Promise<OpenedCluster> {
  const folder = join(site.home, "shared");
  await mkdir(folder, { mode: 0o755, recursive: true });
  const options: DockerOptions = {
    ...{ url: site.url, folder: join(site.home, "notes"), mark: "test", pull: "never" },
    ...{ hostNetwork: true, cpu: 0, memoryBytes: 0, labels: {} },
    ...more,
  };
  return { cluster: await openDocker(options), again: () => openDocker(options), folder, account: ACCOUNT, image: site.image };
}

const suiteOptions = {
  paceMs: PACE_MS,
  pollMs: 100,
  concurrency: 3,
  slow: ALL_OF_CLUSTERS,
  ...(ALL_OF_CLUSTERS ? {} : { only: SHORT_PART }),
};

describe("Docker", { skip: dockerMissing() }, () => {
  let site: EngineSite;
  before(async () => {
    site = await startDockerd();
  });
  after(() => site?.stop());

  behavesLikeCluster("docker", () => openOn(site), suiteOptions);

  it("loses nothing and runs nothing twice when the daemon is killed", { timeout: 120_000 }, async () => {
    const opened = await openOn(site, { folder: join(site.home, "notes2"), mark: "fails" });
    const bench = new ClusterBench(opened, PACE_MS, 100);
    const running = await bench.submit(bench.workload("echo begun >>begun; sleep 1000"));
    const over = await bench.submit(bench.workload("echo begun >>begun; exit 3"));
    await bench.sign(running, "begun");
    await bench.ended(over.id);
    await site.fail();
    await assert.rejects(bench.cluster.observe([running.id], bench.signal), { kind: "unavailable", retry: "temporary" });
    const later = bench.workload("echo begun >>begun");
    await assert.rejects(bench.cluster.submit(later, bench.signal), { retry: "temporary" });
    await site.start();
    for (const workload of [running, over, later]) await bench.submit(workload);
    await bench.cluster.kill([{ id: running.id }], bench.signal);
    assert.ok(["killed", "lost"].includes((await bench.ended(running.id)).end?.cause ?? ""));
    assert.deepEqual([(await bench.ended(over.id)).end?.exitCode, (await bench.ended(later.id)).end?.exitCode], [3, 0]);
    for (const { directory } of [running, over, later]) assert.equal(await readFile(join(directory, "begun"), "utf8"), "begun\n");
    await bench.cluster.forget([...bench.made], bench.signal);
    await bench.cluster.close();
  });
});

describe("Podman", { skip: podmanMissing() || (ALL_OF_CLUSTERS ? false : "takes minutes: make test-clusters") }, () => {
  let site: EngineSite;
  before(async () => {
    site = await startPodman();
  });
  after(() => site?.stop());
  behavesLikeCluster("docker (Podman)", () => openOn(site), suiteOptions);
});
