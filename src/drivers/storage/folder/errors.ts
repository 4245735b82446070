import { type ErrorKind, HavreError } from "../../../kernel/errors.ts";

export const ENGINE = "FOLDER";

export const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");
export const isAbsent = (error: unknown): boolean => ["ENOENT", "ENOTDIR"].includes(codeOf(error));
export const absentIsUndefined = (error: unknown): undefined => {
  if (!isAbsent(error)) throw error;
};

const KINDS: Record<string, readonly [ErrorKind, string]> = {
  ENOENT: ["not-found", "there is no such file or folder"],
  ENOTDIR: ["not-found", "there is no such folder"],
  EEXIST: ["conflict", "the name is taken"],
  ENOTEMPTY: ["conflict", "the name is taken"],
  EISDIR: ["conflict", "a folder has this name"],
  EINVAL: ["invalid", "a folder cannot be moved into itself"],
  ENAMETOOLONG: ["invalid", "the name is too long"],
  EACCES: ["forbidden", "the server may not do that there"],
  EPERM: ["forbidden", "the server may not do that there"],
  EROFS: ["forbidden", "the disk is read-only"],
  ELOOP: ["forbidden", "a link lies in the way"],
  ENXIO: ["forbidden", "this is no file"],
  ENOSPC: ["quota-exceeded", "the disk is full"],
  EDQUOT: ["quota-exceeded", "the disk quota is used up"],
  EFBIG: ["too-large", "the file is too large for the disk"],
  EBUSY: ["locked", "another program holds it"],
  ETXTBSY: ["locked", "another program holds it"],
  EIO: ["unavailable", "the disk does not answer"],
  ESTALE: ["unavailable", "the disk does not answer"],
  EMFILE: ["unavailable", "too many files are open"],
  ENFILE: ["unavailable", "too many files are open"],
};

export function toldError(verb: string, error: unknown): unknown {
  const known = KINDS[codeOf(error)];
  return known === undefined || error instanceof HavreError
    ? error
    : new HavreError(known[0], `${ENGINE}: cannot ${verb}: ${known[1]}.`, { cause: error });
}

export async function telling<T>(verb: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw toldError(verb, error);
  }
}
