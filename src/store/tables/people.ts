import type { At, Default, Id, Json, MaybeAt, Stamped } from "./columns.ts";

/** Who signs in and what they may do. */
export interface PeopleTables {
  organisation: Stamped & {
    id: Id;
    uuid: Default<string>;
    slug: Default<string>;
    name: string;
    email: Default<string>;
    website: Default<string>;
    ror: Default<string | null>;
    abbreviation: Default<string>;
    native_name: Default<string>;
    country: Default<string>;
    backend_id: Default<string>;
    blocked: Default<boolean>;
    archived: Default<boolean>;
    tax_percent: Default<string>;
    accounting_start_at: At;
    provider_uuid: Default<string | null>;
    provider_since: MaybeAt;
    provider_description: Default<string>;
    details: Json;
  };
  faculty: Stamped & { id: Id; organisation_id: number; name: string };
  study_field: Stamped & { id: Id; faculty_id: number; name: string };
  person: Stamped & {
    id: Id;
    uuid: Default<string>;
    details: Json;
    token_lifetime_seconds: Default<number | null>;
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
    orcid: Default<string | null>;
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
    uuid: Default<string>;
    created_by_id: Default<number | null>;
    person_id: number | null;
    object_kind: string;
    object_id: number;
    path: Default<string>;
    /** On paths of kind 'file': also for everything below. */
    recursive: Default<boolean>;
    role: string;
    active: Default<boolean>;
    expires_at: MaybeAt;
  };
}
