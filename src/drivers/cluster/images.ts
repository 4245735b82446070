import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, lstat, mkdir, readdir, readFile, readlink, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HavreError } from "../../kernel/errors.ts";
import { newSecretId } from "../../kernel/ids.ts";
import { GIB } from "../../kernel/units.ts";
import { type ClusterImage, HOST_IMAGE } from "../../ports/cluster.ts";
import { type ImageConfig, NO_CONFIG, readOciLayout, unpacked } from "./image-oci.ts";
import { makeMountPoint, unpack } from "./image-unpack.ts";

/**
 * Images as root filesystems in a folder, for clusters that have no image store of their own:
 *
 *     sha256-HEX/rootfs, sha256-HEX/config.json     never changed once they are there
 *     names/NAME → sha256-HEX                       NAME escaped as in an address
 */
export interface ImageFolder {
  readonly rootfs: string;
  readonly digest: string;
  readonly config: ImageConfig;
}

const LIMITS = { bytes: 100 * GIB, entries: 5_000_000 };
/** Where a sandbox mounts something of its own. */
const [FOLDERS, FILES] = [
  ["/proc", "/dev", "/tmp", "/run", "/var/tmp", "/mnt"],
  ["/etc/hosts", "/etc/resolv.conf", "/etc/hostname"],
];

export class Images {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Takes in a root filesystem (a tar, also packed with gzip or zstd) or an OCI image layout (a folder), under a name. A name that
   * is taken goes over to it; the old one stays under its digest. @throws HavreError "invalid", "checksum"
   */
  async import(
    name: string,
    source: string,
    options: { readonly tag?: string; readonly architecture: string },
  ): Promise<ClusterImage> {
    const full = fullName(name);
    await mkdir(join(this.#folder, "names"), { recursive: true, mode: 0o711 });
    const fresh = join(this.#folder, `.${newSecretId()}`);
    await mkdir(join(fresh, "rootfs"), { recursive: true, mode: 0o755 });
    try {
      const isLayout = (await lstat(source)).isDirectory();
      const { digest, config } = isLayout
        ? await unpackLayout(source, join(fresh, "rootfs"), options)
        : await unpackTar(source, join(fresh, "rootfs"));
      await writeFile(join(fresh, "config.json"), JSON.stringify(config));
      for (const path of FOLDERS) await makeMountPoint(join(fresh, "rootfs"), path, true);
      for (const path of FILES) await makeMountPoint(join(fresh, "rootfs"), path, false);
      for (const folder of [fresh, join(fresh, "rootfs")]) await chmod(folder, 0o755);
      await rename(fresh, join(this.#folder, digest.replace(":", "-"))).catch(error => {
        if (!["ENOTEMPTY", "EEXIST"].includes(error.code)) throw error; // the same bytes are here already
      });
      await this.#point(full, digest);
      return { name: full, digest };
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ENOENT" || cause instanceof HavreError) throw cause;
      throw new HavreError("invalid", `${source} is not there.`, { cause });
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  }

  async list(): Promise<ClusterImage[]> {
    const names = await readdir(join(this.#folder, "names")).catch(() => []);
    const images = await Promise.all(
      names
        .filter(name => !name.startsWith("."))
        .map(async name => ({ name: decodeURIComponent(name), digest: await this.#digestOf(name) })),
    );
    return images.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @param name "alpine", "alpine:3.20", "alpine@sha256:…" or "sha256:…". @throws HavreError "invalid" when there is no such image */
  async find(name: string): Promise<ImageFolder> {
    const [, byDigest] = /(?:^|@)(sha256:[0-9a-f]{64})$/.exec(name) ?? [];
    const digest = byDigest ?? (await this.#digestOf(escaped(fullName(name))).catch(() => undefined));
    const folder = join(this.#folder, (digest ?? "none").replace(":", "-"));
    const config = await readFile(join(folder, "config.json"), "utf8").catch(() => undefined);
    if (digest === undefined || config === undefined)
      throw new HavreError(
        "invalid",
        `There is no image "${name}" here. An administrator can import it: havre admin image import.`,
      );
    return { rootfs: join(folder, "rootfs"), digest, config: JSON.parse(config) as ImageConfig };
  }

  /** Takes the name away, and the bytes when no other name is left. Work that runs on it keeps what it has open, and may fail. */
  async remove(name: string): Promise<void> {
    const { digest } = await this.find(name);
    for (const image of await this.list())
      if (image.name === fullName(name) || name.endsWith(digest))
        if (image.digest === digest) await unlink(join(this.#folder, "names", escaped(image.name)));
    if ((await this.list()).some(image => image.digest === digest)) return;
    const going = join(this.#folder, `.${newSecretId()}`);
    await rename(join(this.#folder, digest.replace(":", "-")), going);
    await rm(going, { recursive: true, force: true });
  }

  #digestOf = async (name: string): Promise<string> =>
    (await readlink(join(this.#folder, "names", name))).replace(/^.*sha256-/, "sha256:");

  async #point(name: string, digest: string): Promise<void> {
    const fresh = join(this.#folder, "names", `.${newSecretId()}`);
    await symlink(`../${digest.replace(":", "-")}`, fresh);
    await rename(fresh, join(this.#folder, "names", escaped(name)));
  }
}

async function unpackLayout(source: string, rootfs: string, options: { readonly tag?: string; readonly architecture: string }) {
  const { digest, config, layers } = await readOciLayout(source, options.architecture, options.tag);
  for (const layer of layers) await unpack(layer.open(), rootfs, LIMITS);
  return { digest, config };
}

async function unpackTar(source: string, rootfs: string) {
  const hash = createHash("sha256");
  const read = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of createReadStream(source, { highWaterMark: 1024 * 1024 })) {
      hash.update(chunk as Buffer);
      yield chunk as Buffer;
    }
  };
  await unpack(unpacked(read()), rootfs, LIMITS);
  const names = await readdir(rootfs);
  if (names.includes("oci-layout") || names.includes("manifest.json"))
    throw new HavreError(
      "invalid",
      "This is an archive of an image, no root filesystem: unpack it (tar -xf), and import the folder.",
    );
  if (names.length === 0) throw new HavreError("invalid", "The tar is empty.");
  return { digest: `sha256:${hash.digest("hex")}`, config: NO_CONFIG };
}

/** "alpine" means "alpine:latest". @throws HavreError "invalid" */
function fullName(name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._\-/:]*$/.test(name) || name.length > 200 || name === HOST_IMAGE)
    throw new HavreError("invalid", `"${name}" cannot be the name of an image: letters, digits and ._-/, then ":" and a tag.`);
  return /:[^/]+$/.test(name) ? name : `${name}:latest`;
}

const escaped = encodeURIComponent;
