import { randomBytes } from "node:crypto";
import { freshDatabase } from "../../../test/harness/database.ts";
import { testSettings } from "../../../test/harness/settings.ts";
import { systemClock } from "../../kernel/clock.ts";
import { Secrets } from "../../kernel/secrets.ts";
import { compute } from "../../store/compute.ts";
import { Store } from "../../store/store.ts";
import { addPerson } from "../people/index.ts";
import { actorOf, type NewPerson, type PersonActor, SYSTEM } from "../people/model.ts";
import type { Needs, Settings } from "../world.ts";
import { type Submission, submitTask, type TaskId, type TaskSpec } from "./index.ts";
import type { ClusterCan } from "./model.ts";

export type TaskWorld = Needs<"store" | "clock" | "secrets" | "settings"> & { close(): Promise<void> };

/** A world with a database of its own, in which tasks can be submitted and nothing runs. */
export async function aTaskWorld(settings: Partial<Settings> = {}): Promise<TaskWorld> {
  const database = await freshDatabase();
  const store = new Store({ connection: database.connection, maxConnections: 6, onError: () => {} });
  return {
    store,
    clock: systemClock,
    secrets: new Secrets("a secret for tests, long enough to be one"),
    settings: testSettings({ taskRateLimitAll: 0, ...settings }),
    async close() {
      await store.close();
      await database.drop();
    },
  };
}

export async function aPerson(world: TaskWorld, more: Partial<NewPerson> = {}): Promise<PersonActor> {
  const username = `p${randomBytes(6).toString("hex")}`;
  const person = { username, email: `${username}@example.org`, isActive: true, ...more };
  return actorOf(await addPerson(world, SYSTEM, person, "correct-Horse-7-battery"));
}

export const aSpec = (more: Partial<TaskSpec> = {}): TaskSpec => ({
  name: "hello",
  description: "",
  tags: [],
  image: "host",
  script: Buffer.from("#!/bin/sh\necho hello\n"),
  interactive: false,
  cpu: 1,
  memoryMib: 64,
  gpus: 0,
  walltimeSeconds: 3600,
  array: undefined,
  after: [],
  labels: [],
  ports: [],
  uris: [],
  retries: 0,
  scratchMib: 0,
  volumes: [],
  asRoot: false,
  network: false,
  notify: false,
  said: {},
  ...more,
});

export const aTask = (
  world: TaskWorld,
  actor: PersonActor,
  spec: Partial<TaskSpec> = {},
  more: Partial<Submission> = {},
): Promise<TaskId> => submitTask(world, actor, { spec: aSpec(spec), isKeptBack: false, ...more });

/** A cluster of one node, as the loop would note it. */
export const aCluster = (
  world: TaskWorld,
  cpu: number,
  more: {
    readonly queue?: boolean;
    readonly memoryMib?: number;
    readonly arrays?: number;
    readonly can?: Partial<ClusterCan>;
  } = {},
): Promise<void> =>
  compute(world.store.db).noteCluster(
    {
      name: "local",
      engine: "local",
      can: {
        images: true,
        mounts: true,
        networks: ["none", "outside"],
        ports: true,
        suspend: true,
        retime: true,
        queue: more.queue ?? false,
        nodes: false,
        gpus: false,
        measure: true,
        arrays: more.arrays ?? 0,
        dependencies: more.queue ?? false,
        ...more.can,
      },
      images: ["host"],
      nodes: [
        {
          name: "node1",
          state: "up",
          cpu,
          memoryMib: more.memoryMib ?? 1 << 20,
          gpus: 0,
          usedCpu: 0,
          usedMemoryMib: 0,
          usedGpus: 0,
          diskBytes: 0,
          usedDiskBytes: 0,
          labels: {},
        },
      ],
      said: "",
      seenAt: new Date(),
    },
    0,
  );
