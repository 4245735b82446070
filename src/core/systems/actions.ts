import { forbidden, HavreError } from "../../kernel/errors.ts";
import { compute } from "../../store/compute.ts";
import { isTaken, type Tx, within } from "../../store/store.ts";
import { systems } from "../../store/systems.ts";
import { changesBetween, record } from "../events/index.ts";
import { mustBeSuperuser } from "../people/index.ts";
import { type Actor, type PersonActor, personOf, seesAll } from "../people/model.ts";
import { mustAllow, type RoleOn } from "../permissions/index.ts";
import { addStorage, amendStorage, insertStorage, removeStorage } from "../storages/index.ts";
import type { Needs } from "../world.ts";
import { keep } from "./credentials.ts";
import { absent, held, personNamed } from "./find.ts";
import type { SystemInput, SystemRecord } from "./model.ts";
import { mustBeExecution, mustBeName } from "./rules.ts";

type World = Needs<"store" | "secrets">;

export interface Put {
  readonly system: SystemRecord;
  readonly isNew: boolean;
}

/**
 * Registers a system, or describes one anew: programs do either by the same call. A new one brings a storage along; its name is then
 * its owner's for ever.
 * @param mustExist only describe it anew
 * @throws HavreError "invalid", "forbidden" for a name that is another's, "not-found" with `mustExist`
 */
export async function putSystem(
  world: World,
  actor: Actor,
  asked: { readonly name: string; readonly input: SystemInput; readonly mustExist: boolean },
): Promise<Put> {
  const { name, input, mustExist } = asked;
  if (input.execution) mustBeExecution(input.execution);
  try {
    return await world.store.transaction(async tx => {
      const before = await systems(tx).lock(actor, name);
      if (!before && mustExist) throw absent(name);
      if (before) await change(tx, world, actor, before, input);
      else await add(tx, world, actor, name, input);
      const system = await reread(tx, actor, name);
      if (input.login) await keep(tx, world, system, "", "execution", input.login);
      return { system: await reread(tx, actor, name), isNew: !before };
    });
  } catch (cause) {
    if (!isTaken(cause)) throw cause;
    throw new HavreError("invalid", `The id ${name} was taken at this moment.`, { cause });
  }
}

async function add(tx: Tx, world: World, actor: Actor, name: string, input: SystemInput): Promise<void> {
  mustBeName(name);
  await mustBeFree(tx, actor, name);
  await mustBeKnown(tx, actor, input);
  const storage = await addStorage(tx, world, actor, input.storage);
  await systems(tx).describe(storage.id, name, input);
  const { id } = await reread(tx, actor, name);
  if (input.isAvailable === false) await systems(tx).set(id, { is_available: false });
  await note(tx, actor, "created", { id, name }, { kind: input.kind });
}

async function change(tx: Tx, world: World, actor: Actor, before: SystemRecord, input: SystemInput): Promise<void> {
  if (before.standing === undefined) throw forbidden(`The id ${before.name} is another's.`);
  mustAllow("system", before.standing, "system.change");
  if (input.kind !== before.kind)
    throw new HavreError("invalid", `System ${before.name} is of type ${before.kind.toUpperCase()}.`);
  await mustBeKnown(tx, actor, input);
  await amendStorage(tx, world, actor, before.storage, input.storage);
  await systems(tx).update(before.id, input);
  if (input.isAvailable !== undefined) await systems(tx).set(before.id, { is_available: input.isAvailable });
  const { description, site, status, home } = input;
  await note(tx, actor, "changed", before, {
    changes: changesBetween<Partial<SystemRecord>>(before, { description, site, status, home }),
  });
}

/** Work on a cluster of this server is its administrators' to give away, as its folders are. */
async function mustBeKnown(tx: Tx, actor: Actor, { execution }: Pick<SystemInput, "execution">): Promise<void> {
  if (execution?.login.protocol !== "LOCAL") return;
  if (!isStaff(actor))
    throw new HavreError(
      "invalid",
      "A login of protocol LOCAL is this server itself: only its administrators may register that.",
    );
  const names = (await compute(tx).clusters()).map(({ name }) => name);
  if (!names.includes(execution.login.host))
    throw new HavreError("invalid", `login.host must be a cluster of this server: ${names.join(", ") || "there is none"}.`);
}
const isStaff = (actor: Actor): boolean => seesAll(actor) || personOf(actor)?.isStaff === true;

async function mustBeFree(tx: Tx, actor: Actor, name: string): Promise<void> {
  const reserved = await systems(tx).reserved(name);
  if (reserved && reserved.owner !== personOf(actor)?.id) throw forbidden(`The id ${name} was another's, and stays theirs.`);
}

async function reread(tx: Tx, actor: Actor, name: string): Promise<SystemRecord> {
  const found = await systems(tx).named(actor, name);
  if (!found) throw absent(name);
  return found;
}

export const SYSTEM_ACTIONS = [
  "ENABLE",
  "DISABLE",
  "PUBLISH",
  "UNPUBLISH",
  "SETDEFAULT",
  "UNSETDEFAULT",
  "SETGLOBALDEFAULT",
  "UNSETGLOBALDEFAULT",
  "CLONE",
] as const;
export type SystemAction = (typeof SYSTEM_ACTIONS)[number];

/**
 * @param newName of the copy
 * @returns the system as it is then, or the copy
 * @throws HavreError "not-found", "forbidden", "conflict", "invalid"
 */
export async function actOnSystem(
  world: World,
  actor: Actor,
  { name, action, newName }: { readonly name: string; readonly action: SystemAction; readonly newName: string | undefined },
): Promise<Put> {
  try {
    return await world.store.transaction(async tx => {
      const became = action === "CLONE" ? await clone(tx, world, actor, name, newName) : await ACTS[action](tx, actor, name);
      return { system: await reread(tx, actor, became), isNew: action === "CLONE" };
    });
  } catch (cause) {
    if (!isTaken(cause)) throw cause;
    throw new HavreError(
      "invalid",
      newName === undefined ? "Somebody else did the same just now." : `The id ${newName} is taken.`,
      {
        cause,
      },
    );
  }
}

type Act = (tx: Tx, actor: Actor, name: string) => Promise<string>;

const ACTS: Readonly<Record<Exclude<SystemAction, "CLONE">, Act>> = {
  ENABLE: available(true),
  DISABLE: available(false),
  PUBLISH: published(true),
  UNPUBLISH: published(false),
  async SETDEFAULT(tx, actor, name) {
    const system = await held(tx, actor, name, "system.use");
    await systems(tx).setDefault(mustBePerson(actor).id, system.kind, system.id);
    return name;
  },
  async UNSETDEFAULT(tx, actor, name) {
    const system = await held(tx, actor, name, "system.use");
    await systems(tx).unsetDefault(mustBePerson(actor).id, system.id);
    return name;
  },
  async SETGLOBALDEFAULT(tx, actor, name) {
    mustBeSuperuser(actor);
    const system = await held(tx, actor, name, "system.see");
    if (!system.isPublic) throw new HavreError("invalid", "Only a public system can be everybody's default.");
    if (system.isGlobalDefault) return name;
    await systems(tx).setGlobalDefault(system.id, system.kind);
    await note(tx, actor, "global-default", system, { set: true });
    return name;
  },
  async UNSETGLOBALDEFAULT(tx, actor, name) {
    mustBeSuperuser(actor);
    const system = await held(tx, actor, name, "system.see");
    if (!system.isGlobalDefault) return name;
    await systems(tx).set(system.id, { is_global_default: false });
    await note(tx, actor, "global-default", system, { set: false });
    return name;
  },
};

function available(isAvailable: boolean): Act {
  return async (tx, actor, name) => {
    const system = await held(tx, actor, name, "system.change");
    if (system.isAvailable === isAvailable) return name;
    await systems(tx).set(system.id, { is_available: isAvailable });
    await note(tx, actor, isAvailable ? "enabled" : "disabled", system);
    return name;
  };
}

/** The roles that were given stay, and count again when it is no longer public. */
function published(isPublic: boolean): Act {
  return async (tx, actor, name) => {
    mustBeSuperuser(actor);
    const system = await held(tx, actor, name, "system.see");
    if (system.isPublic === isPublic) return name;
    await systems(tx).set(system.id, { is_public: isPublic, ...(isPublic ? {} : { is_global_default: false }) });
    await note(tx, actor, isPublic ? "published" : "unpublished", system);
    return name;
  };
}

/** The description under another name, as the actor's own: without roles, and without any credential. */
async function clone(tx: Tx, world: World, actor: Actor, name: string, newName: string | undefined): Promise<string> {
  const system = await held(tx, actor, name, "system.use");
  if (newName === undefined) throw new HavreError("invalid", "id is missing: how the copy is called.");
  mustBeName(newName);
  await mustBeFree(tx, actor, newName);
  const taken = await systems(tx).named(actor, newName);
  if (taken) throw new HavreError("invalid", `The id ${newName} is taken.`);
  // A folder of the server opens without a credential: it is its administrators' to give away.
  if (system.storage.engine === "FOLDER" && !isStaff(actor))
    throw forbidden("Only an administrator can copy a system on the server's own disk.");
  await mustBeKnown(tx, actor, system);
  const { name: label, engine, address } = system.storage;
  const storage = await insertStorage(tx, world, actor, { name: label, engine, address, username: "", password: "" });
  await systems(tx).describe(storage.id, newName, system);
  await note(tx, actor, "created", await reread(tx, actor, newName), { copy_of: name });
  return newName;
}

/** Its storage goes with it; the name stays with its owner. @throws HavreError "not-found", "forbidden", "conflict" while a study delivers to it */
export async function removeSystem(world: World, actor: Actor, name: string): Promise<void> {
  await world.store.transaction(async tx => {
    const system = await held(tx, actor, name, "system.remove");
    await note(tx, actor, "removed", system);
    await removeStorage({ store: within(world.store, tx) }, actor, system.storage.id);
  });
}

/**
 * Gives somebody exactly this role on a system; undefined takes what they have.
 * @throws HavreError "not-found", "forbidden", "invalid" for its owner; status 501 for a public system
 */
export async function giveSystemRole(
  world: Needs<"store">,
  actor: Actor,
  { name, username, role }: { readonly name: string; readonly username: string; readonly role: RoleOn<"system"> | undefined },
): Promise<void> {
  await world.store.transaction(async tx => {
    const system = await held(tx, actor, name, "system.change");
    mustBePrivate(system);
    const person = await personNamed(tx, username);
    if (person.id === system.storage.ownerId) throw new HavreError("invalid", "The owner's role can be neither given nor taken.");
    await systems(tx).putRole(system.id, person.id, role, personOf(actor)?.id);
    if (role === undefined) await systems(tx).unsetDefault(person.id, system.id);
    await note(tx, actor, role === undefined ? "role-removed" : "role-given", system, {
      username: person.username,
      role: role ?? null,
    });
  });
}

/** Every role but the owner's goes. @throws as {@link giveSystemRole} */
export async function clearSystemRoles(world: Needs<"store">, actor: Actor, name: string): Promise<void> {
  await world.store.transaction(async tx => {
    const system = await held(tx, actor, name, "system.change");
    mustBePrivate(system);
    await systems(tx).clearRoles(system.id);
    await note(tx, actor, "roles-removed", system);
  });
}

function mustBePrivate({ isPublic }: SystemRecord): void {
  if (isPublic)
    throw new HavreError("forbidden", "Everybody is a user of a public system: its roles cannot be changed.", {
      detail: { status: 501 },
    });
}

function mustBePerson(actor: Actor): PersonActor {
  const person = personOf(actor);
  if (!person) throw forbidden("Only a person has a default system.");
  return person;
}

const note = (
  tx: Tx,
  actor: Actor,
  what: string,
  { id, name }: Pick<SystemRecord, "id" | "name">,
  more: Record<string, unknown> = {},
): Promise<void> => record(tx, actor, { verb: `system.${what}`, kind: "system", id, data: { name, ...more } });
