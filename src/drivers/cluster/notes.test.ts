import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, link, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { HOST_IMAGE, type Workload, type WorkloadId } from "../../ports/cluster.ts";
import { Notes } from "./notes.ts";
import { identityOf } from "./processes.ts";

const ID = "a-run" as WorkloadId;
const WORKLOAD: Workload = {
  ...{ id: ID, name: "", image: HOST_IMAGE, command: { kind: "image" }, environment: {}, directory: "/d", mount: "/d" },
  ...{ volumes: [], stdout: "out", stderr: "err", account: { uid: 1000, gid: 1000, groups: [], asRoot: false }, gpus: 0 },
  limits: { cpu: 1, memoryBytes: 1, walltimeSeconds: 60, processes: 1, outputBytes: 1, diskBytes: 1 },
  ...{ network: "none", ports: [], labels: {}, avoid: [] },
};
/** A process that lives as long as the test lets it. */
const aProcess = () => spawn("sleep", ["60"], { stdio: "ignore" });

describe("notes on workloads", () => {
  let folder: string;
  let notes: Notes;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "havre-notes-"));
    notes = new Notes(folder, "mark");
    await notes.open();
  });
  afterEach(() => rm(folder, { recursive: true }));
  const at = (name: string): string => join(folder, ID, name);
  const make = () => notes.make(WORKLOAD, undefined);

  it("are made once, whoever else makes them at the same time", async () => {
    const all = await Promise.all([make(), make(), make(), new Notes(folder, "mark").make(WORKLOAD, undefined)]);
    assert.equal(all.filter(({ isNew }) => isNew).length, 1);
    assert.equal(new Set(all.map(({ note }) => note.name)).size, 1);
    assert.deepEqual(await readdir(folder), [ID], "nothing is left of the others");
  });

  it("keep what becomes known later: the first name, the last walltime", async () => {
    await make();
    await notes.writeRemote(ID, "12");
    await notes.retime(ID, 90);
    await notes.writeRemote(ID, "13");
    await notes.retime(ID, 120);
    const note = await notes.read(ID);
    assert.deepEqual([note?.remote, note?.limits.walltimeSeconds, note?.limits.cpu], ["12", 120, 1]);
    // The last line was cut short.
    await appendFile(at("note"), '{"walltimeSeconds":9');
    assert.equal((await notes.read(ID))?.limits.walltimeSeconds, 120);
  });

  it("say nothing of a workload that is not there, and make none of it", async () => {
    await notes.writeRemote(ID, "12");
    await notes.retime(ID, 90);
    assert.equal(await notes.read(ID), undefined);
    assert.deepEqual(await readdir(folder), []);
  });

  it("are not made anew over one that is not whole: it may run already", async () => {
    await make();
    await truncate(at("note"), 20);
    await assert.rejects(make(), { kind: "unavailable", message: /not whole/ });
    assert.equal(await notes.read(ID), undefined);
  });

  it("remove what was cut short, and not what another process is making", async () => {
    await make();
    await notes.remove(ID);
    for (const [name, age] of [
      [".old", 3600],
      [".new", 0],
    ] as const) {
      await mkdir(join(folder, name));
      const made = new Date(Date.now() - age * 1000);
      await utimes(join(folder, name), made, made);
    }
    await notes.open();
    assert.deepEqual(await readdir(folder), [".new"]);
  });

  describe("preparing", () => {
    const count = { times: 0 };
    const prepare = async (): Promise<void> => {
      count.times++;
    };
    beforeEach(() => {
      count.times = 0;
    });

    it("happens once, and costs no file of its own", async () => {
      const { isNew } = await make();
      const before = (await readFile(at("note"))).length;
      assert.equal(await notes.prepareOnce(ID, isNew, prepare), true);
      assert.equal(await notes.prepareOnce(ID, isNew, prepare), true);
      assert.equal(await notes.prepareOnce(ID, false, prepare), true);
      assert.equal(count.times, 1);
      assert.deepEqual((await readdir(join(folder, ID))).toSorted(), ["box", "note", "prepared"]);
      await notes.writeRemote(ID, "12");
      assert.ok((await readFile(at("note"))).length > before);
      assert.equal(await notes.prepareOnce(ID, false, prepare), true);
    });

    it("is tried again after it failed, by whoever comes", async () => {
      const { isNew } = await make();
      const fails = notes.prepareOnce(ID, isNew, () => Promise.reject(new Error("full")));
      await assert.rejects(fails, /full/);
      assert.equal(await new Notes(folder, "mark").prepareOnce(ID, false, prepare), true);
      assert.equal(count.times, 1);
    });

    it("waits for another process as long as that lives", async () => {
      await make();
      const other = aProcess();
      await symlink((await identityOf(other.pid ?? 0)) ?? "", at("try.0"));
      assert.equal(await notes.prepareOnce(ID, false, prepare), false);
      assert.equal(count.times, 0);
      other.kill("SIGKILL");
      await once(other, "exit");
      assert.equal(await notes.prepareOnce(ID, false, prepare), true);
      assert.equal(count.times, 1);
    });

    it("goes on where whoever has made the note has died at it", async () => {
      await make();
      const other = aProcess();
      const by = (await identityOf(other.pid ?? 0)) ?? "";
      const note = JSON.parse(await readFile(at("note"), "utf8")) as object;
      await writeFile(at("note"), `${JSON.stringify({ ...note, by })}\n`);
      await link(at("note"), at("try.0"));
      assert.equal(await notes.prepareOnce(ID, false, prepare), false);
      other.kill("SIGKILL");
      await once(other, "exit");
      assert.equal(await notes.prepareOnce(ID, false, prepare), true);
      assert.equal(count.times, 1);
    });

    it("waits for whoever has made the note and is at it", async () => {
      const { isNew } = await make();
      let go = (): void => {};
      const gate = new Promise<void>(resolve => {
        go = resolve;
      });
      const first = notes.prepareOnce(ID, isNew, () => gate);
      assert.equal(await new Notes(folder, "mark").prepareOnce(ID, false, prepare), false);
      go();
      assert.equal(await first, true);
      assert.equal(await new Notes(folder, "mark").prepareOnce(ID, false, prepare), true);
      assert.equal(count.times, 0);
    });
  });
});
