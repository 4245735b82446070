import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { newSshKeyPair } from "../kernel/ssh.ts";
import { GIB, MIB } from "../kernel/units.ts";
import type { Cloud, CloudPlan, CloudServer, Progress } from "./cloud.ts";

/** What a cloud for the suite has: names of things that are there, and what it can do. */
export interface CloudBench {
  readonly cloud: Cloud;
  /** Another installation's driver on the same cloud. */
  readonly stranger: Cloud;
  readonly image: string;
  /** A flavour of at least 512 MiB, by name. */
  readonly flavor: string;
  readonly network: string;
  /** A kind of volume; undefined where the cloud has no volumes. */
  readonly volume: string | undefined;
  /** The outside network that addresses come from; undefined where it has none. */
  readonly outside: string | undefined;
  /** How long the slowest step may take. */
  readonly patienceMs: number;
  close(): Promise<void>;
}

/**
 * What every cloud driver promises, tried on a real cloud or on what speaks like one.
 * @param open a cloud of its own for the suite @param skip why it cannot run here, or false
 */
export function behavesLikeCloud(name: string, open: () => Promise<CloudBench>, skip: string | false = false): void {
  describe(`${name} as a cloud`, { skip }, () => {
    let bench: CloudBench;
    let cloud: Cloud;
    const signal = new AbortController().signal;
    const keys: string[] = [];
    before(async () => {
      bench = await open();
      cloud = bench.cloud;
    });
    after(async () => {
      for (const key of keys) await finished(() => cloud.remove(key, signal));
      await bench.close();
    });

    const aPlan = (more: Partial<CloudPlan> = {}): CloudPlan => {
      const key = randomUUID();
      keys.push(key);
      return {
        key,
        name: `suite-${key.slice(0, 8)}`,
        flavor: bench.flavor,
        image: bench.image,
        memoryBytes: 256 * MIB,
        storageBytes: GIB,
        storageCode: "local",
        gpu: undefined,
        networks: [{ code: bench.network, isPublic: false }],
        login: "robin",
        publicKey: newSshKeyPair("suite").publicKey,
        ...more,
      };
    };

    async function until<T>(look: () => Promise<T | undefined>, what: string): Promise<T> {
      for (const deadline = Date.now() + bench.patienceMs; ; ) {
        const seen = await look();
        if (seen !== undefined) return seen;
        if (Date.now() > deadline) throw new Error(`Not within ${bench.patienceMs} ms: ${what}`);
        await sleep(100);
      }
    }
    const finished = (act: () => Promise<Progress>): Promise<Progress> =>
      until(async () => ((await act()) === "done" ? "done" : undefined), "the work to be done");
    const reaches = (remoteId: string, state: CloudServer["state"]): Promise<CloudServer> =>
      until(async () => {
        const server = await cloud.look(remoteId, signal);
        return server?.state === state ? server : undefined;
      }, `the server to be ${state}`);

    async function made(plan: CloudPlan): Promise<CloudServer> {
      await finished(() => cloud.prepare(plan, signal));
      await cloud.create(plan, signal);
      const server = await until(async () => (await cloud.find(plan.key, signal))[0], "the server to be found");
      return reaches(server.remoteId, "running");
    }

    it("says that it can be used", async () => {
      assert.match(await cloud.check(signal), /\S/);
    });

    it("builds a machine that is found by its key, and by nobody else's", async () => {
      const plan = aPlan();
      assert.deepEqual(await cloud.find(plan.key, signal), []);
      const server = await made(plan);
      assert.equal(server.key, plan.key);
      assert.equal(server.name, plan.name);
      assert.deepEqual(
        (await cloud.find(plan.key, signal)).map(({ remoteId }) => remoteId),
        [server.remoteId],
      );
      const mine = (await cloud.list(signal)).find(({ remoteId }) => remoteId === server.remoteId);
      assert.equal(mine?.key, plan.key);
      assert.equal(mine.state, "running");
      assert.ok(!(await bench.stranger.list(signal)).some(({ remoteId }) => remoteId === server.remoteId));
      assert.match((await until(() => cloud.connect(plan, server.remoteId, signal), "an address")) ?? "", /^[\d.]+$|:/);
    });

    it("prepares the same thing again without making another", async () => {
      const plan = aPlan(bench.volume === undefined ? {} : { storageCode: bench.volume });
      await finished(() => cloud.prepare(plan, signal));
      await finished(() => cloud.prepare(plan, signal));
      const server = await made(plan);
      assert.equal((await cloud.find(plan.key, signal)).length, 1);
      await finished(() => cloud.remove(plan.key, signal));
      assert.equal(await cloud.look(server.remoteId, signal), undefined);
    });

    it("shows a second server of one machine, always in the same order, and discards only the one it is told to", async () => {
      const plan = aPlan();
      const first = await made(plan);
      await cloud.create(plan, signal);
      const both = await until(async () => {
        const found = (await cloud.find(plan.key, signal)).map(({ remoteId }) => remoteId);
        return found.length === 2 ? found : undefined;
      }, "both servers");
      assert.ok(both.includes(first.remoteId));
      const [kept = "", spare = ""] = both;
      await reaches(kept, "running");
      assert.deepEqual(
        (await cloud.find(plan.key, signal)).map(({ remoteId }) => remoteId),
        both,
      );
      await cloud.discard(spare, signal);
      await until(async () => ((await cloud.find(plan.key, signal)).length === 1 ? true : undefined), "one server");
      await cloud.discard(spare, signal);
      assert.equal((await cloud.look(kept, signal))?.state, "running");
    });

    it("stops, starts and restarts a machine", async () => {
      const { remoteId } = await made(aPlan());
      await cloud.power(remoteId, "off", signal);
      await reaches(remoteId, "stopped");
      await cloud.power(remoteId, "on", signal);
      await reaches(remoteId, "running");
      await cloud.power(remoteId, "again", signal);
      await reaches(remoteId, "running");
    });

    it("gives a machine more memory, and says so only when it runs with it", async () => {
      const plan = aPlan();
      const { remoteId } = await made(plan);
      const larger = { ...plan, flavor: "", memoryBytes: GIB };
      assert.equal(await cloud.change(larger, remoteId, signal), "waiting");
      await finished(() => cloud.change(larger, remoteId, signal));
      await reaches(remoteId, "running");
      assert.equal(await cloud.change(larger, remoteId, signal), "done");
    });

    it("removes all of a machine, and removing it again succeeds", async () => {
      const plan = aPlan();
      const { remoteId } = await made(plan);
      await finished(() => cloud.remove(plan.key, signal));
      assert.equal(await cloud.look(remoteId, signal), undefined);
      assert.deepEqual(await cloud.find(plan.key, signal), []);
      assert.equal(await cloud.remove(plan.key, signal), "done");
      assert.equal(await cloud.remove(randomUUID(), signal), "done");
    });

    it("refuses what it does not have, with words that name it", async () => {
      const refused = async (more: Partial<CloudPlan>, words: RegExp): Promise<void> => {
        const plan = aPlan(more);
        await assert.rejects(
          async () => {
            await finished(() => cloud.prepare(plan, signal));
            await cloud.create(plan, signal);
          },
          (error: Error & { kind?: string }) => {
            assert.equal(error.kind, "invalid", String(error));
            assert.match(error.message, words);
            return true;
          },
        );
        assert.deepEqual(await cloud.find(plan.key, signal), []);
      };
      await refused({ image: "no-such-image" }, /no-such-image/);
      await refused({ flavor: "no-such-flavour" }, /no-such-flavour/);
      await refused({ networks: [{ code: "no-such-network", isPublic: false }] }, /no-such-network/);
      await refused({ flavor: "", memoryBytes: 4096 * GIB }, /4(\.0)? TiB/);
      await refused({ flavor: "", gpu: { code: "no-such-gpu", amount: 1 } }, /no-such-gpu/);
      await refused({ storageCode: "no-such-volume-kind" }, /no-such-volume-kind|volume/);
    });

    it("says not-found of a server that is not there", async () => {
      assert.equal(await cloud.look(randomUUID(), signal), undefined);
      await cloud.discard(randomUUID(), signal);
      await assert.rejects(cloud.power(randomUUID(), "on", signal), { kind: "not-found" });
    });

    it("stops waiting when it is told to", async () => {
      const stop = AbortSignal.abort(new Error("enough"));
      await assert.rejects(cloud.list(stop), /enough/);
    });
  });

  describe(`${name} as a cloud with volumes`, { skip }, () => {
    let bench: CloudBench;
    const signal = new AbortController().signal;
    before(async () => {
      bench = await open();
    });
    after(() => bench.close());
    it("gives a machine a volume, lets it grow, and removes it with the machine", async test => {
      if (bench.volume === undefined) return test.skip("this cloud has no volumes");
      await volumeLife(bench, signal);
    });
    it("gives a machine an address that the world can reach, and takes it back", async test => {
      if (bench.outside === undefined) return test.skip("this cloud has no outside network");
      await addressLife(bench, signal);
    });
  });
}

const planOf = (bench: CloudBench, more: Partial<CloudPlan>): CloudPlan => ({
  key: randomUUID(),
  name: "suite",
  flavor: bench.flavor,
  image: bench.image,
  memoryBytes: 256 * MIB,
  storageBytes: GIB,
  storageCode: "local",
  gpu: undefined,
  networks: [{ code: bench.network, isPublic: false }],
  login: "robin",
  publicKey: newSshKeyPair("suite").publicKey,
  ...more,
});

async function eventually<T>(bench: CloudBench, look: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + bench.patienceMs; ; ) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > deadline) throw new Error(`Not within ${bench.patienceMs} ms`);
    await sleep(100);
  }
}

const done = (bench: CloudBench, act: () => Promise<Progress>): Promise<Progress> =>
  eventually(bench, async () => ((await act()) === "done" ? "done" : undefined));

async function running(bench: CloudBench, plan: CloudPlan, signal: AbortSignal): Promise<string> {
  const { cloud } = bench;
  await done(bench, () => cloud.prepare(plan, signal));
  await cloud.create(plan, signal);
  return eventually(bench, async () => {
    const [server] = await cloud.find(plan.key, signal);
    return server?.state === "running" ? server.remoteId : undefined;
  });
}

async function volumeLife(bench: CloudBench, signal: AbortSignal): Promise<void> {
  const plan = planOf(bench, { storageCode: bench.volume ?? "" });
  const remoteId = await running(bench, plan, signal);
  const larger = { ...plan, storageBytes: 2 * GIB };
  assert.equal(await bench.cloud.change(larger, remoteId, signal), "waiting");
  await done(bench, () => bench.cloud.change(larger, remoteId, signal));
  assert.equal(await bench.cloud.change(plan, remoteId, signal), "done", "a volume never shrinks");
  await done(bench, () => bench.cloud.remove(plan.key, signal));
}

async function addressLife(bench: CloudBench, signal: AbortSignal): Promise<void> {
  const networks = [
    { code: bench.network, isPublic: false },
    { code: bench.outside ?? "", isPublic: true },
  ];
  const plan = planOf(bench, { networks });
  const remoteId = await running(bench, plan, signal);
  const address = await eventually(bench, () => bench.cloud.connect(plan, remoteId, signal));
  assert.match(address, /^[\d.]+$/);
  assert.equal(await bench.cloud.connect(plan, remoteId, signal), address, "the same one when asked again");
  await done(bench, () => bench.cloud.remove(plan.key, signal));
}
