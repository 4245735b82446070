import { HavreError } from "../../../kernel/errors.ts";
import type { Repository, TreeEntry } from "./host.ts";
import { notTheApi } from "./refusal.ts";

/** What both hosts say alike. An answer may hold anything: what is used of it is looked at. */

const ID = /^[0-9a-f]{40}$/;
const NAME = /^[\w.-]+\/[\w.-]+$/;

interface RepositoryAnswer {
  readonly full_name?: unknown;
  readonly default_branch?: unknown;
  readonly archived?: unknown;
  readonly permissions?: { readonly push?: unknown };
  /** Of Gitea. */
  readonly object_format_name?: unknown;
}

export function repositoryOf(where: string, answer: RepositoryAnswer | undefined): Repository {
  const { full_name: name, default_branch: branch, archived, permissions, object_format_name: format } = answer ?? {};
  if (typeof name !== "string" || !NAME.test(name)) throw notTheApi(where);
  if (format === "sha256")
    throw new HavreError("invalid", `${where}: Havre does not know repositories that name their objects by SHA-256.`);
  return {
    name,
    branch: typeof branch === "string" && branch !== "" ? branch : "main",
    canWrite: permissions?.push !== false,
    isArchived: archived === true,
  };
}

export function headOf(where: string, id: unknown): string {
  if (typeof id !== "string" || !ID.test(id)) throw notTheApi(where);
  return id;
}

interface EntryAnswer {
  readonly path?: unknown;
  readonly mode?: unknown;
  readonly type?: unknown;
  readonly sha?: unknown;
  readonly size?: unknown;
}

export function entriesOf(where: string, answer: readonly EntryAnswer[] | undefined, isCutShort: boolean): TreeEntry[] {
  if (!Array.isArray(answer)) throw notTheApi(where);
  if (isCutShort) throw new HavreError("too-large", `${where}: a folder has more entries than the host tells.`);
  return answer.map(({ path, mode, type, sha, size }: EntryAnswer) => {
    if (typeof path !== "string" || typeof mode !== "string" || typeof sha !== "string" || !ID.test(sha)) throw notTheApi(where);
    const isFile = type === "blob" && mode.startsWith("100");
    const kind = type === "tree" ? "folder" : isFile ? "file" : "other";
    return { name: path, kind, mode, sha, sizeBytes: kind === "file" && typeof size === "number" ? size : 0 };
  });
}
