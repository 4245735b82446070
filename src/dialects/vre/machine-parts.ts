import { describeProfile, listParts, listProfiles, listProviders, showPart, showProfile } from "../../core/machines/index.ts";
import { type Part, type PartKind, PROVIDERS, type ProfileView, type ProviderId } from "../../core/machines/model.ts";
import { nothing, type Route, route, type Schema, type Wire } from "../../http/route.ts";
import { BOOLEAN, INTEGER, list, object, orNull, STAMP, STRING, words } from "./schemas.ts";
import { idParam, PAGE_QUERY, pageAsked, pageOut, pageSchema, stamp, windowOf } from "./wire.ts";

/** What machines are made of, read only (contract §4.5): two families of paths over the same parts. */

/** The words of the paths. */
const KINDS = {
  gpu: "gpu",
  memory: "memory",
  network: "network",
  os: "os",
  storage: "storage",
} as const satisfies Record<string, PartKind>;

const NUMBER: Schema = { type: "number" };
const STAMPS = { created_at: STAMP, updated_at: STAMP };
export const providerSchema: Schema = object({ id: STRING, name: STRING });
const PART = { id: INTEGER, name: STRING, provider: providerSchema, ...STAMPS };

/** Memory and storage have units, networks a type besides. */
export const partSchema = (kind: PartKind): Schema =>
  object({
    ...PART,
    ...(kind === "gpu" || kind === "os" ? {} : { unit_value: NUMBER }),
    ...(kind === "network" ? { network_type: words(["private", "public"]) } : {}),
  });
export const profileSchema: Schema = object({
  id: INTEGER,
  name: STRING,
  description: STRING,
  cloud_id: STRING,
  provider: providerSchema,
  os: partSchema("os"),
  memory_type: partSchema("memory"),
  memory_amount: INTEGER,
  storage_type: partSchema("storage"),
  storage_amount: INTEGER,
  gpu_type: orNull(partSchema("gpu")),
  gpu_amount: INTEGER,
  networks: list(partSchema("network")),
  ...STAMPS,
});

export const providerShape = (provider: ProviderId) => ({
  id: provider,
  name: PROVIDERS.find(({ id }) => id === provider)?.name ?? provider,
});

export const partShape = (part: Part, { settings }: Wire) => ({
  id: part.id,
  name: part.name,
  provider: providerShape(part.provider),
  ...(part.kind === "gpu" || part.kind === "os" ? {} : { unit_value: part.unitValue }),
  ...(part.networkType ? { network_type: part.networkType } : {}),
  created_at: stamp(part.createdAt, settings.timeZone),
  updated_at: stamp(part.updatedAt, settings.timeZone),
});

export const profileShape = (profile: ProfileView, wire: Wire) => ({
  id: profile.id,
  name: profile.name,
  description: describeProfile(profile),
  cloud_id: profile.cloudId,
  provider: providerShape(profile.provider),
  os: partShape(profile.os, wire),
  memory_type: partShape(profile.memory.part, wire),
  memory_amount: profile.memory.amount,
  storage_type: partShape(profile.storage.part, wire),
  storage_amount: profile.storage.amount,
  gpu_type: profile.gpu ? partShape(profile.gpu.part, wire) : null,
  gpu_amount: profile.gpu?.amount ?? 0,
  networks: profile.networks.map(network => partShape(network, wire)),
  created_at: stamp(profile.createdAt, wire.settings.timeZone),
  updated_at: stamp(profile.updatedAt, wire.settings.timeZone),
});

const shared = { auth: "user", tag: "virtual machine parts" } as const;
const ALL = "/api/v1/virtualmachines";
const OF_PROVIDER = "/api/v1/virtual_machines/:provider";

const partsAsked = (wire: Wire, kind: PartKind) => ({ kind, provider: wire.params.provider, window: windowOf(pageAsked(wire)) });

const listOf = (path: string, kind: PartKind, summary: string): Route =>
  route({
    ...shared,
    method: "GET",
    path,
    summary,
    query: PAGE_QUERY,
    reply: pageSchema(partSchema(kind)),
    in: wire => partsAsked(wire, kind),
    do: listParts,
    out: (page, wire) => pageOut(page, wire, part => partShape(part, wire)),
  });

const profilesOf = (path: string, summary: string): Route =>
  route({
    ...shared,
    method: "GET",
    path,
    summary,
    query: PAGE_QUERY,
    reply: pageSchema(profileSchema),
    in: wire => ({ provider: wire.params.provider, window: windowOf(pageAsked(wire)) }),
    do: listProfiles,
    out: (page, wire) => pageOut(page, wire, profile => profileShape(profile, wire)),
  });

const partRoutes = Object.entries(KINDS).flatMap(([word, kind]) => [
  listOf(`${OF_PROVIDER}/${word}/`, kind, `What a provider offers: ${word}.`),
  listOf(`${ALL}/${word}/`, kind, `What all providers offer: ${word}.`),
  route({
    ...shared,
    method: "GET",
    path: `${ALL}/${word}/:id/`,
    summary: `One part: ${word}; also one that is not offered any more.`,
    reply: partSchema(kind),
    in: wire => ({ kind, id: idParam(wire) }),
    do: showPart,
    out: partShape,
  }),
]);

export const machinePartRoutes: readonly Route[] = [
  ...partRoutes,
  profilesOf(`${OF_PROVIDER}/profiles/`, "Ready-made choices of a provider's parts."),
  profilesOf(`${ALL}/profiles/`, "Ready-made choices of parts."),
  route({
    ...shared,
    method: "GET",
    path: `${ALL}/profiles/:id/`,
    summary: "One ready-made choice; also one that is not offered any more.",
    reply: profileSchema,
    in: wire => idParam(wire),
    do: showProfile,
    out: profileShape,
  }),
  route({
    ...shared,
    method: "GET",
    path: `${ALL}/providers/`,
    summary: "Who builds machines, and whether they can be asked here.",
    reply: list(object({ id: STRING, name: STRING, connected: BOOLEAN })),
    in: nothing,
    do: listProviders,
    out: providers => providers.map(({ id, name, connected }) => ({ id, name, connected })),
  }),
];
