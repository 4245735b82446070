import { HavreError, notFound } from "../../kernel/errors.ts";
import { storages } from "../../store/storages.ts";
import type { Tx } from "../../store/store.ts";
import { systemCredentials } from "../../store/systems.ts";
import { record } from "../events/index.ts";
import type { Actor } from "../people/model.ts";
import { mustAllow } from "../permissions/index.ts";
import { amendStorage, PASSWORD_SEAL } from "../storages/index.ts";
import type { Needs } from "../world.ts";
import { held, seen } from "./find.ts";
import type { Credential, CredentialChoice, Parent, StoredCredential, SystemRecord } from "./model.ts";
import { credentialTypeOf, mustOpen } from "./rules.ts";

/**
 * What opens a system. Its own credential for files is the storage's; those for work, and those of names that a program gives its own
 * users, are rows of their own. Nobody is ever shown one.
 */

type World = Needs<"store" | "secrets">;

/** What a sealed credential is bound to. */
const SEAL = "system.credential";

/** @throws HavreError "not-found" also where there is none, "forbidden" for all but the owner */
export async function listCredentials(
  world: Needs<"store">,
  actor: Actor,
  { name, internal, parent }: CredentialChoice,
): Promise<readonly StoredCredential[]> {
  const system = await seen(world.store.db, actor, name);
  mustAllow("system", system.standing, "system.keys");
  const own = parent === "execution" || (internal ?? "") !== "" ? undefined : ownOf(system);
  const kept = await systemCredentials(world.store.db).of(system.id, { internal, parent });
  const all = [...(own ? [own] : []), ...kept.map(({ sealed: _sealed, ...shown }) => ({ ...shown, isValid: true }))];
  if (all.length === 0) throw notFound("There is no such credential.");
  return all;
}

/** The storage's own, once somebody gave one. */
function ownOf({ storage }: SystemRecord): StoredCredential | undefined {
  if (storage.engine !== "FOLDER" && storage.username === "") return undefined;
  return {
    parent: "storage",
    internal: "",
    type: credentialTypeOf(storage.engine, storage.privateKeySealed !== undefined),
    username: storage.username,
    isValid: storage.trial.kind !== "unauthenticated",
    createdAt: storage.updatedAt,
  };
}

/** For files and, where work runs, for that too, unless one of them is named. @throws HavreError "not-found", "forbidden", "invalid" */
export async function putCredential(
  world: World,
  actor: Actor,
  { name, internal = "", parent, credential }: CredentialChoice & { readonly credential: Credential },
): Promise<void> {
  await world.store.transaction(async tx => {
    const system = await held(tx, actor, name, "system.keys");
    for (const one of parentsOf(system, parent)) {
      if (one === "storage" && internal === "") await keepOwn(tx, world, actor, system, credential);
      else await keep(tx, world, system, internal, one, credential);
    }
    await note(tx, actor, "credential-given", system, { internal, type: credential.type });
  });
}

function parentsOf({ kind, name }: SystemRecord, parent: Parent | undefined): readonly Parent[] {
  if (parent === "execution" && kind !== "execution")
    throw new HavreError("invalid", `No work runs on ${name}: it is a storage system.`);
  if (parent !== undefined) return [parent];
  return kind === "execution" ? ["storage", "execution"] : ["storage"];
}

async function keepOwn(tx: Tx, world: World, actor: Actor, { storage }: SystemRecord, credential: Credential): Promise<void> {
  mustOpen(credential, "storage", storage);
  if (credential.type === "LOCAL") return;
  const { username, password, privateKey } = credential;
  const key = credential.type === "SSHKEYS" ? { privateKey } : storage.engine === "SFTP" ? { privateKey: "" } : {};
  await amendStorage(tx, world, actor, storage, { username, password, ...key });
}

export async function keep(
  tx: Tx,
  world: Needs<"secrets">,
  system: SystemRecord,
  internal: string,
  parent: Parent,
  credential: Credential,
): Promise<void> {
  const login = system.execution?.login.protocol;
  mustOpen(credential, parent, { engine: system.storage.engine, ...(login ? { login } : {}) });
  const { type, username, ...secrets } = credential;
  const sealed = world.secrets.seal(JSON.stringify(secrets), SEAL);
  await systemCredentials(tx).put(system.id, { internal, parent, type, username, sealed });
}

/** Removing what is not there succeeds. @throws HavreError "not-found", "forbidden" */
export async function removeCredentials(world: World, actor: Actor, { name, internal, parent }: CredentialChoice): Promise<void> {
  await world.store.transaction(async tx => {
    const system = await held(tx, actor, name, "system.keys");
    await systemCredentials(tx).remove(system.id, { internal, parent });
    if (parent !== "execution" && (internal ?? "") === "") await dropOwn(tx, world, system);
    await note(tx, actor, "credentials-removed", system, { internal: internal ?? null, parent: parent ?? null });
  });
}

/** The storage cannot be entered any more until somebody gives it another. */
async function dropOwn(tx: Tx, world: Needs<"secrets">, { storage }: SystemRecord): Promise<void> {
  const { name, engine, address } = storage;
  const nothing = { password: world.secrets.seal("", PASSWORD_SEAL), privateKey: null };
  await storages(tx).update(storage.id, { name, engine, address, username: "" }, nothing);
}

const note = (tx: Tx, actor: Actor, what: string, { id, name }: SystemRecord, more: Record<string, unknown>): Promise<void> =>
  record(tx, actor, { verb: `system.${what}`, kind: "system", id, data: { name, ...more } });
