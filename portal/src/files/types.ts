/** Files in storages, as they come over the wire. */
export type Place = { id: number; name: string; engine: string; mine: boolean };
export type Rights = { read: boolean; write: boolean; execute: boolean };
export type Entry = {
  path: string;
  name: string;
  kind: "file" | "folder";
  size: number;
  media_type: string;
  modified_at: string | null;
  sha256: string | null;
  rights: Rights;
};
export type Listing = { self: Entry; entries: Entry[]; next: number | null };
export type Permission = { who: string; name: string; rights: Rights; recursive: boolean; owner: boolean; from: string };
export type TransferState = "queued" | "running" | "done" | "failed" | "stopped";
export type Transfer = {
  id: number;
  kind: "copy" | "move" | "import";
  from_storage: number | null;
  from: string;
  to_storage: number;
  to: string;
  state: TransferState;
  reason: string;
  files: number | null;
  files_done: number;
  bytes: number | null;
  bytes_done: number;
  bytes_per_second: number | null;
  seconds_left: number | null;
  created_at: string;
};

export const isOpen = ({ state }: Transfer): boolean => state === "queued" || state === "running";

/** Address of what belongs to a path of a storage. @param what "content/", "zip/"… */
export const addressOf = (storage: string | number, what: string, path: string): string =>
  `/v1/storages/${storage}/files/${what}?path=${encodeURIComponent(path)}`;

export const within = (folder: string, name: string): string => (folder === "" ? name : `${folder}/${name}`);
export const above = (path: string): string => path.split("/").slice(0, -1).join("/");
