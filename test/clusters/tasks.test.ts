import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import type { TaskSpec } from "../../src/core/tasks/index.ts";
import { ALL_OF_CLUSTERS } from "../../src/ports/cluster.suite.ts";
import { dockerMissing, type EngineSite, podmanMissing, startDockerd, startPodman } from "../engines/docker.ts";
import { slurmMissing, startSlurm } from "../engines/slurm.ts";
import { startSwarm } from "../engines/swarm.ts";
import { until } from "../harness/havre.ts";
import { type ActorTasks, aTasksHavre, type TasksHavre } from "../tasks/havre.ts";
import { FAN_OUT, FANNED_OUT, fanOut, noteThroughHavre } from "./through-havre.ts";

/** Tasks through the whole of Havre on every real engine, each named by the settings alone. */
interface Engine {
  readonly settings: Readonly<Record<string, string>>;
  readonly spec: Partial<TaskSpec>;
  /** An account that the nodes know; absent: one that is made up. */
  readonly uid?: number;
  stop(): Promise<void>;
}

const NOBODY = 65_534;
const WITHIN_MS = 600_000;
const bwrapMissing = spawnSync("bwrap", ["--version"]).status === 0 ? false : "bubblewrap is not installed";

const ENGINES: readonly {
  readonly column: string;
  readonly name: string;
  readonly missing: string | false;
  readonly start: () => Promise<Engine>;
}[] = [
  {
    column: "local",
    name: "local",
    missing: bwrapMissing,
    start: async () => ({ settings: {}, spec: { image: "host" }, stop: async () => {} }),
  },
  {
    column: "docker",
    name: "docker",
    missing: dockerMissing(),
    start: async () => {
      const site = await startDockerd();
      return { settings: { DOCKER_URL: site.url }, spec: { image: site.image }, stop: site.stop };
    },
  },
  {
    column: "docker (Podman)",
    name: "podman",
    missing: podmanMissing(),
    start: async () => {
      const site = await startPodman();
      return { settings: { PODMAN_URL: site.url }, spec: { image: site.image }, stop: site.stop };
    },
  },
  {
    column: "swarm",
    name: "swarm",
    missing: dockerMissing(),
    start: async () => {
      const swarm = await startSwarm();
      return {
        settings: { SWARM_URL: swarm.sites[0]?.url ?? "" },
        spec: { image: swarm.sites[0]?.image ?? "" },
        stop: swarm.stop,
      };
    },
  },
  {
    column: "slurm",
    name: "slurm",
    missing: slurmMissing(),
    start: async () => {
      const site = await startSlurm();
      const settings = { SLURM_CONF: site.environment.SLURM_CONF ?? "", SLURM_OPERATOR: "true" };
      return { settings, spec: { image: "host" }, uid: NOBODY, stop: site.stop };
    },
  },
];

describe("several clusters at once", { skip: bwrapMissing || dockerMissing() }, () => {
  it("run what names them; one that is away at the start is used when it comes, and nobody waits for it", async () => {
    const home = await mkdtemp("/var/tmp/havre-docker-");
    const havre = await aTasksHavre({
      ...{ COMPUTE_CLUSTERS: "local,docker", DOCKER_URL: `unix://${home}/d.sock`, COMPUTE_PULL: "never" },
    });
    let site: EngineSite | undefined;
    try {
      const actor = await havre.actor();
      const here = await actor.submit({ script: Buffer.from("#!/bin/sh\necho here\n") });
      assert.equal(await actor.textOf((await actor.over(here)).task, "god.log"), "here\n");
      const there = { image: "localhost/busybox:1", memoryMib: 32, script: Buffer.from("#!/bin/sh\necho there\n") };
      await assert.rejects(actor.submit(there, "docker"), { kind: "invalid" }, "one that was never seen is not known");
      site = await startDockerd([], home);
      const id = await until(() => actor.submit(there, "docker").catch(() => undefined), "it is found", 30_000);
      const { task } = await actor.over(id);
      assert.deepEqual([task.cluster, task.exitCode, await actor.textOf(task, "god.log")], ["docker", 0, "there\n"]);
      assert.equal((await actor.over(await actor.submit({}))).task.cluster, "local", "the first is the default");
    } finally {
      await havre.stop();
      await site?.stop();
      await rm(home, { recursive: true, force: true });
    }
  });
});

for (const { column, name, missing, start } of ENGINES)
  describe(`tasks on ${column}`, {
    skip: missing || (ALL_OF_CLUSTERS ? false : "takes minutes: make test-clusters"),
    concurrency: false,
  }, () => {
    let engine: Engine;
    let havre: TasksHavre;
    let actor: ActorTasks;
    before(async () => {
      engine = await start();
      const settings = { COMPUTE_CLUSTERS: name, COMPUTE_CPU: "8", COMPUTE_HOST_NETWORK: "true", COMPUTE_PULL: "never" };
      havre = await aTasksHavre({ ...settings, ...engine.settings });
      actor = await havre.actor(engine.uid);
    });
    after(async () => {
      await havre?.stop();
      await engine?.stop();
    });

    it(FAN_OUT, { timeout: WITHIN_MS }, async () => {
      assert.deepEqual(await fanOut(actor, engine.spec, WITHIN_MS), FANNED_OUT);
      await noteThroughHavre(column, FAN_OUT);
    });

    it("runs an array, each element in its folder with its own variables", { timeout: WITHIN_MS }, async () => {
      const id = await actor.submit({
        ...{ memoryMib: 32, network: true, ...engine.spec },
        array: { first: 3, last: 11, step: 4 },
        script: Buffer.from(
          "#!/bin/sh\necho $GOGOCKER_TASK_ID $GODOCKER_TASK_LAST $GODOCKER_JID; exit $((GODOCKER_TASK_ID % 2))\n",
        ),
      });
      const { task } = await actor.over(id, WITHIN_MS);
      assert.deepEqual([task.exitCode, task.elementsOver, task.mark], [1, 3, ""]);
      for (const [place, index] of [3, 7, 11].entries())
        assert.equal(await actor.textOf(task, "god.log", place), `${index} 11 ${id + 1 + place}\n`);
      if (name !== "slurm") return;
      const jobs = await Promise.all([1, 2, 3].map(async number => (await actor.show(id + number)).run?.workload ?? ""));
      assert.deepEqual(
        jobs.map(job => job.replace(/^[^/]+/, "one")),
        ["one/3", "one/7", "one/11"],
        "one array of Slurm's own",
      );
      assert.equal(new Set(jobs.map(job => job.split("/")[0])).size, 1);
    });

    it("holds up what waits for a task that is scheduled again", { timeout: WITHIN_MS }, async () => {
      const common = { memoryMib: 32, network: true, ...engine.spec };
      const twice = Buffer.from("#!/bin/sh\n[ -f second ] && exit 0\ntouch second\nsleep 600\n");
      const parent = await actor.submit({ ...common, script: twice });
      const child = await actor.submit({ ...common, after: [parent], script: Buffer.from("#!/bin/sh\necho begun >>begun\n") });
      await actor.until(parent, view => view.task.state === "running", WITHIN_MS);
      const folder = (await actor.show(parent)).task;
      await until(async () => (await actor.textOf(folder, "second")) !== "(none)", "it works", 60_000);
      // Slurm has it already, and keeps it waiting.
      if (name === "slurm") await actor.until(child, view => view.run?.state === "handed", 60_000);
      await actor.act(parent, "reschedule");
      const [first, second] = [await actor.over(parent, WITHIN_MS), await actor.over(child, WITHIN_MS)];
      assert.deepEqual([first.task.exitCode, first.run?.try, second.task.exitCode], [0, 2, 0]);
      assert.ok((second.task.startedAt?.getTime() ?? 0) >= (first.task.endedAt?.getTime() ?? 0));
      assert.equal(await actor.textOf(second.task, "begun"), "begun\n");
    });

    it("kills what runs and what waits, and says so", { timeout: WITHIN_MS }, async () => {
      const common = { memoryMib: 32, network: true, ...engine.spec };
      const running = await actor.submit({ ...common, script: Buffer.from("#!/bin/sh\nsleep 600\n") });
      const waiting = await actor.submit({ ...common, after: [running], script: Buffer.from("#!/bin/sh\necho begun\n") });
      await actor.until(running, view => view.task.state === "running", WITHIN_MS);
      await actor.act(waiting, "kill");
      await actor.act(running, "kill");
      for (const id of [waiting, running]) {
        const { task } = await actor.over(id, WITHIN_MS);
        assert.deepEqual([task.exitCode, task.mark], [137, "killed"]);
      }
      assert.equal(await actor.textOf((await actor.show(waiting)).task, "god.log"), "(none)");
    });
  });
