import { HavreError, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { catalogue } from "../../store/catalogue.ts";
import type { Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import { type Actor, SYSTEM } from "../people/model.ts";
import type { Needs, Settings } from "../world.ts";
import {
  type CatalogueData,
  type Part,
  type PartKind,
  PROVIDERS,
  type ProfileData,
  type ProfileView,
  type ProviderId,
  type ProviderView,
} from "./model.ts";

type World = Needs<"store">;

/** Machines can be asked of it: a queue always takes them in, a cloud must be known. */
export const isConnected = (settings: Pick<Settings, "openstackUrl">, provider: ProviderId): boolean =>
  provider !== "openstack" || settings.openstackUrl !== "";

export const listProviders = async (world: Needs<"settings">): Promise<readonly ProviderView[]> =>
  PROVIDERS.map(({ id, name }) => ({ id, name, connected: isConnected(world.settings, id) }));

export interface PartsAsked {
  readonly kind: PartKind;
  /** Absent: of all of them. */
  readonly provider?: string | undefined;
  readonly window: Window;
}

/** What is offered. @throws HavreError "not-found" for a provider that is none */
export async function listParts(world: World, _actor: Actor, { kind, provider, window }: PartsAsked): Promise<Page<Part>> {
  return catalogue(world.store.db).page(kind, known(provider), window);
}

/** Also one that is not offered any more. @throws HavreError "not-found" */
export async function showPart(
  world: World,
  _actor: Actor,
  asked: { readonly kind: PartKind; readonly id: number },
): Promise<Part> {
  const part = await catalogue(world.store.db).part(asked.kind, asked.id);
  if (!part) throw notFound();
  return part;
}

/** What is offered. @throws HavreError "not-found" for a provider that is none */
export async function listProfiles(
  world: World,
  _actor: Actor,
  { provider, window }: Omit<PartsAsked, "kind">,
): Promise<Page<ProfileView>> {
  return catalogue(world.store.db).profiles(known(provider), window);
}

/** Also one that is not offered any more. @throws HavreError "not-found" */
export async function showProfile(world: World, _actor: Actor, id: number): Promise<ProfileView> {
  const store = catalogue(world.store.db);
  const profile = (await store.profilesById([id], await store.parts())).get(id);
  if (!profile) throw notFound();
  return profile;
}

/** By its name; undefined for what the catalogue does not have. */
export async function findProfile(tx: Tx, provider: string, name: string): Promise<ProfileView | undefined> {
  const id = await catalogue(tx).profileNamed(provider as ProviderId, name);
  return id === undefined ? undefined : (await catalogue(tx).profilesById([id], await catalogue(tx).parts())).get(id);
}

function known(provider: string | undefined): ProviderId | undefined {
  if (provider === undefined) return undefined;
  const found = PROVIDERS.find(({ id }) => id === provider);
  if (!found) throw notFound();
  return found.id;
}

/**
 * Adds parts and profiles, found by provider, kind and name. Nothing is ever removed: what is offered no more is written as not
 * available. May run at every start, in several processes.
 * @param isOver what is there already is written over: the operator's own file; the initial set only adds
 * @returns how many were new
 * @throws HavreError "invalid" for a profile of parts that are not there; then nothing was written
 */
export async function loadCatalogue(world: World, data: CatalogueData, isOver: boolean): Promise<number> {
  return world.store.transaction(async tx => {
    const rows = catalogue(tx);
    await rows.lock();
    let added = 0;
    for (const part of data.parts) added += (await rows.putPart(part, isOver)).isNew ? 1 : 0;
    const find = finder(await rows.parts());
    for (const profile of data.profiles) added += (await rows.putProfile(resolved(profile, find), isOver)) ? 1 : 0;
    if (added > 0 || isOver) await noteLoaded(tx, added);
    return added;
  });
}

const noteLoaded = (tx: Tx, added: number): Promise<void> =>
  record(tx, SYSTEM, { verb: "catalogue.loaded", kind: "catalogue", id: "machines", data: { added } });

type Find = (provider: ProviderId, kind: PartKind, name: string) => number;

function finder(parts: ReadonlyMap<number, Part>): Find {
  const keyOf = (provider: string, kind: string, name: string): string => JSON.stringify([provider, kind, name]);
  const ids = new Map([...parts.values()].map(part => [keyOf(part.provider, part.kind, part.name), part.id]));
  return (provider, kind, name) => {
    const id = ids.get(keyOf(provider, kind, name));
    if (id === undefined) throw new HavreError("invalid", `${provider} has no part of kind ${kind} with the name "${name}".`);
    return id;
  };
}

function resolved({ provider, name, isAvailable, cloudId, os, memory, storage, gpu, networks }: ProfileData, find: Find) {
  return {
    provider,
    name,
    is_available: isAvailable ?? true,
    cloud_id: cloudId ?? "",
    os_id: find(provider, "os", os),
    memory_id: find(provider, "memory", memory[0]),
    memory_amount: memory[1],
    storage_id: find(provider, "storage", storage[0]),
    storage_amount: storage[1],
    gpu_id: gpu ? find(provider, "gpu", gpu[0]) : null,
    gpu_amount: gpu?.[1] ?? 0,
    network_ids: networks.map(network => find(provider, "network", network)),
  };
}
