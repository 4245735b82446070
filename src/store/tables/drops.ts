import type { At, Default, Id, Json, MaybeAt, MaybeJson, Stamped } from "./columns.ts";

/** Files on their way: from the first byte to the proof of each copy. */
export interface DropTables {
  drop: Stamped & {
    id: Id;
    public_id: string;
    study_id: number;
    invitation_id: number | null;
    original_filename: string;
    folder: Default<string>;
    media_type: Default<string>;
    size_bytes: Default<number>;
    ip: Default<string>;
    declared_sha256: Default<string | null>;
    sha256: Default<string | null>;
    status: string;
    status_message: Default<string>;
    encrypted: Default<boolean>;
    blob_key: string | null;
    external: MaybeJson;
    receipt_hash: string;
    receipt_sealed: Buffer;
    language: Default<string>;
    received_at: MaybeAt;
    finished_at: MaybeAt;
  };
  upload: {
    id: string;
    study_id: number;
    drop_id: number | null;
    kind: string;
    parts: Default<string[]>;
    length_bytes: number | null;
    metadata: Json;
    blob_key: string;
    held_by: Default<string | null>;
    held_until: MaybeAt;
    expires_at: Date;
    finished_at: MaybeAt;
    ended_at: MaybeAt;
    created_at: At;
  };
  delivery: Stamped & {
    id: Id;
    drop_id: number;
    location_id: number | null;
    storage_name: string;
    engine: string;
    state: string;
    attempts: Default<number>;
    sent_bytes: Default<number>;
    total_bytes: Default<number>;
    temp_path: Default<string | null>;
    final_path: Default<string | null>;
    name_key: Default<string | null>;
    sent_sha256: Default<string | null>;
    encrypted: Default<boolean>;
    key_sealed: Default<Buffer | null>;
    reason_kind: Default<string | null>;
    reason: Default<string>;
    next_try_at: MaybeAt;
    started_at: MaybeAt;
    finished_at: MaybeAt;
    proof: Default<string | null>;
    proved_at: MaybeAt;
    proof_reason: Default<string>;
  };
  custody: {
    drop_id: number;
    seq: number;
    hop: string;
    at: string;
    by: string;
    facts: Json;
    previous: string;
    hash: string;
    signature: string;
    public_key: string;
  };
}
