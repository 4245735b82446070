import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { until } from "../harness/havre.ts";
import { type ActorTasks, aTasksHavre, type TasksHavre } from "./havre.ts";

const missing = spawnSync("bwrap", ["--version"]).status === 0 ? false : "bubblewrap is not installed";

describe("tasks on this machine", { skip: missing }, () => {
  let havre: TasksHavre;
  let actor: ActorTasks;
  before(async () => {
    havre = await aTasksHavre({ COMPUTE_CPU: "8" });
    actor = await havre.actor();
  });
  after(() => havre.stop());

  const textOf = (path: string, name: string): Promise<string> => readFile(join(path, name), "utf8");

  it("run in their own folder, with the environment that is promised", async () => {
    const id = await actor.submit({
      script: Buffer.from(
        "pwd; env | sort | grep GODOCKER; id -u; echo wrong >&2; echo made > made.txt; cat godocker-uris.txt; exit 5",
      ),
      uris: ["ftp://a/b", "https://c/d"],
    });
    const { task } = await actor.over(id);
    assert.deepEqual([task.exitCode, task.mark], [5, ""]);
    const folder = actor.folderOf(task);
    const log = await textOf(folder, "god.log");
    assert.equal(
      log,
      `/mnt/go-docker\nGODOCKER_DATA=/mnt/god-data\nGODOCKER_HOME=/mnt/go-docker\nGODOCKER_JID=${id}\nGODOCKER_PWD=/mnt/go-docker\n${havre.uidOf(actor)}\nftp://a/b\nhttps://c/d\n`,
    );
    assert.equal(await textOf(folder, "god.err"), "wrong\n");
    assert.match(await textOf(folder, "god.info"), /^\d+\n\d+\n$/);
    assert.equal(await textOf(folder, "made.txt"), "made\n");
  });

  it("of an array know their index, in a folder each", async () => {
    const id = await actor.submit({
      array: { first: 3, last: 9, step: 3 },
      script: Buffer.from("echo $GOGOCKER_TASK_ID $GODOCKER_TASK_LAST"),
    });
    const { task } = await actor.over(id);
    assert.deepEqual([task.exitCode, task.elementsOver], [0, 3]);
    for (const index of [3, 6, 9])
      assert.equal(await textOf(join(actor.folderOf(task), String(index)), "god.log"), `${index} 9\n`);
  });

  it("are stopped with all that they started, suspended ones too", async () => {
    const id = await actor.submit({ script: Buffer.from("sleep 600 & sleep 600") });
    await actor.running(id);
    await actor.act(id, "suspend");
    await actor.until(id, view => view.run?.state === "suspended" && view.task.mark === "suspended");
    await actor.act(id, "resume");
    await actor.until(id, view => view.run?.state === "running" && view.task.mark === "resumed");
    await actor.act(id, "suspend");
    await actor.until(id, view => view.run?.state === "suspended");
    await actor.act(id, "kill");
    const { task } = await actor.over(id);
    assert.deepEqual([task.exitCode, task.mark], [137, "killed"]);
  });

  it("end at their longest time, also when that is changed while they run", async () => {
    const short = await actor.submit({ script: Buffer.from("sleep 600"), walltimeSeconds: 1 });
    const long = await actor.submit({ script: Buffer.from("sleep 600") });
    await actor.running(long);
    await actor.setLifespan(long, "1s");
    for (const id of [short, long]) {
      const { task } = await actor.over(id);
      assert.deepEqual([task.exitCode, task.reason], [137, "Max duration reached"]);
    }
  });

  it("that cannot be run are over, and say why", async () => {
    const { task } = await actor.over(await actor.submit({ image: "nobody/knows:this" }));
    assert.deepEqual([task.exitCode, task.mark], [1, "refused"]);
    assert.match(task.reason ?? "", /nobody\/knows/);
  });

  it("see the folders that they ask for, and write where they may", async () => {
    const id = await actor.submit({
      volumes: [
        { name: "home", writable: true },
        { name: "unknown", writable: true },
        { name: "", writable: false },
      ],
      script: Buffer.from("echo $GODOCKER_HOME; echo kept > $GODOCKER_HOME/kept; touch /mnt/god-data/x || echo no"),
    });
    const { task } = await actor.over(id);
    assert.equal(await textOf(actor.folderOf(task), "god.log"), "/mnt/home\nno\n");
  });

  it("are scheduled again under the same number", async () => {
    const id = await actor.submit({ script: Buffer.from("[ -f second ] && exit 0; touch second; sleep 600") });
    const { task: begun } = await actor.running(id);
    await until(
      () =>
        access(join(actor.folderOf(begun), "second")).then(
          () => true,
          () => false,
        ),
      "it has begun to work",
    );
    await actor.act(id, "reschedule");
    const { task, run } = await actor.over(id);
    assert.deepEqual([task.exitCode, run?.try], [0, 2]);
  });

  it("fan out and in: 200 with parents give the same results every time", async () => {
    const first = await actor.submit({ script: Buffer.from("echo first") });
    const middle = await Promise.all(
      Array.from({ length: 198 }, (_, n) =>
        actor.submit({ after: [first], memoryMib: 16, script: Buffer.from(`exit ${n % 3}`) }),
      ),
    );
    const last = await actor.submit({ after: middle });
    const end = await actor.over(last, 120_000);
    const ends = await Promise.all(middle.map(id => actor.over(id)));
    assert.deepEqual(
      ends.map(({ task }) => task.exitCode),
      middle.map((_, n) => n % 3),
    );
    const latest = Math.max(...ends.map(({ task }) => task.endedAt?.getTime() ?? 0));
    assert.ok((end.task.startedAt?.getTime() ?? 0) >= latest);
  });
});
