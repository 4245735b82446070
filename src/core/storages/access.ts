import { storages } from "../../store/storages.ts";
import { record } from "../events/index.ts";
import type { Needs, World } from "../world.ts";
import type { StorageId, StorageRecord } from "./model.ts";

/** What a storage's sealed secrets are bound to. */
export const PASSWORD_SEAL = "storage.password";
export const PRIVATE_KEY_SEAL = "storage.private-key";

export type Reached = Pick<
  StorageRecord,
  "id" | "engine" | "address" | "username" | "passwordSealed" | "privateKeySealed" | "hostKey"
>;
type Access = Parameters<World["openStorage"]>[0];

/** How a storage is entered, its secrets open. A server's host key is kept when it is first seen. */
export function accessTo(world: Needs<"store" | "secrets">, storage: Reached): Access {
  const { engine, address: location, username, passwordSealed, privateKeySealed, hostKey } = storage;
  return {
    engine,
    location,
    username,
    password: world.secrets.openText(passwordSealed, PASSWORD_SEAL),
    ...(privateKeySealed === undefined ? {} : { privateKey: world.secrets.openText(privateKeySealed, PRIVATE_KEY_SEAL) }),
    ...(hostKey === undefined ? { onHostKey: shown => keepHostKey(world, storage.id, shown) } : { hostKey }),
  };
}

/** @returns the key that is known from now on: another one when somebody was sooner */
const keepHostKey = (world: Needs<"store">, id: StorageId, shown: string): Promise<string> =>
  world.store.transaction(async tx => {
    const known = await storages(tx).keepHostKey(id, shown);
    if (known.isNew)
      await record(tx, "system", { verb: "storage.host-key-seen", kind: "storage", id, data: { host_key: shown } });
    return known.hostKey;
  });
