import type { Readable } from "node:stream";

/** What a host of git repositories is asked for; GitHub and Gitea say it in different ways. Everything but a head is named by its content. */
export interface GitHost {
  /** As error messages begin. */
  readonly where: string;
  /** @throws "unauthenticated", "not-found" */
  look(signal: AbortSignal): Promise<Repository>;
  /** The newest commit of the branch; undefined in a repository that is still empty. */
  head(signal: AbortSignal): Promise<string | undefined>;
  /** The direct entries of a tree, by its own id or a commit's. */
  tree(id: string, signal: AbortSignal): Promise<readonly TreeEntry[]>;
  /** All bytes of a file that lies at `path` in the commit `head`. */
  raw(file: { readonly sha: string; readonly path: string; readonly head: string }, signal: AbortSignal): Promise<Readable>;
  /** Makes the first commit of an empty repository, where `commit` cannot. */
  begin?(message: string, signal: AbortSignal): Promise<void>;
  /** Sends bytes ahead of their commit, where the host can take them so. @returns their id. @throws "checksum" */
  send?(content: Content, signal: AbortSignal): Promise<string>;
  /**
   * Makes one commit of these changes on top of `head`, which they were planned on, and moves the branch to it.
   * @returns false when the branch has moved meanwhile in a way that matters: then nothing has changed
   */
  commit(head: string | undefined, changes: readonly Change[], message: string, signal: AbortSignal): Promise<boolean>;
}

export interface Repository {
  /** "owner/name", as the host writes it now. */
  readonly name: string;
  readonly branch: string;
  readonly canWrite: boolean;
  readonly isArchived: boolean;
}

export interface TreeEntry {
  readonly name: string;
  /** "other": a symbolic link or a submodule, which Havre does not touch. */
  readonly kind: "file" | "folder" | "other";
  readonly mode: string;
  /** Of a blob or a tree. */
  readonly sha: string;
  readonly sizeBytes: number;
}

/** Bytes to store. Known by their id already, or to be had as often as asked. */
export interface Content {
  readonly sizeBytes: number;
  readonly sha?: string;
  bytes(signal: AbortSignal): AsyncIterable<Buffer>;
}

export interface GitFile {
  readonly path: string;
  readonly sha: string;
  readonly sizeBytes: number;
  readonly mode: string;
}

/** Paths are git's own, from the root of the repository. */
export type Change =
  | { readonly kind: "put"; readonly path: string; readonly content: Content; readonly replaces?: string }
  | { readonly kind: "copy"; readonly file: GitFile; readonly to: string }
  | { readonly kind: "move"; readonly file: GitFile; readonly to: string }
  | { readonly kind: "remove"; readonly file: GitFile };
