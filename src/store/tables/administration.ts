import type { At, Default, Id, Json, MaybeAt, Stamped } from "./columns.ts";

/** What the administration keeps for itself. */
export interface AdministrationTables {
  notice: Stamped & { id: Id; level: string; text_en: string; text_nl: Default<string>; starts_at: At; ends_at: MaybeAt };
  bulk: {
    id: Id;
    person_id: number | null;
    kind: string;
    action: string;
    input: Json;
    state: Default<string>;
    total: Default<number>;
    done: Default<number>;
    refused: Default<number>;
    created_at: At;
    finished_at: MaybeAt;
  };
  bulk_item: {
    id: Id;
    bulk_id: number;
    object_id: string;
    title: Default<string>;
    outcome: Default<string | null>;
    message: Default<string>;
    finished_at: MaybeAt;
  };
  self_test: { name: string; ok: boolean; message: string; at: At };
}
