import { Readable } from "node:stream";
import { asHavreError, HavreError, notFound } from "../../kernel/errors.ts";
import { newSecretId } from "../../kernel/ids.ts";
import { people } from "../../store/people.ts";
import type { Tx } from "../../store/store.ts";
import { systems } from "../../store/systems.ts";
import {
  ALL,
  acceptCallbacks,
  acceptName,
  copyBetween,
  copyFile,
  type FileCallback,
  type FileEntry,
  type FilePlace,
  type FileWorld,
  folderOf,
  importFile,
  joined,
  keepAside,
  makeFolder,
  moveFile,
  nameOf,
  placeIn,
  placeOfStorage,
  READ,
  readFile,
  renameFile,
  resolvePath,
  showFile,
  type Transfer,
  tellOfFile,
  writeFile,
} from "../files/index.ts";
import { type Actor, personOf } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { absent, defaultSystem } from "./find.ts";
import type { SystemRecord } from "./model.ts";
import { homeOf, homesOf, mustBeUp } from "./rules.ts";

/** Files by the names of systems: what a role is worth in them, and where paths begin. */

/** A path of a system. */
export interface SystemPath {
  /** undefined: one's default storage system. */
  readonly system: string | undefined;
  /** From the home; from the top when it begins with "/". */
  readonly path: string;
}

interface Found {
  readonly system: SystemRecord;
  readonly place: FilePlace;
  /** In the place, of what begins at the home. */
  resolve(path: string): string;
}

/** Something of a system, with what it is on. */
export interface OnSystem<T> {
  readonly system: SystemRecord;
  /** In the system, from its top. */
  readonly path: string;
  readonly found: T;
}

/** @throws HavreError "not-found", "conflict" for a system that cannot be used now, "invalid" without a default one */
async function placeOn(world: Needs<"store">, actor: Actor, name: string | undefined): Promise<Found> {
  const system =
    name === undefined ? await defaultSystem(world, actor, "storage") : await systems(world.store.db).named(actor, name);
  if (!system) throw absent(name ?? "");
  const place = await placeFor(world, actor, system).catch(error => {
    throw asHavreError(error).kind === "not-found" ? absent(system.name) : error;
  });
  mustBeUp(system);
  const home = homeOf(system, personOf(actor)?.username ?? "");
  return { system, place, resolve: path => resolvePath(home, path) };
}

/**
 * Its administrators may all. On a private system its users may too: the account that the storage is entered with decides. On a public
 * one everybody reads, and has a folder of their own; on one where work runs, nothing. Others see what they see of the storage.
 */
async function placeFor(world: Needs<"store">, actor: Actor, system: SystemRecord): Promise<FilePlace> {
  const { standing, storage } = system;
  if (standing === undefined && !system.isAvailable) throw notFound();
  if (standing === undefined || standing === "guest") return placeOfStorage(world, actor, storage.id);
  const isTrusted = standing === "owner" || standing === "administrator" || !system.isPublic;
  if (isTrusted) return placeIn(world, actor, storage, { standings: [{ path: "", rights: ALL, mayShare: true }] });
  if (system.kind === "execution") return placeIn(world, actor, storage, { standings: [] });
  const own = personOf(actor)?.username ?? "";
  const folder = homesOf(system);
  const everywhere = { path: "", rights: READ, mayShare: false };
  // A name with dots alone would be no folder.
  if (folder === "" || /^\.+$/.test(own)) return placeIn(world, actor, storage, { standings: [everywhere] });
  return placeIn(world, actor, storage, {
    standings: [everywhere, { path: joined(folder, own), rights: ALL, mayShare: true }],
    homes: { folder, own },
  });
}

/** Makes a verb of files one that names a system. */
export const inSystem =
  <W extends FileWorld, Input extends { readonly path: string }, Out>(
    verb: (world: W, place: FilePlace, input: Input) => Promise<Out>,
  ) =>
  async (world: W, actor: Actor, input: Omit<Input, "path"> & SystemPath): Promise<OnSystem<Out>> => {
    const { system: name, path: given, ...rest } = input;
    const { system, place, resolve } = await placeOn(world, actor, name);
    const path = resolve(given);
    return { system, path, found: await verb(world, place, { ...rest, path } as unknown as Input) };
  };

export interface FileAct extends SystemPath {
  readonly action: "mkdir" | "rename" | "copy" | "move";
  /** A folder below the path; a new name; or where it is to go. */
  readonly target: string;
  /** The bytes of a file behind those of another. */
  readonly append: boolean;
}

export interface Acted {
  readonly entry: FileEntry;
  readonly isNew: boolean;
  /** It goes on in the background. */
  readonly transfer?: Transfer | undefined;
}

type Writing = FileWorld & Needs<"blobs" | "settings">;

/** @throws HavreError "not-found", "forbidden", "conflict", "invalid" */
export async function actOnFile(world: Writing, actor: Actor, act: FileAct): Promise<OnSystem<Acted>> {
  const { system, place, resolve } = await placeOn(world, actor, act.system);
  const path = resolve(act.path);
  const acted = await ACTS[act.action](world, place, path, act, resolve);
  return { system, path: acted.entry.path, found: acted };
}

type Act = (world: Writing, place: FilePlace, path: string, act: FileAct, resolve: (path: string) => string) => Promise<Acted>;

const ACTS: Readonly<Record<FileAct["action"], Act>> = {
  mkdir: (world, place, path, { target }) => makeFolder(world, place, { path: resolvePath(path, target) }),
  rename: (world, place, path, { target }) => renameFile(world, place, { path, name: target }),
  move: (world, place, path, { target }, resolve) =>
    moveFile(world, place, { from: path, to: resolve(target), ifExists: "same-kind" }),
  async copy(world, place, path, { target, append }, resolve) {
    const to = resolve(target);
    if (append) return appended(world, place, path, to);
    const copied = await copyFile(world, place, { from: path, to, ifExists: "merge" });
    return "isNew" in copied ? copied : { ...copied, isNew: true };
  },
};

/** The second file with the first behind it, in place of the second. */
async function appended(world: Writing, place: FilePlace, from: string, to: string): Promise<Acted> {
  const before = await showFile(world, place, { path: to });
  if (before.kind === "folder") throw new HavreError("invalid", "Only to a file can be appended.");
  const first = await readFile(world, place, { path: to });
  const second = await readFile(world, place, { path: from });
  const sizeBytes = first.entry.sizeBytes + second.entry.sizeBytes;
  async function* both(): AsyncGenerator<Buffer> {
    for (const { body } of [first, second]) if (body) yield* body;
  }
  const body = Readable.from(both(), { objectMode: false });
  try {
    return await writeFile(world, place, { path: to, incoming: { body, sizeBytes }, ifExists: "replace" });
  } finally {
    first.body?.destroy();
    second.body?.destroy();
  }
}

/** Who is told of what becomes of it. */
export type Told = Pick<FileCallback, "to" | "events">;

/** What comes in: bytes, or the address of what is to be fetched. `name` is what it is to be called, when that was said. */
export type Arrival = { readonly name: string | undefined; readonly told: readonly Told[] } & (
  | {
      readonly body: Readable;
      /** As the sender calls it. */
      readonly called: string;
      /** The same, when that is said only behind the bytes. To be asked when they were read. */
      readonly behind: () => Promise<{ readonly name: string | undefined; readonly told: readonly Told[] }>;
    }
  | { readonly url: string }
);

export interface Received {
  readonly entry: Pick<FileEntry, "path" | "name" | "uuid" | "modifiedAt">;
  readonly source: string;
  /** Of what is fetched. */
  readonly transfer?: Transfer | undefined;
}

/**
 * Takes a file in, in place of what has its name: into the folder of that path, or under the path itself where that is no folder. Whether
 * it may be written there is asked before a byte is read.
 * @param arrive reads what comes, and is called once; what it gives is there for as long as `use` runs
 * @param addressOf a system and a path that an address of this server's own stands for
 * @param telling how a file is described to those who are told of it
 * @throws HavreError "not-found" without the folder, "forbidden", "invalid"
 */
export async function receiveFile(
  world: Writing,
  actor: Actor,
  asked: SystemPath & {
    readonly arrive: <T>(use: (arrival: Arrival) => Promise<T>) => Promise<T>;
    readonly addressOf: (url: string) => SystemPath | undefined;
    readonly telling: (system: SystemRecord, received: Received, id: string) => Pick<FileCallback, "macros" | "headers" | "file">;
  },
): Promise<OnSystem<Received>> {
  const { system, place, resolve } = await placeOn(world, actor, asked.system);
  const path = resolve(asked.path);
  const there = await whereTo(world, place, path);
  const callbacks = async (told: readonly Told[], received: Received): Promise<FileCallback[]> => {
    const self = personOf(actor)?.id;
    const person = told.length > 0 && self ? (await people(world.store.db).accountById(self))?.person : undefined;
    return acceptCallbacks(told, person?.email ?? "").map(one => {
      const id = newSecretId();
      return { ...one, id, language: person?.language ?? "en", ...asked.telling(system, received, id) };
    });
  };
  const received = await asked.arrive(async arrival => {
    const nameFor = (name: string | undefined, called: string): string => {
      if (there?.kind === "folder") return joined(path, acceptName(name === undefined ? called : baseOf(name)));
      if (name !== undefined) throw noFolder(path);
      return path;
    };
    if ("url" in arrival) {
      const to = nameFor(arrival.name, nameIn(arrival.url));
      const received = { entry: { path: to, name: nameOf(to), uuid: undefined, modifiedAt: undefined }, source: arrival.url };
      const told = await callbacks(arrival.told, received);
      return { ...received, transfer: await fetched(world, actor, place, received, asked.addressOf(arrival.url), told) };
    }
    const kept = await keepAside(world, { body: arrival.body });
    try {
      const behind = await arrival.behind();
      const to = nameFor(arrival.name ?? behind.name, baseOf(arrival.called));
      const entry = { path: to, name: nameOf(to), uuid: undefined, modifiedAt: undefined };
      const told = await callbacks([...arrival.told, ...behind.told], { entry, source: arrival.called });
      const { sizeBytes } = kept.source;
      const incoming = { body: await kept.source.open(0), sizeBytes };
      const also = (tx: Tx): Promise<void> => tellOfFile(tx, world, told, "done");
      const written = await writeFile(world, place, { path: to, incoming, ifExists: "replace", also });
      return { entry: written.entry, source: arrival.called };
    } finally {
      await kept.close().catch(() => {});
    }
  });
  return { system, path: received.entry.path, found: received };
}

/** What lies at the path, which may be written; undefined where nothing does and its folder may. */
async function whereTo(world: FileWorld, place: FilePlace, path: string): Promise<FileEntry | undefined> {
  const there = await found(world, place, path);
  if (there) {
    if (!there.rights.write) throw new HavreError("forbidden", `You may not write to /${path}.`);
    return there;
  }
  const above = await found(world, place, folderOf(path));
  if (above?.kind !== "folder") throw noFolder(path);
  return undefined;
}

async function found(world: FileWorld, place: FilePlace, path: string): Promise<FileEntry | undefined> {
  try {
    return await showFile(world, place, { path });
  } catch (error) {
    if (asHavreError(error).kind === "not-found") return undefined;
    throw error;
  }
}

const noFolder = (path: string): HavreError => notFound(`Destination path /${path} does not exist.`);
/** The last part, whatever path a program put before it. */
const baseOf = (name: string): string => nameOf(name.replaceAll("\\", "/").replace(/\/+$/, ""));
/** What an address calls the file that it leads to. */
function nameIn(url: string): string {
  const last = baseOf(URL.parse(url)?.pathname ?? url);
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

async function fetched(
  world: Writing,
  actor: Actor,
  place: FilePlace,
  { entry: { path }, source: url }: Received,
  own: SystemPath | undefined,
  callbacks: readonly FileCallback[],
): Promise<Transfer> {
  if (!own) return importFile(world, place, { url, path, ifExists: "replace", callbacks });
  const source = await placeOn(world, actor, own.system);
  const from = { place: source.place, path: source.resolve(own.path) };
  return copyBetween(world, { from, to: { place, path }, ifExists: "replace", isMove: false, callbacks });
}
