import type { ColumnType } from "kysely";
import type { At, Default, Id, MaybeAt, Stamped } from "./columns.ts";

/** Files in storages, as far as Havre knows more than the storage says. */
export interface FileTables {
  file_mark: Stamped & {
    storage_id: number;
    path: string;
    uuid: Default<string>;
    owner_id: number | null;
    version: Default<string>;
    sha256: Default<string | null>;
  };
  file_transfer: {
    id: Id;
    uuid: Default<string>;
    person_id: number | null;
    kind: "copy" | "move" | "import";
    source_storage_id: number | null;
    source_path: string | null;
    source_url: string | null;
    source_sealed: Buffer | null;
    storage_id: number;
    path: string;
    study_id: number | null;
    if_exists: "refuse" | "replace" | "beside";
    state: Default<"queued" | "running" | "done" | "failed" | "stopped">;
    reason: Default<string>;
    files_total: Default<number | null>;
    files_done: Default<number>;
    bytes_total: Default<number | null>;
    bytes_done: Default<number>;
    bytes_per_second: Default<number | null>;
    cursor: Default<string | null>;
    attempts: Default<number>;
    created_at: At;
    started_at: MaybeAt;
    updated_at: At;
    ended_at: MaybeAt;
  };
  file_half: { mark: string; storage_id: number; path: string; seen_at: At; created_at: At };
  app_password: {
    id: Id;
    person_id: number;
    name: string;
    secret_hash: string;
    created_at: At;
    last_used_at: MaybeAt;
  };
  dav_lock: {
    token: Default<string>;
    storage_id: number;
    path: string;
    person_id: number;
    exclusive: boolean;
    deep: boolean;
    owner_xml: Default<string>;
    expires_at: ColumnType<Date, Date, Date>;
  };
  dav_property: { storage_id: number; path: string; namespace: string; name: string; value_xml: string };
}
