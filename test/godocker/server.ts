import { personByName } from "../../src/core/people/index.ts";
import { actorOf } from "../../src/core/people/model.ts";
import { ownKey } from "../../src/core/tasks/index.ts";
import { aPerson } from "../../src/core/tasks/tasks.fixture.ts";
import { aTasksHavre, type TasksHavre } from "../tasks/havre.ts";
import { type Document, GodockerClient } from "./client.ts";

export const SHARED_SECRET = "a secret that services share with us";
export const PROMETHEUS_KEY = "a key of the tests";

export interface Godocker {
  readonly havre: TasksHavre;
  user(more?: Parameters<typeof aPerson>[1]): Promise<GodockerClient>;
  admin(): Promise<GodockerClient>;
  nobody(): GodockerClient;
  config(): Promise<Document>;
  /** Kinds of the mails that were written about a task. */
  mailsAbout(id: number): Promise<string[]>;
  keyOf(username: string): Promise<string>;
  stop(): Promise<void>;
}

/** A real Havre with the GO-Docker API, and real users of it. */
export async function aGodocker(env: Readonly<Record<string, string>> = {}): Promise<Godocker> {
  const havre = await aTasksHavre({
    GODOCKER_SHARED_SECRET_PASSPHRASE: SHARED_SECRET,
    PROMETHEUS_KEY,
    TASK_MEMORY: "64 MiB",
    ...env,
  });
  const { world, url } = havre;
  const keyOf = async (username: string): Promise<string> =>
    (await ownKey(world, actorOf(await personByName(world, username)))).key;
  const user = async (more: Parameters<typeof aPerson>[1] = {}): Promise<GodockerClient> => {
    const { username } = await aPerson(world, more);
    return GodockerClient.signIn(url, username, await keyOf(username));
  };
  const nobody = (): GodockerClient => new GodockerClient(url, "", undefined);
  return {
    havre,
    user,
    keyOf,
    admin: () => user({ isSuperuser: true }),
    nobody,
    config: () => nobody().ok("GET", "/api/1.0/config"),
    async mailsAbout(id) {
      const rows = await world.store.db.selectFrom("mail").select(["kind"]).where("unique_key", "like", `task:${id}:%`).execute();
      return rows.map(row => row.kind);
    },
    stop: () => havre.stop(),
  };
}
