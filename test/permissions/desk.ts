import { createNotice } from "../../src/core/notices/index.ts";
import { actorOf, type Person } from "../../src/core/people/model.ts";
import type { BenchWorld } from "./bench.ts";

/** What lies on an administrator's desk and belongs to no study. */
export interface Desk {
  readonly notice: number;
  /** Numbers of acts on many objects that run, and of the one item of such an act. */
  readonly bulk: number;
  readonly item: number;
  /** Something that is locked out. */
  readonly lock: string;
}

let count = 0;
export const uniqueLock = (): string => `account:nobody-${process.pid}-${++count}`;

export async function aDesk(world: BenchWorld, superuser: Person): Promise<Desk> {
  const { id: notice } = await createNotice(world, actorOf(superuser), { textEn: "Maintenance at noon", level: "info" });
  const bulk = await aBulk(world, superuser.id);
  const { id: item } = await world.store.db
    .insertInto("bulk_item")
    .values({ bulk_id: bulk, object_id: "1", title: "one" })
    .returning("id")
    .executeTakeFirstOrThrow();
  const tested = { name: "database", ok: true, message: "answers", at: new Date() };
  await world.store.db
    .insertInto("self_test")
    .values(tested)
    .onConflict(on => on.doNothing())
    .execute();
  return { notice, bulk, item, lock: await aLock(world) };
}

export async function aBulk({ store }: BenchWorld, starter: number): Promise<number> {
  const act = { person_id: starter, kind: "people", action: "activate", total: 1, input: "{}" };
  const { id } = await store.db.insertInto("bulk").values(act).returning("id").executeTakeFirstOrThrow();
  return id;
}

export async function aLock({ store }: BenchWorld, subject = uniqueLock()): Promise<string> {
  const now = new Date();
  const row = { subject, failures: 9, last_at: now, locked_until: new Date(now.getTime() + 1e9) };
  await store.db
    .insertInto("attempt")
    .values(row)
    .onConflict(on => on.column("subject").doUpdateSet(row))
    .execute();
  return subject;
}

export async function aParkedErrand({ store }: BenchWorld): Promise<number> {
  const row = { kind: "nothing", payload: "{}", error: "the disk is on fire", parked_at: new Date() };
  const { id } = await store.db.insertInto("errand").values(row).returning("id").executeTakeFirstOrThrow();
  return id;
}

export async function aParkedMail({ store }: BenchWorld): Promise<number> {
  const words = { recipient: "x@example.org", subject: "s", text: "t", html: "" };
  const row = { ...words, unique_key: uniqueLock(), kind: "test", message_id: "<x@y>", state: "parked", reason: "no such user" };
  const { id } = await store.db.insertInto("mail").values(row).returning("id").executeTakeFirstOrThrow();
  return id;
}
