import type { At, Default, Id, Json, MaybeAt, MaybeJson } from "./columns.ts";

/** Background work, events, mails. */
export interface OperationsTables {
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
