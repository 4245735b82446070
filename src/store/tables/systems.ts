import type { At, Default, Id, Json, MaybeJson, Stamped } from "./columns.ts";

/** Storages as the science API sees them. */
export interface SystemTables {
  system: Stamped & {
    id: Id;
    name: string;
    kind: Default<"storage" | "execution">;
    storage_id: number | null;
    reserved_for: number | null;
    description: Default<string>;
    site: Default<string>;
    status: Default<string>;
    home: Default<string>;
    details: Json;
    execution: MaybeJson;
    is_available: Default<boolean>;
    is_public: Default<boolean>;
    is_global_default: Default<boolean>;
    revision: Default<number>;
  };
  system_default: { person_id: number; kind: string; system_id: number };
  system_credential: {
    id: Id;
    system_id: number;
    internal: Default<string>;
    parent: "storage" | "execution";
    type: string;
    username: Default<string>;
    secrets_sealed: Buffer;
    created_at: At;
  };
}
