import { HavreError } from "../../kernel/errors.ts";
import type { OpenStorage, Storage, StorageAccess } from "../../ports/storage.ts";

export interface StorageSettings {
  /** Private address ranges that storages may lie in, e.g. "10.1.0.0/16". */
  readonly egressAllow: readonly string[];
  /** Absolute folders of this machine below which a FOLDER storage may lie. */
  readonly folderRoots: readonly string[];
}

type Open = (access: StorageAccess, settings: StorageSettings) => Promise<Storage>;

/** Every engine, by its name on the wire. A driver is loaded when first used: some bring large libraries with them. */
const DRIVERS: Readonly<Record<string, Open>> = {
  FOLDER: async (access, { folderRoots }) => (await import("./folder/folder.ts")).openFolder(access, { roots: folderRoots }),
  WEBDAV: async (access, { egressAllow }) => {
    const [{ openWebdav }, { makeGuardedHttp }] = await Promise.all([import("./webdav/webdav.ts"), import("../http/guarded.ts")]);
    return openWebdav(access, { http: makeGuardedHttp({ egressAllow }) });
  },
  S3: async (access, { egressAllow }) => {
    const [{ openS3 }, { makeGuardedHttp }] = await Promise.all([import("./s3/s3.ts"), import("../http/guarded.ts")]);
    return openS3(access, { http: makeGuardedHttp({ egressAllow }) });
  },
  GITEA: async (access, { egressAllow }) => {
    const [{ openGitea }, { makeGuardedHttp }] = await Promise.all([import("./git/git.ts"), import("../http/guarded.ts")]);
    return openGitea(access, { http: makeGuardedHttp({ egressAllow }) });
  },
  GITHUB: async (access, { egressAllow }) => {
    const [{ openGithub }, { makeGuardedHttp }] = await Promise.all([import("./git/git.ts"), import("../http/guarded.ts")]);
    return openGithub(access, { http: makeGuardedHttp({ egressAllow }) });
  },
  IRODS: async (access, { egressAllow }) => (await import("./irods/irods.ts")).openIrods(access, { egressAllow }),
  SFTP: async (access, { egressAllow }) => (await import("./sftp/sftp.ts")).openSftp(access, { egressAllow }),
};

export const STORAGE_ENGINES: readonly string[] = Object.keys(DRIVERS);

export const makeOpenStorage =
  (settings: StorageSettings): OpenStorage =>
  async access => {
    const open = Object.hasOwn(DRIVERS, access.engine) ? DRIVERS[access.engine] : undefined;
    if (open === undefined)
      throw new HavreError("invalid", `Unknown storage engine "${access.engine}". Known ones: ${STORAGE_ENGINES.join(", ")}.`);
    return open(access, settings);
  };
