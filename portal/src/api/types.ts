/** The shapes on the wire, as the portal reads them. */

export type Page<T> = { count: number; next: string | null; previous: string | null; results: T[] };

export type User = {
  id: number;
  username: string;
  email: string;
  first_name: string;
  last_name: string;
  is_staff: boolean;
  is_superuser: boolean;
};
export type Session = { user: User; csrf_token: string };

export type PortalInfo = {
  version: string;
  demo: null | {
    drop_off_url: string;
    upload_code: string;
    accounts: { username: string; password: string; role: string }[];
  };
  mail_outbox: boolean;
  registration: "open" | "closed";
  /** Whose addresses may register; empty: all. */
  registration_domains: string[];
  activation_mail: boolean;
  languages: string[];
  storage_engines: string[];
};

export type DropoffStudy = {
  name: string;
  description: string;
  owner: { first_name: string; last_name: string };
  upload_url: string;
  not_allowed_extensions: string[];
  max_size_bytes: number;
  accepts: boolean;
  reason: "" | "closed" | "no-storage";
  encrypted: boolean;
  human_subject: boolean;
};
export type CodeCheck = { valid: true; uploader: { name: string } | null };

export type DropStatus = "NEW" | "UPLOADING" | "UPLOADED" | "MOVING" | "DONE" | "ERROR";
export type DeliveryState = "PENDING" | "RUNNING" | "DONE" | "FAILED";

export type ReceiptDelivery = {
  id: number;
  storage: string;
  state: DeliveryState;
  bytes_done: number;
  bytes_total: number;
  attempts: number;
  message: string;
  updated_at: string;
};
export type Hop = {
  seq: number;
  hop: string;
  at: string;
  by: string;
  facts: Record<string, unknown>;
  previous: string;
  hash: string;
  signature: string;
};
export type ReceiptPage = {
  drop: {
    id: string | number;
    original_filename: string;
    folder: string;
    filesize: number;
    sha256: string | null;
    status: DropStatus;
    status_message: string;
    created_at: string;
    encrypted: boolean;
  };
  study: { name: string };
  upload: { offset: number; length: number; expires_at: string } | null;
  deliveries: ReceiptDelivery[];
  custody: Hop[];
  receipt_url: string;
  crate_url: string;
};

export type Named = { id: number; name: string };
export type Faculty = Named & { university: Named };
export type StudyField = Named & { faculty: Faculty };
export type Researcher = {
  id: number;
  first_name: string;
  last_name: string;
  email_address: string;
  university: Named | null;
  faculty: Faculty | null;
};
export type Profile = Researcher & { username: string; orcid: string | null; language: "en" | "nl" };
export type ProfileWrite = {
  first_name: string;
  last_name: string;
  university: number | null;
  faculty: number | null;
  orcid: string;
  language: "en" | "nl";
};
export type TokenKind = "hawk" | "api";
export type Token = { kind: TokenKind; key: string; last_used_at: string | null; created_at: string };
/** `secret` of a Hawk token, `token` of an API token: told once. */
export type NewToken = { kind: TokenKind; key: string; secret?: string; token?: string };
export type AppPassword = { id: number; name: string; created_at: string; last_used_at: string | null };
/** Told once. */
export type NewAppPassword = AppPassword & { password: string };
export type OpenBrowser = { current: boolean; ip: string; user_agent: string; created_at: string; expires_at: string };
export type RoleName = "ADMINISTRATOR" | "RESEARCHER" | "MEMBER";
export type Contributor = { id: number; role: RoleName; active: boolean; researcher: Researcher };

export type Study = {
  id: number;
  code: string;
  name: string;
  description: string;
  human_subject: boolean;
  field: StudyField;
  owner: Researcher;
  contributors: Contributor[];
  created_at: string;
  updated_at: string;
  /** What the marketplace calls it. */
  project_uuid: string;
  upload_uuid: string;
  /** Only for the owner and administrators. */
  upload_code?: string;
  web_upload_url: string;
  api_upload_url: string;
  has_storage: boolean;
  total_files: number;
  total_file_size: number;
  total_invitations: number;
  is_open: boolean;
  recipients: string[];
  role: RoleName;
};
export type StudyWrite = {
  code: string;
  name: string;
  description: string;
  human_subject: boolean;
  field: number;
  is_open?: boolean;
  recipients?: string[];
};

export type Invitation = {
  id: number;
  study: number;
  name: string;
  email: string;
  upload_code: string;
  upload_url: string;
  mail_sent: string | null;
  created_at: string;
};

export type Storage = {
  id: number;
  name: string;
  engine: string;
  location: string;
  username: string;
  has_private_key: boolean;
  host_key: string | null;
  last_trial: { at: string; ok: boolean; message: string } | null;
};
export type StorageWrite = {
  name: string;
  engine: string;
  location: string;
  username: string;
  password: string;
  /** "" is none; absent: as it was. */
  private_key?: string | undefined;
};
export type StorageLocation = {
  id: number;
  storage: Storage;
  direction: string;
  path: string;
  uploadpath: string;
  encrypted: boolean;
};
export type StorageTest = { ok: boolean; code: string; message: string };

export type Delivery = ReceiptDelivery & {
  location: number;
  engine: string;
  phase: "queued" | "sending" | "verifying" | "done" | "parked";
  next_try_at: string | null;
  proof: "asked" | "same" | "differs" | "unknown" | null;
  proved_at: string | null;
  proof_message: string;
};
export type Drop = {
  id: number;
  study: number;
  original_filename: string;
  folder: string;
  filesize: number;
  sha256: string | null;
  status: DropStatus;
  status_message: string;
  ip: string | null;
  encrypted: boolean;
  uploader: { id: number; name: string; email: string } | null;
  receipt_url: string;
  created_at: string;
  updated_at: string;
  deliveries: Delivery[];
};

export type Mail = {
  id: number;
  to: string;
  subject: string;
  text: string;
  html: string;
  state: string;
  created_at: string;
  sent_at: string | null;
};

/** What the server sends when something changed. */
export type Change = { kind: string; id?: number; study?: number };
