import { notFound } from "../../kernel/errors.ts";
import { directory } from "../../store/directory.ts";
import { grants } from "../../store/grants.ts";
import { people } from "../../store/people.ts";
import { keyOf } from "../people/index.ts";
import { type Actor, type PersonRecord, personOf, SYSTEM } from "../people/model.ts";
import type { Needs } from "../world.ts";
import type { RoleGrant } from "./model.ts";

export interface Self {
  readonly person: PersonRecord;
  readonly grants: readonly RoleGrant[];
  /** When there is one. */
  readonly key: string | undefined;
}
const MOST = 1000;

/** Whoever asks, with their roles and their key. */
export async function showSelf(world: Needs<"store" | "clock" | "secrets">, actor: Actor): Promise<Self> {
  const self = personOf(actor);
  const known = self && (await people(world.store.db).byId(self.id));
  if (!known) throw notFound();
  const person = await recordOf(world, actor, known.uuid);
  const held = await grants(world.store.db).of(SYSTEM, { person: known.uuid, live: true }, { offset: 0, limit: MOST });
  const key = await keyOf(world, actor);
  return { person, grants: held.items, key };
}

/** Somebody, with the roles that who asks may know of: all of them for themselves and for whoever may read everything. @throws HavreError "not-found" */
export async function showPersonWithRoles(world: Needs<"store">, actor: Actor, uuid: string): Promise<Omit<Self, "key">> {
  const person = await recordOf(world, actor, uuid);
  const held = await grants(world.store.db).of(actor, { person: uuid, live: true }, { offset: 0, limit: MOST });
  return { person, grants: held.items };
}

async function recordOf(world: Needs<"store">, actor: Actor, uuid: string): Promise<PersonRecord> {
  const { items } = await directory(world.store.db).page(actor, { uuid }, { offset: 0, limit: 1 });
  const [found] = items;
  if (!found) throw notFound();
  return found;
}
