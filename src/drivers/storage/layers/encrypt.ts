import { Readable } from "node:stream";
import { type AgeTo, ageDecrypt, agePlainBytes, ageSource, newAgeKey, parseRecipient } from "../../../kernel/age/index.ts";
import { HavreError } from "../../../kernel/errors.ts";
import { type ByteSource, readableFrom } from "../../../kernel/streams.ts";
import type { Storage, StorageEntry, StoragePath } from "../../../ports/storage.ts";
import { cutOut } from "../bytes.ts";
import { listed } from "../listing.ts";
import { namedSegmentsOf } from "../paths.ts";

/** Whom files are encrypted to, and with what they can be read again. Without identities, a storage with recipients only takes files. */
export type EncryptWith =
  | { readonly passphrase: string }
  | { readonly recipients: readonly string[]; readonly identities?: readonly string[] };

const SUFFIX = ".age";

/**
 * A storage whose files are age files in the storage below: `x.csv` lies there as `x.csv.age`. Names and sizes shown are
 * those of the plaintext; files without the ending are not shown. Each write makes a new key, so it cannot be continued.
 * Sizes are reckoned from the length of a header as this layer writes it: a file encrypted to another number of recipients
 * shows a size that is some bytes off, and reads whole all the same.
 * @throws HavreError "invalid" for a bad recipient
 */
export function encrypt(below: Storage, secret: EncryptWith): Storage {
  const to: AgeTo = "passphrase" in secret ? { passphrase: secret.passphrase } : { recipients: secret.recipients };
  if ("recipients" in to) to.recipients.forEach(parseRecipient);

  const plainEntry = (entry: StorageEntry | undefined): StorageEntry | undefined => {
    if (entry === undefined || entry.kind === "folder") return entry;
    const sizeBytes = agePlainBytes(to, entry.sizeBytes) ?? 0;
    return entry.path.endsWith(SUFFIX) ? { ...entry, path: plainPath(entry.path), sizeBytes, sha256: undefined } : undefined;
  };
  const sealedEntry = async (path: StoragePath, signal: AbortSignal): Promise<StorageEntry | undefined> => {
    const entry = path === "" ? undefined : await below.stat(sealedPath(path), signal);
    return entry?.kind === "file" ? entry : undefined;
  };
  const stat = async (path: StoragePath, signal: AbortSignal): Promise<StorageEntry | undefined> => {
    const file = await sealedEntry(path, signal);
    if (file !== undefined) return plainEntry(file);
    const folder = await below.stat(path, signal);
    return folder?.kind === "folder" ? folder : undefined;
  };
  const nothingAt = async (path: StoragePath, signal: AbortSignal): Promise<void> => {
    if ((await stat(path, signal)) !== undefined) throw new HavreError("conflict", `${below.engine}: the name is taken.`);
  };

  const mustNotBeFolder = async (path: StoragePath, signal: AbortSignal): Promise<void> => {
    if ((await below.stat(path, signal))?.kind === "folder")
      throw new HavreError("conflict", `${below.engine}: a folder has this name.`);
  };

  return {
    engine: below.engine,
    can: { ...below.can, resume: false, hash: false },
    check: signal => below.check(signal),
    stat,

    /** All at once: without their endings, names are in another order. */
    async *list(path, { skip }, signal) {
      const entries = await Array.fromAsync(below.list(path, {}, signal), plainEntry);
      yield* listed(
        entries.filter(entry => entry !== undefined),
        skip,
      );
    },

    async read(path, { from = 0, to: end }, signal) {
      namedSegmentsOf(path);
      const entry = await sealedEntry(path, signal);
      if (entry === undefined) throw new HavreError("not-found", `${below.engine}: there is no such file.`);
      const sealed: ByteSource = { sizeBytes: entry.sizeBytes, open: at => below.read(entry.path, { from: at }, signal) };
      const plain = await ageDecrypt(sealed, readingSecret(secret));
      if (from >= plain.sizeBytes || (end !== undefined && end <= from)) return Readable.from([]);
      const stream = await plain.open(from);
      return end === undefined ? stream : readableFrom(cutOut(stream, 0, end - from), () => stream.destroy());
    },

    async write(path, source, { signal, from = 0, onProgress }) {
      namedSegmentsOf(path);
      signal.throwIfAborted();
      if (from > 0) throw new HavreError("invalid", `${below.engine}: an encrypted write cannot be continued, only repeated.`);
      await mustNotBeFolder(path, signal);
      const key = await newAgeKey(to);
      const sealed = ageSource(source, key);
      // Told in bytes of the plaintext, which is what the caller counts.
      const tell = (sent: number): void =>
        onProgress?.(sent === sealed.sizeBytes ? source.sizeBytes : Math.min(sent, source.sizeBytes));
      await below.write(sealedPath(path), sealed, { signal, onProgress: tell });
    },

    async reached(_path, signal) {
      signal.throwIfAborted();
      return 0;
    },

    async move(from, target, signal) {
      namedSegmentsOf(from);
      namedSegmentsOf(target);
      const entry = await stat(from, signal);
      if (entry === undefined) throw new HavreError("not-found", `${below.engine}: there is no such file.`);
      await nothingAt(target, signal);
      if (entry.kind === "folder") await below.move(from, target, signal);
      else await below.move(sealedPath(from), sealedPath(target), signal);
    },

    async copy(from, target, signal) {
      namedSegmentsOf(from);
      namedSegmentsOf(target);
      const entry = await stat(from, signal);
      if (entry === undefined) throw new HavreError("not-found", `${below.engine}: there is no such file.`);
      if (entry.kind === "folder") throw new HavreError("invalid", `${below.engine}: a folder is copied file by file.`);
      await mustNotBeFolder(target, signal);
      await below.copy(sealedPath(from), sealedPath(target), signal);
    },

    async makeFolder(path, signal) {
      if ((await sealedEntry(path, signal)) !== undefined)
        throw new HavreError("conflict", `${below.engine}: a file has the name of this folder.`);
      await below.makeFolder(path, signal);
    },

    async remove(path, signal) {
      namedSegmentsOf(path);
      const entry = await stat(path, signal);
      if (entry !== undefined) await below.remove(entry.kind === "file" ? sealedPath(path) : path, signal);
    },

    close: () => below.close(),
  };
}

const sealedPath = (path: StoragePath): StoragePath => (path + SUFFIX) as StoragePath;
const plainPath = (path: StoragePath): StoragePath => path.slice(0, -SUFFIX.length) as StoragePath;

function readingSecret(secret: EncryptWith): { passphrase: string } | { identities: readonly string[] } {
  if ("passphrase" in secret) return secret;
  if (secret.identities === undefined)
    throw new HavreError("forbidden", "These files are locked to keys that this server does not have.");
  return { identities: secret.identities };
}
