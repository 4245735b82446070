import type { FileEntryWithStats, Stats } from "ssh2";
import { HavreError } from "../../../kernel/errors.ts";
import type { StorageEntry, StoragePath } from "../../../ports/storage.ts";
import { pathOf, segmentsOf } from "../paths.ts";
import type { SftpAddress } from "./address.ts";
import { codeOf, EOF, NO_SUCH_FILE, UNSUPPORTED } from "./refusal.ts";
import type { Ask, Channel, Session } from "./session.ts";

/** How long a folder that was seen is taken to be there and no link: whoever writes many files into one asks once. */
const FOLDER_SEEN_MS = 30_000;
/** Requests of one removal that are under way together. */
const AT_ONCE = 16;
const [KIND_OF_FILE, IS_FOLDER, IS_FILE] = [0o170000, 0o040000, 0o100000];

/** The names of a server's files, and what lies where. */
export class Tree {
  readonly #session: Session;
  readonly #address: SftpAddress;
  #root: Promise<string> | undefined;
  readonly #seen = new Map<string, number>();

  constructor(session: Session, address: SftpAddress) {
    this.#session = session;
    this.#address = address;
  }

  /** The storage's folder, without the links that may lead to it. @throws "not-found" */
  async root(signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    this.#root ??= this.#findRoot(signal);
    this.#root.catch(() => {
      this.#root = undefined;
    });
    return this.#root;
  }

  /** Where something lies or is to lie: its folder is there, and below the root. @throws "not-found" */
  async pathOf(path: StoragePath, signal: AbortSignal): Promise<string> {
    const segments = segmentsOf(path);
    const name = segments.pop();
    const root = await this.root(signal);
    if (name === undefined) return root;
    const folder = await this.#folder(root, segments, signal);
    if (folder === undefined) throw this.absent("folder");
    return joined(folder, name);
  }

  async stat(path: StoragePath, signal: AbortSignal): Promise<StorageEntry | undefined> {
    signal.throwIfAborted();
    const segments = segmentsOf(path);
    const name = segments.pop();
    const root = await this.root(signal);
    const folder = await this.#folder(root, segments, signal);
    if (folder === undefined) return undefined;
    const attrs = await this.#lstat(name === undefined ? root : joined(folder, name), signal);
    return attrs && entryOf(path, attrs);
  }

  /** Also by what is not shown, such as a link. */
  async isTaken(path: StoragePath, signal: AbortSignal): Promise<boolean> {
    return (await this.#lstat(await this.pathOf(path, signal), signal)) !== undefined;
  }

  async makeFolder(path: StoragePath, signal: AbortSignal): Promise<void> {
    const there = await this.stat(path, signal);
    if (there?.kind === "folder") return;
    if (there?.kind === "file") throw this.#fileInTheWay();
    await this.makeFolder(pathOf(segmentsOf(path).slice(0, -1)), signal);
    const at = await this.pathOf(path, signal);
    await this.#ask<void>(signal, (sftp, done) => sftp.mkdir(at, done)).catch(async error => {
      // Somebody made it meanwhile; or what stands there is hidden from us.
      const now = await this.stat(path, signal);
      if (now?.kind === "folder") return;
      throw now?.kind === "file" ? this.#fileInTheWay() : error;
    });
  }

  async remove(path: StoragePath, signal: AbortSignal): Promise<void> {
    const entry = await this.stat(path, signal);
    if (entry === undefined) return;
    const at = await this.pathOf(path, signal);
    this.forget();
    if (entry.kind === "folder") await this.#removeFolder(at, signal);
    else await this.#gone(this.#ask<void>(signal, (sftp, done) => sftp.unlink(at, done)));
  }

  forget(): void {
    this.#seen.clear();
  }

  async entriesOf(at: string, signal: AbortSignal): Promise<FileEntryWithStats[]> {
    const channel = await this.#session.channel(signal);
    const handle = await channel.ask<Buffer>(signal, (sftp, done) => sftp.opendir(at, done));
    const entries: FileEntryWithStats[] = [];
    try {
      for (;;) entries.push(...(await channel.ask<FileEntryWithStats[]>(signal, (sftp, done) => sftp.readdir(handle, done))));
    } catch (error) {
      if (codeOf(error) !== EOF) throw error;
    } finally {
      closeFile(channel, handle);
    }
    return entries;
  }

  absent(what: "file" | "folder"): HavreError {
    return new HavreError("not-found", `${this.#address.where}: there is no such ${what}.`);
  }

  async #findRoot(signal: AbortSignal): Promise<string> {
    const { start, segments } = this.#address;
    const asked = (start === "home" ? ["."] : [""]).concat(segments).join("/") || "/";
    const at = await this.#ask<string>(signal, (sftp, done) => sftp.realpath(asked, done));
    const attrs = await this.#lstat(at, signal);
    if (attrs === undefined || !isFolder(attrs)) throw this.absent("folder");
    return at;
  }

  /** A folder below the root; undefined when it is missing, or when a link is on the way there. */
  async #folder(root: string, segments: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    const at = segments.reduce(joined, root);
    if (segments.length === 0 || (this.#seen.get(at) ?? 0) > Date.now()) return at;
    const real = await absentIsUndefined(this.#ask<string>(signal, (sftp, done) => sftp.realpath(at, done)));
    if (real?.normalize("NFC") !== at.normalize("NFC")) return undefined;
    const attrs = await this.#lstat(at, signal);
    if (attrs === undefined || !isFolder(attrs)) return undefined;
    this.#seen.set(at, Date.now() + FOLDER_SEEN_MS);
    return at;
  }

  #lstat(at: string, signal: AbortSignal): Promise<Stats | undefined> {
    return absentIsUndefined(this.#ask<Stats>(signal, (sftp, done) => sftp.lstat(at, done)));
  }

  async #removeFolder(at: string, signal: AbortSignal): Promise<void> {
    const entries = await absentIsUndefined(this.entriesOf(at, signal));
    const named = (entries ?? []).filter(({ filename }) => filename !== "." && filename !== "..");
    for (let from = 0; from < named.length; from += AT_ONCE)
      await Promise.all(
        named.slice(from, from + AT_ONCE).map(({ filename, attrs }) => {
          const below = joined(at, filename);
          if (isFolder(attrs)) return this.#removeFolder(below, signal);
          return this.#gone(this.#ask<void>(signal, (sftp, done) => sftp.unlink(below, done)));
        }),
      );
    await this.#gone(this.#ask<void>(signal, (sftp, done) => sftp.rmdir(at, done)));
  }

  async #gone(removed: Promise<void>): Promise<void> {
    await absentIsUndefined(removed);
  }

  async #ask<T>(signal: AbortSignal, act: Ask<T>): Promise<T> {
    return (await this.#session.channel(signal)).ask<T>(signal, act);
  }

  #fileInTheWay(): HavreError {
    return new HavreError("conflict", `${this.#address.where}: a file has the name of this folder.`);
  }
}

const joined = (folder: string, name: string): string => (folder.endsWith("/") ? folder + name : `${folder}/${name}`);

const isFolder = ({ mode }: Stats): boolean => (mode & KIND_OF_FILE) === IS_FOLDER;

/** Undefined for links and devices. */
export function entryOf(path: StoragePath, attrs: Stats): StorageEntry | undefined {
  const kind = isFolder(attrs) ? "folder" : (attrs.mode & KIND_OF_FILE) === IS_FILE ? "file" : undefined;
  return (
    kind && {
      path,
      kind,
      sizeBytes: kind === "file" ? attrs.size : 0,
      modifiedAt: new Date(attrs.mtime * 1000),
      etag: undefined,
      sha256: undefined,
    }
  );
}

const absentIsUndefined = <T>(answer: Promise<T>): Promise<T | undefined> =>
  answer.catch(error => {
    if (codeOf(error) === NO_SUCH_FILE) return undefined;
    throw error;
  });

/** Lets go of an open file or folder; nobody waits for that. */
export function closeFile(channel: Channel, handle: Buffer): void {
  channel.ask<void>(new AbortController().signal, (sftp, done) => sftp.close(handle, done)).catch(() => {});
}

/** Closes what was written: some servers say only now that there was no room. */
export async function closeWritten(channel: Channel, handle: Buffer, signal: AbortSignal): Promise<void> {
  try {
    await channel
      .ask<void>(signal, (sftp, done) => sftp.ext_openssh_fsync(handle, done))
      .catch(error => {
        if (codeOf(error) !== UNSUPPORTED) throw error;
      });
  } catch (error) {
    closeFile(channel, handle);
    throw error;
  }
  await channel.ask<void>(signal, (sftp, done) => sftp.close(handle, done));
}
