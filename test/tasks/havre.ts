import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../src/config.ts";
import type { PersonActor } from "../../src/core/people/model.ts";
import {
  type Act,
  act,
  folderOf,
  setLifespan,
  showTask,
  type Task,
  type TaskId,
  type TaskSpec,
  type TaskView,
} from "../../src/core/tasks/index.ts";
import { aPerson, aTask, type TaskWorld } from "../../src/core/tasks/tasks.fixture.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { Secrets } from "../../src/kernel/secrets.ts";
import { compute } from "../../src/store/compute.ts";
import { Store } from "../../src/store/store.ts";
import { startHavre, until } from "../harness/havre.ts";

const SECRET_KEY = "a secret key of the tests, long enough for all";

/** Somebody with the verbs of tasks, on the database of a running Havre. */
export interface ActorTasks {
  readonly actor: PersonActor;
  submit(spec?: Partial<TaskSpec>, cluster?: string): Promise<TaskId>;
  act(id: number, what: Act): Promise<TaskView>;
  setLifespan(id: number, value: string): Promise<TaskView>;
  show(id: number): Promise<TaskView>;
  until(id: number, is: (view: TaskView) => boolean, withinMs?: number): Promise<TaskView>;
  running(id: number): Promise<TaskView>;
  over(id: number, withinMs?: number): Promise<TaskView>;
  folderOf(task: Task, place?: number): string;
  /** Of a file in its folder; "(none)" where there is none. */
  textOf(task: Task, name: string, place?: number): Promise<string>;
}

export interface TasksHavre {
  readonly world: TaskWorld;
  readonly url: string;
  readonly computeDir: string;
  /** @param uid of an account that the nodes know; absent: the usual one */
  actor(uid?: number): Promise<ActorTasks>;
  uidOf(actor: ActorTasks): number;
  tasksUsed(actor: ActorTasks): Promise<number>;
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A real Havre that runs tasks on this machine, in a folder that other accounts can reach. */
export async function aTasksHavre(env: Readonly<Record<string, string>> = {}): Promise<TasksHavre> {
  const computeDir = await mkdtemp(join(tmpdir(), "havre-tasks-"));
  // People are changed by this process, which must count with the next request.
  const settings = { COMPUTE_DIR: computeDir, TASK_RATE_LIMIT_ALL: "0", SIGN_IN_MEMORY_MS: "0", ...env };
  const havre = await startHavre({ env: settings });
  const store = new Store({ connection: havre.database.connection, maxConnections: 8, onError: () => {} });
  const world: TaskWorld = {
    store,
    clock: systemClock,
    secrets: new Secrets(SECRET_KEY),
    settings: { ...readConfig(settings), mailIsCaught: true },
    close: () => store.close(),
  };
  const root = join(computeDir, "shared");
  await until(async () => (await compute(store.db).clusters()).length > 0, "a cluster is there");
  return {
    world,
    url: havre.url,
    computeDir,
    uidOf: ({ actor }) => world.settings.computeFirstUid + actor.id,
    async actor(uid) {
      const actor = await aPerson(world);
      if (uid !== undefined) await compute(store.db).addAccount({ personId: actor.id, uid, gid: uid, lastAt: new Date() });
      const wait = (id: number, is: (view: TaskView) => boolean, withinMs = 30_000): Promise<TaskView> =>
        until(
          async () => {
            const view = await showTask(world, actor, id);
            return is(view) && view;
          },
          `task ${id} is as it should be; log: ${havre.log
            .filter(line => line.includes("tasks"))
            .slice(-3)
            .join("\n")}`,
          withinMs,
        );
      return {
        actor,
        submit: (spec = {}, cluster) => aTask(world, actor, spec, cluster === undefined ? {} : { cluster }),
        act: (id, what) => act(world, actor, { id, act: what }),
        setLifespan: (id, value) => setLifespan(world, actor, { id, value }),
        show: id => showTask(world, actor, id),
        until: wait,
        running: id => wait(id, view => view.task.state === "running"),
        over: (id, withinMs) => wait(id, view => view.task.state === "over", withinMs),
        folderOf: (task, place) => join(root, folderOf(task, place)),
        textOf: (task, name, place) => readFile(join(root, folderOf(task, place), name), "utf8").catch(() => "(none)"),
      };
    },
    async tasksUsed({ actor }) {
      const days = await compute(store.db).usageDays({ person: actor.id }, 30);
      return days.reduce((sum, day) => sum + day.tasks, 0);
    },
    kill: () => havre.kill(),
    start: () => havre.start(),
    async stop() {
      await havre.end();
      await world.close();
      await havre.stop();
      await rm(computeDir, { recursive: true, force: true });
    },
  };
}
