import { makeOpenStorage } from "../../src/drivers/storage/all.ts";
import type { OpenStorage } from "../../src/ports/storage.ts";

/** The real drivers, allowed to reach servers of this machine and folders below `folderRoots`. */
export const openStorageBelow = (...folderRoots: readonly string[]): OpenStorage =>
  makeOpenStorage({ egressAllow: ["127.0.0.0/8"], folderRoots });
