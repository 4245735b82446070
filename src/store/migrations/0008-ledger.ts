import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- What a holder has of one unit, for one purpose. The balance is the sum of the transfers into the account less those out of it,
-- and all balances of a unit together are zero.
create table ledger_account (
  id bigint generated always as identity primary key,
  holder_kind text not null check (holder_kind in ('study','person','organisation','offering')),
  holder_id bigint not null, -- no reference: the books outlive what they are about
  purpose text not null check (purpose in ('outside','available','held','spent','owed','earned')),
  unit text not null,
  balance bigint not null default 0 check (abs(balance) <= 9007199254740991), -- exact as a JavaScript number
  -- Of an available account: it has been given a limit, and how much was put into it in all.
  limited boolean not null default false,
  granted bigint not null default 0,
  unique (holder_kind, holder_id, unit, purpose));
-- What a hold looks at: nothing, where nothing is limited.
create index ledger_account_limited on ledger_account (holder_kind, holder_id) where limited;

-- One act, known by its key: the same key again is the same act.
create table ledger_posting (
  id bigint generated always as identity primary key,
  key text not null unique,
  verb text not null check (verb in ('grant','revoke','limit','hold','settle','release','adjust','charge')),
  at timestamptz not null,
  actor text not null,
  study_id bigint, person_id bigint,
  subject text not null default '', -- what it was for, in words: "task 17"
  reason text not null default '', approved_by text,
  digest text not null default ''); -- of what was asked, to tell a repeat from another act under the same key
create index ledger_posting_study on ledger_posting (study_id, id desc);

-- One amount that goes from one account to another: both sides of double entry in a row, so that no row can unbalance the books.
create table ledger_transfer (
  id bigint generated always as identity primary key,
  posting_id bigint not null references ledger_posting,
  from_id bigint not null references ledger_account,
  to_id bigint not null references ledger_account check (to_id <> from_id),
  amount bigint not null check (amount > 0),
  at timestamptz not null);
create index ledger_transfer_posting on ledger_transfer (posting_id);
create index ledger_transfer_to on ledger_transfer (to_id, at) include (amount);
create index ledger_transfer_from on ledger_transfer (from_id, at) include (amount);

-- What was written stays as it was written.
create function ledger_keep() returns trigger language plpgsql as $$
begin
  raise exception 'The ledger is never changed: correct it with an adjustment.';
end $$;
create trigger ledger_posting_keep before update or delete on ledger_posting for each statement execute function ledger_keep();
create trigger ledger_transfer_keep before update or delete on ledger_transfer for each statement execute function ledger_keep();
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
