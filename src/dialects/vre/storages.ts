import {
  addLocation,
  changeLocation,
  changeStorage,
  createStorage,
  forgetHostKey,
  type LocationInput,
  type LocationView,
  listLocations,
  listStorages,
  removeLocation,
  removeStorage,
  type StorageInput,
  type StorageRecord,
  type StorageTest,
  showLocation,
  showStorage,
  testStorage,
} from "../../core/storages/index.ts";
import { noContent, type Route, route, type Schema, type Wire } from "../../http/route.ts";
import type { ErrorKind } from "../../kernel/errors.ts";
import { optional, pk, readBody, schemaOf, text } from "./fields.ts";
import { BOOLEAN, INTEGER, list, object, orNull, STAMP, STRING } from "./schemas.ts";
import { idParam, PAGE_QUERY, pageAsked, pageOut, pageSchema, stamp, windowOf } from "./wire.ts";

/** Storages, and where in them a study's drops go (contract §4.7). */

// What may be blank depends on the engine: a folder of the server has no user. The core says so.
const STORAGE_CHANGE = {
  name: text({ max: 200 }),
  engine: text(),
  location: text({ max: 1024 }),
  username: text({ max: 1024, blank: true }),
  password: optional(text({ max: 1024, blank: true, keepBlanks: true })),
  private_key: optional(text({ max: 16_384, blank: true })),
};
const STORAGE_WRITE = { ...STORAGE_CHANGE, password: text({ max: 1024, blank: true, keepBlanks: true }) };
const LOCATION_WRITE = {
  storage: pk(),
  direction: optional(text(), "DESTINATION"),
  path: optional(text({ max: 1024, blank: true }), ""),
  uploadpath: optional(text({ max: 1024, blank: true }), ""),
  encryption_password: optional(text({ max: 1024, blank: true, keepBlanks: true })),
};

function storageIn(shape: typeof STORAGE_CHANGE | typeof STORAGE_WRITE, wire: Wire): StorageInput {
  const { location: address, private_key: privateKey, ...rest } = readBody(shape, wire.body);
  return { ...rest, address, privateKey };
}
function locationIn(wire: Wire): LocationInput {
  const { uploadpath: uploadPath, encryption_password: passphrase, ...rest } = readBody(LOCATION_WRITE, wire.body);
  return { ...rest, uploadPath, passphrase };
}
const placeOf = (wire: Wire) => ({ study: idParam(wire), location: idParam(wire, "location") });

const STAMPS = { created_at: STAMP, updated_at: STAMP };
const storageSchema: Schema = object({
  id: INTEGER,
  name: STRING,
  engine: STRING,
  location: STRING,
  username: STRING,
  has_private_key: BOOLEAN,
  host_key: orNull(STRING),
  last_trial: orNull(object({ at: STAMP, ok: BOOLEAN, message: STRING })),
  ...STAMPS,
});
const locationSchema: Schema = object({
  id: INTEGER,
  storage: storageSchema,
  direction: STRING,
  path: STRING,
  uploadpath: STRING,
  encrypted: BOOLEAN,
  ...STAMPS,
});
const testSchema: Schema = object({ ok: BOOLEAN, code: STRING, message: STRING });

const storageShape = (storage: StorageRecord, { settings }: Wire) => ({
  id: storage.id,
  name: storage.name,
  engine: storage.engine,
  location: storage.address,
  username: storage.username,
  has_private_key: storage.privateKeySealed !== undefined,
  host_key: storage.hostKey ?? null,
  last_trial:
    storage.trial.at === undefined
      ? null
      : { at: stamp(storage.trial.at, settings.timeZone), ok: storage.trial.failures === 0, message: storage.trial.message },
  created_at: stamp(storage.createdAt, settings.timeZone),
  updated_at: stamp(storage.updatedAt, settings.timeZone),
});
const locationShape = ({ location, storage }: LocationView, wire: Wire) => ({
  id: location.id,
  storage: storageShape(storage, wire),
  direction: location.direction,
  path: location.path,
  uploadpath: location.uploadPath,
  encrypted: location.passphraseSealed !== undefined,
  created_at: stamp(location.createdAt, wire.settings.timeZone),
  updated_at: stamp(location.updatedAt, wire.settings.timeZone),
});

/** The contract's classes of storage errors (§7). */
const CODES = {
  unauthenticated: "AUTH",
  "not-found": "NOT_FOUND",
  forbidden: "FORBIDDEN",
  "quota-exceeded": "QUOTA",
  "too-large": "TOO_LARGE",
  conflict: "CONFLICT",
  locked: "LOCKED",
  throttled: "RATE",
  network: "NETWORK",
  timeout: "TIMEOUT",
  protocol: "PROTOCOL",
  checksum: "PROTOCOL",
  unavailable: "PROTOCOL",
  gone: "NOT_FOUND",
  invalid: "INVALID",
  bug: "PROTOCOL",
} as const satisfies Record<ErrorKind, string>;

const testShape = ({ failure, message }: StorageTest) => ({
  ok: failure === undefined,
  code: failure === undefined ? "OK" : CODES[failure],
  message,
});

const shared = { auth: "user", tag: "storages" } as const;

const storages: readonly Route[] = [
  route({
    ...shared,
    method: "GET",
    path: "/api/v1/storages/",
    summary: "The caller's storages, and those that studies they administer deliver to.",
    query: PAGE_QUERY,
    reply: pageSchema(storageSchema),
    in: wire => windowOf(pageAsked(wire)),
    do: listStorages,
    out: (page, wire) => pageOut(page, wire, storage => storageShape(storage, wire)),
  }),
  route({
    ...shared,
    method: "POST",
    path: "/api/v1/storages/",
    summary: "Add a storage; its password is never shown again.",
    status: 201,
    body: schemaOf(STORAGE_WRITE),
    reply: storageSchema,
    in: wire => storageIn(STORAGE_WRITE, wire),
    do: createStorage,
    out: storageShape,
  }),
  route({
    ...shared,
    method: "GET",
    path: "/api/v1/storages/:id/",
    summary: "One storage.",
    reply: storageSchema,
    in: wire => idParam(wire),
    do: showStorage,
    out: storageShape,
  }),
  route({
    ...shared,
    method: "PUT",
    path: "/api/v1/storages/:id/",
    summary: "Change a storage; an absent or empty password keeps the old one.",
    body: schemaOf(STORAGE_CHANGE),
    reply: storageSchema,
    in: wire => ({ id: idParam(wire), input: storageIn(STORAGE_CHANGE, wire) }),
    do: changeStorage,
    out: storageShape,
  }),
  route({
    ...shared,
    method: "DELETE",
    path: "/api/v1/storages/:id/",
    summary: "Remove a storage that no study delivers to.",
    status: 204,
    in: wire => idParam(wire),
    do: removeStorage,
    out: () => noContent(),
  }),
  route({
    ...shared,
    method: "DELETE",
    path: "/api/v1/storages/:id/host-key/",
    summary: "Forget the known host key of an SFTP server that was set up anew; the next one it shows is kept.",
    status: 204,
    in: wire => idParam(wire),
    do: forgetHostKey,
    out: () => noContent(),
  }),
  route({
    ...shared,
    method: "POST",
    path: "/api/v1/storages/:id/test/",
    summary: "Try the storage: sign in, write, rename, read back, compare, remove.",
    reply: testSchema,
    in: wire => idParam(wire),
    do: testStorage,
    out: testShape,
  }),
];

const locations: readonly Route[] = [
  route({
    ...shared,
    method: "GET",
    path: "/api/v1/studies/:id/storages/",
    summary: "Where the drops of a study go.",
    reply: list(locationSchema),
    in: wire => idParam(wire),
    do: listLocations,
    out: (views, wire) => views.map(view => locationShape(view, wire)),
  }),
  route({
    ...shared,
    method: "POST",
    path: "/api/v1/studies/:id/storages/",
    summary: "Deliver a study's drops to a storage.",
    status: 201,
    body: schemaOf(LOCATION_WRITE),
    reply: locationSchema,
    in: wire => ({ study: idParam(wire), input: locationIn(wire) }),
    do: addLocation,
    out: locationShape,
  }),
  route({
    ...shared,
    method: "GET",
    path: "/api/v1/studies/:id/storages/:location/",
    summary: "One storage location.",
    reply: locationSchema,
    in: placeOf,
    do: showLocation,
    out: locationShape,
  }),
  route({
    ...shared,
    method: "PUT",
    path: "/api/v1/studies/:id/storages/:location/",
    summary: "Change a storage location; an absent passphrase keeps the old one, an empty one takes it away.",
    body: schemaOf(LOCATION_WRITE),
    reply: locationSchema,
    in: wire => ({ at: placeOf(wire), input: locationIn(wire) }),
    do: changeLocation,
    out: locationShape,
  }),
  route({
    ...shared,
    method: "DELETE",
    path: "/api/v1/studies/:id/storages/:location/",
    summary: "Deliver no more to a storage location.",
    status: 204,
    in: placeOf,
    do: removeLocation,
    out: () => noContent(),
  }),
];

export const storageRoutes: readonly Route[] = [...storages, ...locations];
