import type { ColumnType, Generated, JSONColumnType } from "kysely";

/** The tables as migrations leave them; test/store compares this with information_schema. Only `src/store` imports it. */
type At = ColumnType<Date, Date | undefined, Date>;
type MaybeAt = ColumnType<Date | null, Date | null | undefined, Date | null>;
type Json = JSONColumnType<Record<string, unknown>, string | undefined, string>;
type MaybeJson = ColumnType<Record<string, unknown> | null, string | null | undefined, string | null>;
type Default<T> = ColumnType<T, T | undefined, T>;
type Id = Generated<number>;

interface Stamped {
  created_at: At;
  updated_at: At;
}

export interface Database {
  organisation: Stamped & { id: Id; name: string; email: Default<string>; website: Default<string> };
  faculty: Stamped & { id: Id; organisation_id: number; name: string };
  study_field: Stamped & { id: Id; faculty_id: number; name: string };
  person: Stamped & {
    id: Id;
    username: string;
    email: Default<string>;
    first_name: Default<string>;
    last_name: Default<string>;
    password_hash: string | null;
    is_active: Default<boolean>;
    is_staff: Default<boolean>;
    is_superuser: Default<boolean>;
    groups: Default<string[]>;
    organisation_id: Default<number | null>;
    faculty_id: Default<number | null>;
    language: Default<string>;
    password_changed_at: MaybeAt;
    last_sign_in_at: MaybeAt;
  };
  token: {
    id: Id;
    person_id: number;
    kind: string;
    key: string;
    secret_sealed: Default<Buffer | null>;
    secret_hash: Default<string | null>;
    last_used_at: MaybeAt;
    created_at: At;
  };
  nonce: { key: string; nonce: string; ts: number; expires_at: Date };
  session: {
    id_hash: string;
    person_id: number;
    csrf_token: string;
    ip: Default<string>;
    user_agent: Default<string>;
    created_at: At;
    expires_at: Date;
  };
  attempt: { subject: string; failures: number; last_at: Date; locked_until: Date | null };
  permission: Stamped & {
    id: Id;
    person_id: number | null;
    object_kind: string;
    object_id: number;
    path: Default<string>;
    role: string;
    active: Default<boolean>;
    expires_at: MaybeAt;
  };
  study: Stamped & {
    id: Id;
    owner_id: number;
    code: string;
    name: string;
    description: Default<string>;
    human_subject: boolean;
    field_id: number;
    upload_uuid: string;
    upload_code: string;
    is_open: Default<boolean>;
    recipients: Default<string[]>;
  };
  invitation: Stamped & {
    id: Id;
    study_id: number;
    name: string;
    email: string;
    upload_code: string;
    language: Default<string>;
    sends: Default<number>;
    mail_sent_at: MaybeAt;
  };
  storage: Stamped & {
    id: Id;
    owner_id: number;
    name: string;
    engine: string;
    address: string;
    username: string;
    password_sealed: Buffer;
  };
  location: Stamped & {
    id: Id;
    study_id: number;
    storage_id: number;
    direction: Default<string>;
    path: Default<string>;
    upload_path: Default<string>;
    passphrase_sealed: Buffer | null;
  };
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
  errand: {
    id: Id;
    kind: string;
    payload: Json;
    unique_key: string | null;
    run_at: At;
    attempts: Default<number>;
    asked: Default<number>;
    lease_until: MaybeAt;
    lease_by: Default<string | null>;
    progress: MaybeJson;
    error: Default<string | null>;
    parked_at: MaybeAt;
    created_at: At;
  };
  schedule: { kind: string; next_at: Date };
  event: {
    id: Id;
    at: At;
    actor: string;
    verb: string;
    object_kind: string;
    object_id: string;
    study_id: number | null;
    data: Json;
    seal_seq: Default<number | null>;
    seal_hash: Default<string | null>;
  };
  mail: {
    id: Id;
    unique_key: string;
    kind: string;
    study_id: number | null;
    recipient: string;
    reply_to: string | null;
    subject: string;
    text: string;
    html: string;
    state: Default<string>;
    reason: Default<string>;
    message_id: string;
    sent_at: MaybeAt;
    created_at: At;
  };
  signing_key: { public_key: string; first_seen_at: At };
}
