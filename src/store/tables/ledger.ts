import type { Default, Id } from "./columns.ts";

/** Grants, holds and charges, in double entry. */
export interface LedgerTables {
  ledger_account: {
    id: Id;
    holder_kind: string;
    holder_id: number;
    purpose: string;
    unit: string;
    balance: Default<number>;
    limited: Default<boolean>;
    granted: Default<number>;
  };
  ledger_posting: {
    id: Id;
    key: string;
    verb: string;
    at: Date;
    actor: string;
    study_id: number | null;
    person_id: number | null;
    subject: Default<string>;
    reason: Default<string>;
    approved_by: Default<string | null>;
    digest: Default<string>;
  };
  ledger_transfer: { id: Id; posting_id: number; from_id: number; to_id: number; amount: number; at: Date };
}
