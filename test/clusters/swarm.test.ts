import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { openSwarm, type SwarmOptions } from "../../src/drivers/cluster/swarm/swarm.ts";
import { ALL_OF_CLUSTERS, behavesLikeCluster, ClusterBench, type OpenedCluster } from "../../src/ports/cluster.suite.ts";
import { dockerMissing, type EngineSite } from "../engines/docker.ts";
import { type SwarmSite, startSwarm } from "../engines/swarm.ts";

/** A real Swarm of three daemons, one of them killed while tasks run. */
const exec = promisify(execFile);
const ACCOUNT = { uid: 20_001, gid: 20_001, groups: [], asRoot: false };
const PACE_MS = 60_000;

describe("a Swarm of three daemons", {
  skip: dockerMissing() || (ALL_OF_CLUSTERS ? false : "takes minutes: make test-clusters"),
  concurrency: false,
}, () => {
  let swarm: SwarmSite;
  let home: string;
  let sites: readonly EngineSite[];
  before(async () => {
    swarm = await startSwarm();
    ({ home, sites } = swarm);
  });
  after(() => swarm?.stop());

  const openOn = async (more: Partial<SwarmOptions> = {}): Promise<OpenedCluster> => {
    const folder = join(home, "shared");
    await mkdir(folder, { mode: 0o755, recursive: true });
    const options: SwarmOptions = {
      url: sites[0]?.url ?? "",
      folder: join(home, "notes"),
      mark: "test",
      outsideNetwork: "",
      hostNetwork: true,
      ...more,
    };
    return {
      cluster: await openSwarm(options),
      again: () => openSwarm(options),
      folder,
      account: ACCOUNT,
      image: sites[0]?.image ?? "",
    };
  };

  behavesLikeCluster("swarm", () => openOn(), { paceMs: PACE_MS, pollMs: 100, concurrency: 3, slow: true });

  it("says what was lost with its node, and begins again elsewhere what may", { timeout: 240_000 }, async () => {
    const bench = new ClusterBench(await openOn({ folder: join(home, "notes2"), mark: "fails" }), PACE_MS, 100);
    const names = (await bench.cluster.capacity(bench.signal)).nodes.map(({ name }) => name);
    assert.equal(names.length, 3);
    const script = 'echo begun >>begun; [ "$(grep -c . begun)" = 1 ] && sleep 1000; exit 0';
    const workloads = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        bench.submit(bench.workload(script, { requeue: index % 2 === 0, limits: { cpu: 0.1, memoryBytes: 16 * 1024 * 1024 } })),
      ),
    );
    for (const workload of workloads) await bench.sign(workload, "begun");
    const busy = await exec("docker", ["-H", sites[2]?.url ?? "", "ps", "-q"]);
    assert.notEqual(busy.stdout.trim(), "", "Swarm spreads tasks over its nodes");
    await sites[2]?.end();
    await bench.until(
      "Swarm sees it",
      async () => (await bench.cluster.capacity(bench.signal)).nodes.some(({ state }) => state === "down"),
      60_000,
    );
    const ended = new Map<string, string>();
    const why = new Map<string, string>();
    await bench.until(
      "those of the node have ended",
      async () => {
        for (const { id } of workloads) {
          const seen = await bench.look(id);
          if (seen?.state === "ended") ended.set(id, `${seen.end?.cause} ${seen.begun}`);
          why.set(id, JSON.stringify(seen));
        }
        return ended.size >= busy.stdout.trim().split("\n").length;
      },
      90_000,
    );
    for (const [index, { id, directory }] of workloads.entries()) {
      const times = (await readFile(join(directory, "begun"), "utf8")).split("\n").length - 1;
      if (!ended.has(id)) assert.equal(times, 1);
      else if (index % 2 === 0) assert.deepEqual([ended.get(id), times], ["exit 2", 2], why.get(id));
      else assert.deepEqual([ended.get(id), times], ["lost 1", 1]);
    }
    await bench.cluster.forget([...bench.made], bench.signal);
    await bench.cluster.close();
  });
});
