import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type OpenstackEmulator, startOpenstack } from "../../emulators/openstack.ts";
import {
  changeMachine,
  endMachines,
  rebootMachine,
  removeMachine,
  retryMachine,
  showMachine,
  startMachine,
  stopMachine,
} from "../core/machines/index.ts";
import { type MachineBench, machineBench } from "../core/machines/machines.fixture.ts";
import type { CatalogueData, MachineInput, Workspace } from "../core/machines/model.ts";
import { emulated } from "../drivers/cloud/openstack/emulated.fixture.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../kernel/clock.ts";
import { newSshKeyPair } from "../kernel/ssh.ts";
import { GIB } from "../kernel/units.ts";
import type { Cloud } from "../ports/cloud.ts";
import { type Clouds, reconcileMachines, runMachine } from "./machines.ts";

const signal = new AbortController().signal;
const ANSWER_MS = 400;

/** Machines of the emulator's own parts: a disk that comes with the flavour, or a volume. */
const CATALOGUE: CatalogueData = {
  parts: [
    { kind: "memory", provider: "openstack", name: "1 GB block", unitValue: GIB },
    { kind: "storage", provider: "openstack", name: "Volume", unitValue: GIB, vmCode: "fast" },
    { kind: "storage", provider: "openstack", name: "Disk", unitValue: GIB, vmCode: "local" },
    { kind: "network", provider: "openstack", name: "Inside", unitValue: 1, networkType: "private", vmCode: "inside" },
    { kind: "network", provider: "openstack", name: "Outside", unitValue: 1, networkType: "public", vmCode: "outside" },
    { kind: "os", provider: "openstack", name: "Debian 13", vmCode: "debian-13" },
    { kind: "os", provider: "openstack", name: "Plan 9", vmCode: "plan-9" },
    { kind: "gpu", provider: "openstack", name: "GPU", vmCode: "gpu" },
  ],
  profiles: [
    {
      provider: "openstack",
      name: "Small",
      os: "Debian 13",
      memory: ["1 GB block", 1],
      storage: ["Volume", 1],
      networks: ["Inside", "Outside"],
    },
  ],
};

describe("the errand of a machine", () => {
  let bench: MachineBench;
  let emulator: OpenstackEmulator;
  let cloud: Cloud;
  let clouds: Clouds;
  before(async () => {
    bench = await machineBench({}, CATALOGUE);
    emulator = await startOpenstack({ stepMs: 5 });
    cloud = emulated(emulator, { answerWithinMs: ANSWER_MS });
    clouds = new Map([["openstack", cloud]]);
  });
  after(async () => {
    await cloud.close();
    await emulator.stop();
    await bench.close();
  });

  /** One run, as a worker makes it. */
  const step = (workspace: number, which = clouds) =>
    runMachine(which).run(bench.world, { id: 1, kind: "run-machine", payload: { workspace }, attempts: 1, asked: 1 }, { signal });
  /** Runs until it says that it is done; the clock of the bench goes on by a second each time. */
  const work = async (workspace: number): Promise<void> => {
    for (let runs = 0; (await step(workspace)) !== "done"; runs++) {
      assert.ok(runs < 200, JSON.stringify(await bench.workspace(workspace)));
      bench.clock.advance(SECOND / 4);
      await sleep(5);
    }
  };
  const built = async (more?: Partial<MachineInput>) => {
    const made = await bench.machine("openstack", more);
    await work(made.workspace);
    const workspace = await bench.workspace(made.workspace);
    assert.equal(workspace?.status, "DONE", workspace?.statusMessage);
    return made;
  };
  const state = async (
    workspace: number,
  ): Promise<Pick<Workspace, "status" | "power" | "task" | "taskFailed" | "statusMessage"> | undefined> => {
    const row = await bench.workspace(workspace);
    return (
      row && {
        status: row.status,
        power: row.power,
        task: row.task,
        taskFailed: row.taskFailed,
        statusMessage: row.statusMessage,
      }
    );
  };
  const keyOf = async (id: number): Promise<string> =>
    (await bench.world.store.db.selectFrom("machine").select("key").where("id", "=", id).executeTakeFirstOrThrow()).key;
  const markOf = async (id: number): Promise<string> => `havre-machine-${await keyOf(id)}`;
  const serversOf = async (id: number) => {
    const mark = await markOf(id);
    return emulator.compute.servers().filter(({ tags }) => tags.includes(mark));
  };
  const leftOf = (mark: string) => [
    ...emulator.compute.servers().filter(({ tags }) => tags.includes(mark)),
    ...emulator.compute.keys().filter(name => name === mark),
    ...emulator.things.volumes().filter(({ name }) => name === mark),
    ...emulator.things.floating().filter(({ description }) => description === mark),
  ];
  const calm = () => emulator.fault(() => undefined);

  it("builds the machine: server, volume, key, address; its researcher is told and gets in", async () => {
    const { id, workspace } = await built({ name: "Analysis" });
    assert.deepEqual(await state(workspace), {
      status: "DONE",
      power: "on",
      task: undefined,
      taskFailed: false,
      statusMessage: "",
    });
    const [server, ...more] = await serversOf(id);
    assert.ok(server && more.length === 0);
    assert.equal(server.name, `analysis-${id}`);
    assert.equal((await bench.workspace(workspace))?.cloudId, server.id);
    const { access, revealed } = await showMachine(bench.world, bench.actor, { id, withSecrets: true });
    const [address] = emulator.things.floating().filter(({ description }) => description === server.tags[1]);
    assert.equal(access?.ip, address?.address);
    assert.equal(access?.username, bench.person.username);
    const config = Buffer.from(server.userData, "base64").toString();
    assert.ok(config.startsWith("#cloud-config\n"));
    const { users, fs_setup } = JSON.parse(config.slice(config.indexOf("\n")));
    assert.deepEqual(users[1].ssh_authorized_keys, [access?.publicKey]);
    assert.equal(fs_setup[0].device, `/dev/disk/by-id/virtio-${server.volumes[0]?.slice(0, 20)}`);
    assert.match(revealed?.loginKey ?? "", /^-----BEGIN OPENSSH PRIVATE KEY-----/);
    assert.throws(() => createPrivateKey(access?.publicKey ?? ""), "the public half is no private key");
    assert.deepEqual(await bench.events(id), ["machine.created", "machine.moved", "machine.moved", "machine.access-shown"]);
    const [mail] = (await bench.mails()).filter(({ subject }) => subject.startsWith("Analysis:"));
    assert.equal(mail?.kind, "machine-ready");
    assert.ok(!bench.log.some(line => line.includes("PRIVATE KEY")));
  });

  it("a researcher's own key is the one; then no private key exists anywhere", async () => {
    const { publicKey } = newSshKeyPair("robin@laptop");
    const { id } = await built({ sshPublicKey: publicKey });
    const { access, revealed } = await showMachine(bench.world, bench.actor, { id, withSecrets: true });
    assert.deepEqual([access?.publicKey, access?.loginKeySealed, revealed], [publicKey, undefined, undefined]);
    const [server] = await serversOf(id);
    assert.ok(
      Buffer.from(server?.userData ?? "", "base64")
        .toString()
        .includes(publicKey),
    );
  });

  it("asks for the size that the parts add up to, and for what the profile names when nothing is added", async () => {
    const flavorOf = async (id: number) => emulator.compute.servers().find(({ tags }) => tags.includes(`havre-machine-${id}`));
    assert.equal(await flavorOf(0), undefined);
    const memory = await bench.part("memory", "1 GB block");
    const { id } = await built({ extraMemory: { part: memory, amount: 3 } });
    const [server] = await serversOf(id);
    const names = await cloudFlavors();
    assert.equal(names.get(server?.flavor ?? ""), "large");
    const gpu = await built({ extraGpu: { part: await bench.part("gpu", "GPU"), amount: 1 } });
    assert.equal(names.get((await serversOf(gpu.id))[0]?.flavor ?? ""), "gpu");
  });
  const cloudFlavors = async (): Promise<ReadonlyMap<string, string>> =>
    new Map(emulator.compute.flavors.map(({ id, name }) => [id, name]));

  it("an answer that is lost leads to one server all the same", async () => {
    let lost = 0;
    emulator.fault(({ method, path }) =>
      method === "POST" && path === "/servers" && lost++ === 0 ? { kind: "lose-answer" } : undefined,
    );
    const { id } = await built();
    calm();
    assert.equal(lost, 1);
    assert.equal((await serversOf(id)).length, 1);
  });

  it("a server that appears only after its request was cut is waited for", async () => {
    let cut = 0;
    emulator.fault(({ method, path }) =>
      method === "POST" && path === "/servers" && cut++ === 0 ? { kind: "late", afterMs: 60 } : undefined,
    );
    const { id, workspace } = await bench.machine();
    // The first run that asks for it does not hear of it; the clock stands still meanwhile.
    for (let runs = 0; (await serversOf(id)).length === 0; runs++) {
      if ((await step(workspace)) === "done") assert.equal((await serversOf(id)).length, 1);
      assert.ok(runs < 200);
      await sleep(5);
    }
    await work(workspace);
    calm();
    assert.equal(cut, 1, "it was asked for once");
    assert.equal((await serversOf(id)).length, 1);
  });

  it("when nothing appears it is asked for again", async () => {
    let cut = 0;
    emulator.fault(({ method, path }) => (method === "POST" && path === "/servers" && cut++ === 0 ? { kind: "cut" } : undefined));
    const { id } = await built();
    calm();
    assert.deepEqual([cut, (await serversOf(id)).length], [2, 1]);
  });

  it("of two servers, which a slow request may bring, the older stays and the other is noted and removed", async () => {
    const { id, workspace } = await bench.machine();
    for (let runs = 0; (await serversOf(id)).length === 0; runs++) {
      assert.ok(runs < 50);
      await step(workspace);
    }
    const { volumes, ...like } = (await serversOf(id))[0] ?? assert.fail();
    const [first] = await serversOf(id);
    await cloud.create({ ...(await planOf(id, like.tags)), name: like.name }, signal);
    assert.equal((await serversOf(id)).length, 2);
    assert.equal(volumes.length, 1);
    await work(workspace);
    const left = await serversOf(id);
    assert.equal(left.length, 1);
    assert.equal((await bench.events(id)).filter(verb => verb === "machine.duplicate-removed").length, 1);
    assert.ok(first);
  });
  const planOf = async (id: number, tags: readonly string[]) => ({
    key: tags[1]?.replace("havre-machine-", "") ?? "",
    name: `twin-${id}`,
    flavor: "small",
    image: "debian-13",
    memoryBytes: GIB,
    storageBytes: GIB,
    storageCode: "local",
    gpu: undefined,
    networks: [{ code: "inside", isPublic: false }],
    login: "robin",
    publicKey: "ssh-ed25519 AAAA",
  });

  it("no room in the cloud is said in its words; tried again when there is, it is built", async () => {
    emulator.compute.quota = 0;
    const { id, workspace } = await bench.machine();
    await work(workspace);
    const failed = await state(workspace);
    assert.deepEqual([failed?.status, failed?.task, failed?.taskFailed], ["ERROR", "build", true]);
    assert.match(failed?.statusMessage ?? "", /^OpenStack: make a server: Quota exceeded for instances/);
    assert.equal((await bench.mails()).at(-1)?.kind, "machine-failed");
    emulator.compute.quota = 1000;
    await retryMachine(bench.world, bench.actor, id);
    await work(workspace);
    assert.equal((await state(workspace))?.status, "DONE");
    assert.equal((await serversOf(id)).length, 1);
  });

  it("a build that the cloud gave up says why, and is cleared away before the next try", async () => {
    emulator.compute.buildFault = "No valid host was found.";
    const { id, workspace } = await bench.machine();
    await work(workspace);
    assert.equal((await state(workspace))?.statusMessage, "The cloud could not build this machine: No valid host was found.");
    const [broken] = await serversOf(id);
    emulator.compute.buildFault = "";
    bench.clock.advance(MINUTE);
    await retryMachine(bench.world, bench.actor, id);
    await work(workspace);
    const [server, ...more] = await serversOf(id);
    assert.deepEqual([(await state(workspace))?.status, more.length], ["DONE", 0]);
    assert.notEqual(server?.id, broken?.id);
  });

  it("what the cloud does not have is said by name", async () => {
    const { workspace } = await bench.machine("openstack", { os: await bench.part("os", "Plan 9") });
    await work(workspace);
    const { status, statusMessage } = (await state(workspace)) ?? assert.fail();
    assert.deepEqual([status, statusMessage], ["ERROR", 'OpenStack: there is no image "plan-9" that can be used.']);
  });

  it("a cloud that is down is tried again, and the researcher sees why it takes so long", async () => {
    emulator.fault(() => ({ kind: "refuse", status: 503, message: "Down for maintenance." }));
    const { id, workspace } = await bench.machine();
    for (let runs = 0; runs < 3; runs++) assert.notEqual(await step(workspace), "done");
    const { status, statusMessage } = (await state(workspace)) ?? assert.fail();
    assert.equal(status, "UPDATING");
    assert.match(statusMessage, /Down for maintenance\. Havre keeps trying\.$/);
    assert.equal((await bench.events(id)).filter(verb => verb === "machine.delayed").length, 1, "said once");
    calm();
    await work(workspace);
    assert.deepEqual([(await state(workspace))?.status, (await state(workspace))?.statusMessage], ["DONE", ""]);
  });

  it("waits as long as the cloud asks for", async () => {
    emulator.fault(() => ({ kind: "refuse", status: 429, message: "Too many.", retryAfterSeconds: 40 }));
    const { workspace } = await bench.machine();
    const outcome = await step(workspace);
    calm();
    assert.ok(outcome !== "done");
    assert.ok(outcome.againAt.getTime() - Date.now() > 39 * SECOND);
    await work(workspace);
  });

  it("every kind of trouble passes: cut lines, lost answers, nonsense, ended tokens", async () => {
    // By a rule that never falls into step with what one run asks, and leaves each run a chance.
    let seed = 7;
    const dice = (sides: number) => {
      seed = (seed * 48271) % 2147483647;
      return seed % sides;
    };
    const met = new Set<string>();
    emulator.fault(({ service }) => {
      if (dice(29) === 0) emulator.revokeTokens();
      if (service === "identity" || dice(7) > 0) return undefined;
      const kind = (["lose-answer", "cut", "garbage", "refuse"] as const)[dice(4)] ?? "cut";
      met.add(kind);
      return kind === "refuse" ? { kind, status: 500 } : { kind };
    });
    const { id, workspace } = await built();
    await stopMachine(bench.world, bench.actor, id);
    await work(workspace);
    const mark = await markOf(id);
    await removeMachine(bench.world, bench.actor, id);
    await work(workspace);
    calm();
    assert.deepEqual(leftOf(mark), []);
    assert.equal(met.size, 4, "each kind was met");
  });

  it("after an hour it is given up, and somebody must act", async () => {
    emulator.fault(() => ({ kind: "refuse", status: 503, message: "Down." }));
    const { workspace } = await bench.machine();
    await step(workspace);
    bench.clock.advance(HOUR + 1);
    assert.equal(await step(workspace), "done");
    calm();
    const given = await state(workspace);
    assert.deepEqual([given?.status, given?.taskFailed], ["ERROR", true]);
    assert.match(given?.statusMessage ?? "", /Down\.$/);
  });

  it("a password that the cloud refuses is in no message, and is tried again", async () => {
    const wrong = emulated(emulator, {
      login: { user: "havre", password: "the-wrong-password", project: "havre", userDomain: "Default", projectDomain: "Default" },
    });
    emulator.fault(({ service }) =>
      service === "identity" ? { kind: "refuse", status: 401, message: "No the-wrong-password here" } : undefined,
    );
    const { workspace } = await bench.machine();
    assert.notEqual(await step(workspace, new Map([["openstack", wrong]])), "done");
    const { statusMessage } = (await state(workspace)) ?? assert.fail();
    calm();
    await wrong.close();
    assert.match(statusMessage, /^OpenStack: sign in: the answer was 401 Havre keeps trying\.$/);
    assert.ok(!bench.log.some(line => line.includes("the-wrong-password")));
  });

  it("a cloud that is not connected any more is said, and waited for", async () => {
    const { workspace } = await bench.machine();
    assert.notEqual(await step(workspace, new Map()), "done");
    assert.match((await state(workspace))?.statusMessage ?? "", /not connected to the cloud of this machine now/);
  });

  it("stops, starts and restarts", async () => {
    const { id, workspace } = await built();
    await stopMachine(bench.world, bench.actor, id);
    await work(workspace);
    assert.deepEqual([(await state(workspace))?.status, (await serversOf(id))[0]?.status], ["OFFLINE", "SHUTOFF"]);
    await startMachine(bench.world, bench.actor, id);
    await work(workspace);
    assert.deepEqual([(await state(workspace))?.status, (await serversOf(id))[0]?.status], ["DONE", "ACTIVE"]);
    const reboots = () => emulator.asked.filter(({ path }) => path.endsWith("/action")).length;
    const before = reboots();
    bench.clock.advance(MINUTE);
    await rebootMachine(bench.world, bench.actor, id);
    await work(workspace);
    assert.deepEqual([(await state(workspace))?.status, reboots() - before], ["DONE", 1]);
    assert.deepEqual((await bench.events(id)).slice(-2), ["machine.rebooted", "machine.task-ended"], "its page hears of it");
  });

  it("gives it another size, and lets its volume grow", async () => {
    const { id, workspace } = await built();
    const { baseMemory, baseStorage, ...input } = await bench.input();
    await changeMachine(bench.world, bench.actor, {
      id,
      input: {
        ...input,
        networks: undefined,
        baseMemory: { ...baseMemory, amount: 4 },
        baseStorage: { ...baseStorage, amount: 3 },
      },
    });
    assert.equal((await state(workspace))?.status, "UPDATING");
    await work(workspace);
    const [server] = await serversOf(id);
    assert.equal((await cloudFlavors()).get(server?.flavor ?? ""), "large");
    const mark = await markOf(id);
    assert.deepEqual(
      emulator.things
        .volumes()
        .filter(({ name }) => name === mark)
        .map(({ size }) => size),
      [3],
    );
    assert.equal((await state(workspace))?.status, "DONE");
  });

  it("removes everything, and then the machine is gone", async () => {
    const { id, workspace } = await built();
    const mark = await markOf(id);
    assert.equal(leftOf(mark).length, 4);
    await removeMachine(bench.world, bench.actor, id);
    await work(workspace);
    assert.deepEqual(leftOf(mark), []);
    assert.equal(await state(workspace), undefined);
    assert.deepEqual((await bench.events(id)).slice(-2), ["machine.moved", "machine.gone"]);
    assert.equal(await step(workspace), "done", "again changes nothing");
  });

  it("removed while it was being built, it leaves nothing, also when its server is still to come", async () => {
    for (const afterMs of [0, 100]) {
      let cut = 0;
      emulator.fault(({ method, path }) =>
        method === "POST" && path === "/servers" && cut++ === 0 ? { kind: "late", afterMs } : undefined,
      );
      const { id, workspace } = await bench.machine();
      const mark = await markOf(id);
      for (let runs = 0; cut === 0; runs++) {
        assert.ok(runs < 50);
        await step(workspace);
      }
      await removeMachine(bench.world, bench.actor, id);
      await step(workspace);
      assert.ok(await state(workspace), "as long as a server may come the machine is not gone");
      for (let looks = 0; emulator.late > 0; looks++) {
        assert.ok(looks < 1000);
        await sleep(5);
      }
      await work(workspace);
      calm();
      assert.deepEqual(leftOf(mark), []);
      assert.equal(await state(workspace), undefined);
    }
  });

  it("is removed however long that takes: the cloud's trouble ends nothing", async () => {
    const { id, workspace } = await built();
    const mark = await markOf(id);
    await removeMachine(bench.world, bench.actor, id);
    emulator.fault(({ method }) => (method === "DELETE" ? { kind: "refuse", status: 409, message: "Not now." } : undefined));
    await step(workspace);
    bench.clock.advance(3 * DAY);
    assert.notEqual(await step(workspace), "done");
    calm();
    await work(workspace);
    assert.deepEqual(leftOf(mark), []);
  });

  it("a machine whose time is over is removed from the cloud", async () => {
    const { id, workspace } = await built();
    const mark = await markOf(id);
    bench.clock.advance(366 * DAY);
    await endMachines(bench.world, signal);
    await work(workspace);
    assert.deepEqual(leftOf(mark), []);
  });

  it("looks into the cloud now and then: what vanished is OFFLINE, then TERMINATED; strangers with our mark are told, not touched", async () => {
    const own = await machineBench({}, CATALOGUE);
    const other = await startOpenstack({ stepMs: 5 });
    const driver = emulated(other);
    const both: Clouds = new Map([["openstack", driver]]);
    const look = () =>
      reconcileMachines(both).run(own.world, { id: 1, kind: "", payload: {}, attempts: 1, asked: 1 }, { signal });
    const made = [await own.machine(), await own.machine()];
    for (const { workspace } of made)
      while (
        (await runMachine(both).run(
          own.world,
          { id: 1, kind: "", payload: { workspace }, attempts: 1, asked: 1 },
          { signal },
        )) !== "done"
      ) {
        own.clock.advance(SECOND / 4);
        await sleep(5);
      }
    const status = async (index: number) => (await own.workspace(made[index]?.workspace ?? 0))?.status;
    const [gone] = other.compute.servers();
    other.compute.vanish(gone?.id ?? "");
    await look();
    assert.deepEqual([await status(0), await status(1)], ["OFFLINE", "DONE"]);
    own.clock.advance(HOUR);
    await look();
    assert.deepEqual([await status(0), await status(1)], ["TERMINATED", "DONE"]);
    await driver
      .create({ ...(await planOf(0, ["", "havre-machine-00000000-0000-4000-8000-000000000000"])), storageCode: "local" }, signal)
      .catch(() => {});
    await driver.prepare(await planOf(0, ["", "havre-machine-00000000-0000-4000-8000-000000000000"]), signal);
    await driver.create(await planOf(0, ["", "havre-machine-00000000-0000-4000-8000-000000000000"]), signal);
    await look();
    await look();
    assert.equal(own.log.filter(line => line.includes("a server with our mark belongs to no machine")).length, 1);
    assert.equal(other.compute.servers().length, 2);
    await driver.close();
    await other.stop();
    await own.close();
  });
});
