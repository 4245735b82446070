import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Note, Notes } from "../../src/drivers/cluster/notes.ts";
import type { RestAccess } from "../../src/drivers/cluster/slurm/rest.ts";
import { openSlurm, type SlurmOptions } from "../../src/drivers/cluster/slurm/slurm.ts";
import {
  ALL_OF_CLUSTERS,
  behavesLikeCluster,
  ClusterBench,
  type OpenedCluster,
  SHORT_PART,
} from "../../src/ports/cluster.suite.ts";
import { HOST_IMAGE, type WorkloadId } from "../../src/ports/cluster.ts";
import { restMissing, type SlurmSite, slurmMissing, startSlurm } from "../engines/slurm.ts";
import { sshdMissing, startSshd } from "../engines/sshd.ts";

/** A real Slurm of three nodes with accounting. `make test-clusters` runs all of it, `make test` a part. */

/** Debian's account that owns nothing; Slurm runs jobs only as accounts that all nodes know. */
const NOBODY = { uid: 65534, gid: 65534, groups: [], asRoot: false };
const PACE_MS = 60_000;
const POLL_MS = 250;
const missing = slurmMissing();

const optionsFor = (site: SlurmSite, more: Partial<SlurmOptions> = {}): SlurmOptions => ({
  folder: join(site.home, "notes"),
  mark: "test",
  environment: site.environment,
  accounts: true,
  operator: true,
  gpus: false,
  ...more,
});

async function openOn(site: SlurmSite, more: Partial<SlurmOptions> = {}): Promise<OpenedCluster> {
  const folder = join(site.home, "shared");
  await mkdir(folder, { mode: 0o755, recursive: true });
  const options = optionsFor(site, more);
  return { cluster: await openSlurm(options), again: () => openSlurm(options), folder, account: NOBODY, image: HOST_IMAGE };
}

let site: SlurmSite;
describe("a Slurm of three nodes", { skip: missing, concurrency: false }, () => {
  before(async () => {
    site = await startSlurm();
  });
  after(() => site?.stop());

  behavesLikeCluster("slurm", () => openOn(site), {
    paceMs: PACE_MS,
    pollMs: POLL_MS,
    concurrency: 8,
    slow: ALL_OF_CLUSTERS,
    ...(ALL_OF_CLUSTERS ? {} : { only: SHORT_PART }),
  });

  describe("faults", { skip: ALL_OF_CLUSTERS ? false : "takes minutes: make test-clusters", concurrency: false }, () => {
    let bench: ClusterBench;
    const noteOf = (id: WorkloadId): Promise<Note | undefined> => new Notes(join(site.home, "notes-faults"), "faults").read(id);
    before(async () => {
      bench = new ClusterBench(await openOn(site, { mark: "faults", folder: join(site.home, "notes-faults") }), PACE_MS, POLL_MS);
    });
    after(() => bench?.cluster.forget([...bench.made], bench.signal));

    it("takes up a job again although the answer of sbatch was never heard", async () => {
      const workload = await bench.submit(bench.workload("echo begun >>begun; sleep 1"));
      // What became known later stands in lines of its own.
      const note = join(site.home, "notes-faults", workload.id, "note");
      await writeFile(note, `${(await readFile(note, "utf8")).split("\n", 1)[0]}\n`);
      assert.equal((await noteOf(workload.id))?.remote, undefined);
      const next = await bench.opened.again();
      assert.equal(await next.submit(workload, bench.signal), "done");
      assert.equal((await bench.ended(workload.id)).end?.cause, "exit");
      assert.equal(await readFile(join(workload.directory, "begun"), "utf8"), "begun\n");
    });

    it("begins once although two jobs were submitted for one workload", async () => {
      const workload = bench.workload("echo begun >>begun; sleep 1; exit 9");
      await bench.submit(workload);
      const name = (await noteOf(workload.id))?.name ?? "";
      // As a second sbatch of a process that was killed right after it was started.
      const script = await site.tell("scontrol", "write", "batch_script", await jobOf(workload.id), "-");
      await site.submit(script, [`--job-name=${name}`, "--uid=nobody", "--output=/dev/null", "--export=NIL"]);
      const seen = await bench.ended(workload.id);
      assert.deepEqual([seen.end?.cause, seen.end?.exitCode], ["exit", 9]);
      await bench.until("the second job is over", async () => (await site.tell("squeue", "-h", `--name=${name}`)).trim() === "");
      assert.equal((await bench.ended(workload.id)).end?.exitCode, 9);
      assert.equal(await readFile(join(workload.directory, "begun"), "utf8"), "begun\n");
    });

    it("has no news while the controller is down, and loses nothing", async () => {
      const workload = await bench.submit(bench.workload("echo begun >>begun; sleep 3; exit 4"));
      await bench.sign(workload, "begun");
      await site.stopController();
      await assert.rejects(bench.cluster.observe([workload.id], bench.signal), { kind: "unavailable", retry: "temporary" });
      const other = bench.workload("echo begun >>begun");
      await assert.rejects(bench.cluster.submit(other, bench.signal), { kind: "unavailable", retry: "temporary" });
      await site.startController();
      assert.equal((await bench.ended(workload.id)).end?.exitCode, 4);
      await bench.submit(other);
      assert.equal((await bench.ended(other.id)).end?.cause, "exit");
      assert.equal(await readFile(join(other.directory, "begun"), "utf8"), "begun\n");
    });

    it("says what was lost with its node, and begins again elsewhere what may", { timeout: 400_000 }, async () => {
      const script = 'echo begun >>begun; [ "$(grep -c . begun)" = 1 ] && exec sleep 1000; exit 0';
      const node = site.nodes[2] ?? "";
      const others = site.nodes.filter(name => name !== node);
      const [lost, again] = [
        bench.workload(script, { avoid: others }),
        bench.workload(script, { avoid: [], requeue: true, limits: { cpu: 8 } }),
      ];
      await bench.submit(lost);
      await bench.sign(lost, "begun");
      // The others are full, so this one lands on the node too; then they are free again.
      const fillers = await Promise.all(
        others.map(name =>
          bench.submit(bench.workload("sleep 1000", { avoid: site.nodes.filter(n => n !== name), limits: { cpu: 8 } })),
        ),
      );
      await bench.until("the others are full", async () =>
        (await Promise.all(fillers.map(({ id }) => bench.look(id)))).every(seen => seen?.state === "running"),
      );
      await bench.submit({ ...again, limits: { ...again.limits, cpu: 4 } });
      await bench.sign(again, "begun");
      assert.equal((await bench.look(again.id))?.node, node);
      await bench.cluster.kill(
        fillers.map(({ id }) => ({ id })),
        bench.signal,
      );
      await site.failNode(node);
      const seen = await bench.ended(lost.id, 120_000);
      assert.deepEqual([seen.end?.cause, seen.begun], ["lost", 1]);
      const { nodes } = await bench.cluster.capacity(bench.signal);
      assert.equal(nodes.find(({ name }) => name === node)?.state, "down");
      const after = await bench.ended(again.id, 300_000);
      assert.deepEqual([after.end?.cause, after.end?.exitCode, after.begun], ["exit", 0, 2]);
      assert.notEqual(after.node, node);
      await site.startNode(node);
    });

    const jobOf = async (id: WorkloadId): Promise<string> => (await noteOf(id))?.remote ?? "";
  });

  describe("through slurmrestd", { skip: restMissing() }, () => {
    let rest: RestAccess;
    before(async () => {
      rest = { ...(await site.startRest()), user: "root" };
    });
    // Jobs run as the token's user, and their folders are ours: that we are root here both times is for this test alone.
    const alone = { accounts: false, operator: false };
    behavesLikeCluster(
      "slurm through slurmrestd",
      () => openOn(site, { ...alone, mark: "rest", folder: join(site.home, "notes-rest"), rest }),
      {
        paceMs: PACE_MS,
        pollMs: POLL_MS,
        concurrency: 4,
        only: ALL_OF_CLUSTERS
          ? /can be used|tells its nodes|exit code, its times|signal that ended|both outputs|any bytes|its environment|begins once|found again|knows for certain|sessions of their own|right after|of an array|comes after|waits for others|more memory|in all|most memory/
          : /can be used|exit code, its times|of an array/,
      },
    );
    it("says so when its token is refused, or what it cannot do is asked for", async () => {
      const signal = new AbortController().signal;
      const tokenFile = join(site.home, "wrong-token");
      await writeFile(tokenFile, "no.such.token");
      const wrong = await openSlurm(optionsFor(site, { ...alone, rest: { ...rest, tokenFile } }));
      await assert.rejects(wrong.check(signal), { kind: "unavailable", message: /is the token good/ });
      const nowhere = await openSlurm(optionsFor(site, { ...alone, rest: { ...rest, url: "http://127.0.0.1:1" } }));
      await assert.rejects(nowhere.check(signal), { kind: "unavailable" });
      const bench = new ClusterBench(
        await openOn(site, { ...alone, folder: join(site.home, "notes-rest2"), rest }),
        PACE_MS,
        POLL_MS,
      );
      await assert.rejects(bench.submit(bench.workload("date", { avoid: site.nodes.slice(1) })), { kind: "invalid" });
      assert.deepEqual([bench.cluster.can.suspend, bench.cluster.can.retime, bench.cluster.can.measure], [false, false, false]);
    });
  });

  describe("over SSH", { skip: sshdMissing() }, () => {
    let sshd: Awaited<ReturnType<typeof startSshd>>;
    before(async () => {
      sshd = await startSshd();
    });
    after(() => sshd?.stop());
    behavesLikeCluster(
      "slurm over SSH",
      () => openOn(site, { mark: "ssh", folder: join(site.home, "notes-ssh"), ssh: sshd.access }),
      {
        paceMs: PACE_MS,
        pollMs: POLL_MS,
        concurrency: 4,
        only: ALL_OF_CLUSTERS ? /^(?!ends what runs longer)/ : /exit code, its times|any bytes/,
      },
    );
    it("refuses a host whose key it does not know, and a key that the host does not", async () => {
      const wrong = { ...sshd.access, knownHostsFile: "/dev/null" };
      const signal = new AbortController().signal;
      const cluster = await openSlurm(optionsFor(site, { ssh: wrong }));
      await assert.rejects(cluster.check(signal), { kind: "unauthenticated" });
      const { keyFile: _, ...keyless } = sshd.access;
      const other = await openSlurm(optionsFor(site, { ssh: { ...keyless, keyFile: "/dev/null" } }));
      await assert.rejects(other.check(signal), { kind: "unauthenticated" });
    });
  });
});
