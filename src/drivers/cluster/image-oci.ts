import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { HavreError } from "../../kernel/errors.ts";

/** What an image says of how it is run. */
export interface ImageConfig {
  readonly environment: Readonly<Record<string, string>>;
  /** Entrypoint and command together; empty when it names none. */
  readonly program: readonly string[];
  /** Where its program starts when nobody says otherwise. */
  readonly workingDirectory: string;
}

export interface OciImage {
  readonly digest: string;
  readonly config: ImageConfig;
  /** From the lowest; each as the bytes of a tar. */
  readonly layers: readonly { open(): AsyncIterable<Buffer> }[];
}

export const NO_CONFIG: ImageConfig = { environment: {}, program: [], workingDirectory: "/" };
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };
const MOST_JSON_BYTES = 4 * 1024 * 1024;

interface Descriptor {
  readonly mediaType?: string;
  readonly digest: string;
  readonly platform?: { readonly os?: string; readonly architecture?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Reads an OCI image layout (a folder with `oci-layout`, `index.json` and `blobs`); every blob is compared with its digest as it is read.
 * @param tag which image of several, by its org.opencontainers.image.ref.name
 * @throws HavreError "invalid" when it is none or has none for this machine, "checksum" for a blob that is not what its name says
 */
export async function readOciLayout(folder: string, architecture: string, tag?: string): Promise<OciImage> {
  const index = await jsonFile(join(folder, "index.json"));
  const digest = await choose(folder, (index.manifests ?? []) as Descriptor[], ARCHITECTURES[architecture] ?? architecture, tag);
  const manifest = await jsonBlob(folder, digest);
  const config = await jsonBlob(folder, (manifest.config as Descriptor | undefined)?.digest ?? "");
  const layers = ((manifest.layers ?? []) as Descriptor[]).map(layer => ({ open: () => layerOf(folder, layer) }));
  return { digest, config: configIn(config), layers };
}

async function choose(folder: string, all: readonly Descriptor[], architecture: string, tag?: string): Promise<string> {
  const tagged =
    tag === undefined ? all : all.filter(({ annotations }) => annotations?.["org.opencontainers.image.ref.name"] === tag);
  const runs = ({ platform }: Descriptor): boolean =>
    platform === undefined || (platform.os === "linux" && platform.architecture === architecture);
  const fit = tagged.filter(runs);
  const [one, another] = fit;
  if (one === undefined)
    throw new HavreError("invalid", `The layout has no image ${tag === undefined ? "" : `"${tag}" `}for linux/${architecture}.`);
  if (another !== undefined && another.digest !== one.digest) {
    const tags = fit.map(({ annotations }) => annotations?.["org.opencontainers.image.ref.name"] ?? "?");
    throw new HavreError("invalid", `The layout has several images; say which one: ${tags.join(", ")}.`);
  }
  if (!/(index|manifest\.list)/.test(one.mediaType ?? "")) return one.digest;
  const below = await jsonBlob(folder, one.digest);
  return choose(folder, (below.manifests ?? []) as Descriptor[], architecture);
}

function configIn(json: Record<string, unknown>): ImageConfig {
  const config = (json.config ?? {}) as { Env?: string[]; Entrypoint?: string[]; Cmd?: string[]; WorkingDir?: string };
  const environment = (config.Env ?? []).map(pair => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]);
  return {
    environment: Object.fromEntries(environment) as Record<string, string>,
    program: [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])],
    workingDirectory: config.WorkingDir || "/",
  };
}

async function* layerOf(folder: string, { digest, mediaType = "" }: Descriptor): AsyncGenerator<Buffer> {
  if (/\+(?!gzip|zstd)/.test(mediaType) || /encrypted|foreign/.test(mediaType))
    throw new HavreError("invalid", `A layer of the image is of a kind that is not taken: ${mediaType}.`);
  yield* unpacked(checkedBlob(folder, digest));
}

/** Undoes gzip or zstd, told by the first bytes; other bytes pass as they are. */
export async function* unpacked(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done) return;
  const all = (async function* () {
    yield first.value;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  })();
  const magic = first.value.subarray(0, 4).toString("hex");
  if (magic.startsWith("fd377a58"))
    throw new HavreError("invalid", "The tar is packed with xz, which is not taken: unpack it first (xz -d).");
  const unpacking = magic.startsWith("1f8b") ? createGunzip() : magic === "28b52ffd" ? createZstdDecompress() : undefined;
  if (unpacking === undefined) return yield* all;
  const source = Readable.from(all);
  source.on("error", error => unpacking.destroy(error));
  try {
    for await (const chunk of source.pipe(unpacking)) yield chunk as Buffer;
  } catch (cause) {
    if (cause instanceof HavreError) throw cause;
    throw new HavreError("invalid", "The packed bytes are damaged.", { cause });
  }
}

async function* checkedBlob(folder: string, digest: string): AsyncGenerator<Buffer> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(blobFile(folder, digest), { highWaterMark: 1024 * 1024 })) {
    hash.update(chunk as Buffer);
    yield chunk as Buffer;
  }
  if (`sha256:${hash.digest("hex")}` !== digest) throw wrong(digest);
}

const wrong = (digest: string): HavreError => new HavreError("checksum", `The blob ${digest} of the layout is damaged.`);

function blobFile(folder: string, digest: string): string {
  const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? [];
  if (hex === undefined)
    throw new HavreError("invalid", `The layout names a blob that cannot be one: ${JSON.stringify(digest)}.`);
  return join(folder, "blobs", "sha256", hex);
}

async function jsonBlob(folder: string, digest: string): Promise<Record<string, unknown>> {
  const file = blobFile(folder, digest);
  const json = await jsonFile(file);
  const hash = createHash("sha256").update(await readFile(file));
  if (`sha256:${hash.digest("hex")}` !== digest) throw wrong(digest);
  return json;
}

async function jsonFile(file: string): Promise<Record<string, unknown>> {
  try {
    if ((await stat(file)).size > MOST_JSON_BYTES) throw new Error("too large");
    return JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  } catch (cause) {
    throw new HavreError("invalid", `This is no OCI image layout: ${file} cannot be read.`, { cause });
  }
}
