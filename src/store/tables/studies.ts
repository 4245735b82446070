import type { Default, Id, MaybeAt, Stamped } from "./columns.ts";

/** Studies, and where their files come from and go to. */
export interface StudyTables {
  study: Stamped & {
    id: Id;
    uuid: Default<string>;
    organisation_id: Default<number>;
    slug: Default<string>;
    backend_id: Default<string>;
    start_date: Default<string | null>;
    end_date: Default<string | null>;
    end_date_by_id: Default<number | null>;
    oecd_code: Default<string | null>;
    is_industry: Default<boolean>;
    type_id: Default<number | null>;
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
    private_key_sealed: Default<Buffer | null>;
    host_key: Default<string | null>;
    tried_at: MaybeAt;
    trial_kind: Default<string | null>;
    trial_message: Default<string>;
    trial_failures: Default<number>;
  };
  location: Stamped & {
    id: Id;
    study_id: number;
    storage_id: number;
    direction: Default<string>;
    path: Default<string>;
    upload_path: Default<string>;
    quota_bytes: Default<number | null>;
    passphrase_sealed: Buffer | null;
  };
}
