import { people } from "../../store/people.ts";
import { storages } from "../../store/storages.ts";
import type { Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import { addMail, type StorageAlarm, storageAlarmMail } from "../mail/index.ts";
import type { Needs } from "../world.ts";
import type { StorageId, StorageRecord, StorageTest } from "./model.ts";
import { isAlarm } from "./rules.ts";
import { tryStorage } from "./trial.ts";

type World = Needs<"store" | "secrets" | "openStorage" | "clock" | "settings">;

/** Every storage, by id. */
export const storagesToTest = (world: Needs<"store">): Promise<readonly StorageId[]> => storages(world.store.db).ids();

/** How many storages there are by what their last regular trial came to: "ok", a kind of error, or "untried". */
export const storageTrials = (world: Needs<"store">): Promise<ReadonlyMap<string, number>> => storages(world.store.db).trials();

export interface SelfTested {
  readonly name: string;
  readonly engine: string;
  readonly address: string;
  readonly result: StorageTest;
}

/**
 * Sends a small object through a storage and keeps what came of it. Bytes that come back altered are an alarm at once; a failure is one
 * when the next trial fails too. An alarm is an event and mails to the superusers and the storage's owner, once until the storage works again.
 * @returns undefined for a storage that is gone
 */
export async function selfTestStorage(world: World, id: number): Promise<SelfTested | undefined> {
  const storage = await storages(world.store.db).byId(id);
  if (!storage) return undefined;
  const result = await tryStorage(world, storage, { asked: false });
  await world.store.transaction(tx => note(tx, world, storage, result));
  return { name: storage.name, engine: storage.engine, address: storage.address, result };
}

async function note(tx: Tx, world: World, { id }: StorageRecord, result: StorageTest): Promise<void> {
  const before = await storages(tx).lockTrial(id);
  if (!before) return;
  const failures = result.failure === undefined ? 0 : before.failures + 1;
  const message = result.failure === undefined ? "" : result.message;
  const wasAlarm = isAlarm(before.kind, before.failures);
  const isNowAlarm = isAlarm(result.failure, failures);
  await storages(tx).noteTrial(id, { at: world.clock.now(), kind: result.failure ?? "ok", message, failures });
  const { name, engine, address } = before.storage;
  const data = { name, engine, location: address };
  if (wasAlarm && result.failure === undefined)
    await record(tx, "system", { verb: "storage.works-again", kind: "storage", id, data });
  // A storage that was silent and now alters bytes is worse: said again.
  if (!isNowAlarm || (wasAlarm && (before.kind === "checksum" || result.failure !== "checksum"))) return;
  await record(tx, "system", { verb: "storage.alarm", kind: "storage", id, data: { ...data, outcome: result.failure, message } });
  const facts = { name, engine, address, message, differs: result.failure === "checksum", link: `${world.settings.publicUrl}/` };
  await mailAlarm(tx, world, before.storage, facts);
}

async function mailAlarm(tx: Tx, world: World, storage: StorageRecord, facts: Omit<StorageAlarm, "language">): Promise<void> {
  const at = world.clock.now().getTime();
  const told = new Map((await people(tx).alarmed(storage.ownerId)).map(person => [person.email.toLowerCase(), person]));
  for (const [email, { email: recipient, language }] of told)
    await addMail(tx, world, {
      uniqueKey: `storage-alarm:${storage.id}:${at}:${email}`,
      kind: "storage-alarm",
      recipient,
      ...storageAlarmMail({ ...facts, language }),
    });
}
