import { type RawBuilder, type SqlBool, sql } from "kysely";
import type {
  Balance,
  Holder,
  HolderKind,
  JournalRow,
  PostingVerb,
  Purpose,
  Unit,
  UnitBalance,
  UsageRow,
} from "../core/ledger/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import type { Tx } from "./store.ts";

export interface AccountName {
  readonly holder: Holder;
  readonly purpose: Purpose;
  readonly unit: Unit;
}

/** An account as it is in this transaction: locked, so that nobody else takes what it has. */
export interface Account extends AccountName {
  readonly id: number;
  readonly balance: number;
  readonly limited: boolean;
  readonly granted: number;
}

export interface NewPosting {
  readonly key: string;
  readonly verb: PostingVerb;
  readonly at: Date;
  readonly actor: string;
  readonly study?: number | undefined;
  readonly person?: number | undefined;
  readonly subject?: string | undefined;
  readonly reason?: string | undefined;
  readonly approvedBy?: string | undefined;
  readonly digest?: string | undefined;
}

export interface Transfer {
  readonly from: AccountName;
  readonly to: AccountName;
  /** Nothing moves nothing, and only holds the two accounts to the end of the transaction. */
  readonly amount: number;
}

/** A hold that has just been ended, and where its parts came from. */
export interface EndedHold {
  readonly key: string;
  /** Number of the act that ended it. */
  readonly posting: number;
  readonly study: number | undefined;
  readonly person: number | undefined;
  readonly digest: string;
  readonly parts: readonly (AccountName & { readonly amount: number })[];
  /** What is limited now of its study and person. */
  readonly limits: readonly AccountName[];
}

interface AccountRow {
  readonly id: number;
  readonly holder_kind: HolderKind;
  readonly holder_id: number;
  readonly purpose: Purpose;
  readonly unit: Unit;
  readonly balance: number;
  readonly limited: boolean;
  readonly granted: number;
}

const accountOf = (row: AccountRow): Account => ({
  id: row.id,
  holder: { kind: row.holder_kind, id: row.holder_id },
  purpose: row.purpose,
  unit: row.unit,
  balance: row.balance,
  limited: row.limited,
  granted: row.granted,
});

const textOf = ({ holder, unit, purpose }: AccountName): string => `${holder.kind}:${holder.id}:${unit}:${purpose}`;

interface NameRow {
  readonly kind: HolderKind;
  readonly id: number;
  readonly unit: Unit;
  readonly purpose: Purpose;
}
const nameOf = ({ kind, id, unit, purpose }: NameRow): AccountName => ({ holder: { kind, id }, unit, purpose });

/** Accounts are always locked in this order, so that two acts never wait for each other. */
const IN_ORDER = sql`holder_kind, holder_id, unit, purpose`;
const ofHolders = (holders: readonly Holder[]): RawBuilder<SqlBool> =>
  sql<SqlBool>`(${sql.join(
    holders.map(({ kind, id }) => sql`(holder_kind = ${kind} and holder_id = ${id})`),
    sql` or `,
  )})`;

const PERIOD = { day: "YYYY-MM-DD", month: "YYYY-MM" } as const;

export const ledger = (tx: Tx) => ({
  /** Begins an act. @returns its number, or undefined when this key was posted before: the act is done already */
  async post(posting: NewPosting): Promise<number | undefined> {
    const row = await tx
      .insertInto("ledger_posting")
      .values({
        key: posting.key,
        verb: posting.verb,
        at: posting.at,
        actor: posting.actor,
        study_id: posting.study ?? null,
        person_id: posting.person ?? null,
        subject: posting.subject ?? "",
        reason: posting.reason ?? "",
        approved_by: posting.approvedBy ?? null,
        digest: posting.digest ?? "",
      })
      .onConflict(on => on.column("key").doNothing())
      .returning("id")
      .executeTakeFirst();
    return row?.id;
  },

  async posting(key: string): Promise<{ verb: PostingVerb; digest: string } | undefined> {
    const row = await tx.selectFrom("ledger_posting").select(["verb", "digest"]).where("key", "=", key).executeTakeFirst();
    return row && { verb: row.verb as PostingVerb, digest: row.digest };
  },

  /**
   * Begins a hold, and locks what limits it: one statement, and nothing more is touched where nothing is limited.
   * @returns number undefined when the key was posted before
   */
  async postHold(
    { key, at, actor, study, person, subject, digest }: NewPosting,
    holders: readonly Holder[],
    units: readonly Unit[],
  ): Promise<{ posting: number | undefined; limits: Account[] }> {
    const { rows } = await sql<AccountRow & { posting: number | null; id: number | null }>`
      with posted as (
        insert into ledger_posting (key, verb, at, actor, study_id, person_id, subject, digest)
        values (${key}, 'hold', ${at}, ${actor}, ${study ?? null}, ${person ?? null}, ${subject ?? ""}, ${digest ?? ""})
        on conflict (key) do nothing returning id),
      limits as (
        select * from ledger_account where ${ofHolders(holders)} and limited and purpose = 'available' and unit = any(${units as Unit[]}::text[])
        order by ${IN_ORDER} for update)
      select posted.id as posting, limits.* from (select) one left join posted on true left join limits on true`.execute(tx);
    return { posting: rows[0]?.posting ?? undefined, limits: rows.filter(row => row.id !== null).map(accountOf) };
  },

  /** Begins the ends of holds. Those that have ended before, or were never there, are left out. */
  async postEnds(ends: readonly { readonly key: string; readonly verb: "settle" | "release" }[], at: Date): Promise<EndedHold[]> {
    const { rows } = await sql<{
      key: string;
      posting: number;
      study_id: number | null;
      person_id: number | null;
      digest: string;
      parts: (NameRow & { amount: number })[] | null;
      limits: NameRow[] | null;
    }>`
      with wanted as (select * from unnest(${ends.map(({ key }) => key)}::text[], ${ends.map(({ verb }) => verb)}::text[]) wanted (short, how)),
      held as (select * from wanted join ledger_posting on key = 'hold:' || short and verb = 'hold'),
      ended as (
        insert into ledger_posting (key, verb, at, actor, study_id, person_id, subject)
        select 'end:' || short, how, ${at}, 'system', study_id, person_id, subject from held order by short
        on conflict (key) do nothing returning id, key)
      select short as key, ended.id as posting, held.study_id, held.person_id, held.digest,
        (select json_agg(json_build_object('kind', holder_kind, 'id', holder_id, 'unit', unit, 'purpose', purpose, 'amount', amount))
          from ledger_transfer transfer, lateral (select * from ledger_account where id = from_id offset 0) account
          where posting_id = held.id) as parts,
        (select json_agg(json_build_object('kind', holder_kind, 'id', holder_id, 'unit', unit, 'purpose', purpose))
          from unnest(array['study', 'person'], array[held.study_id, held.person_id]) holder (kind, number)
          join ledger_account on limited and purpose = 'available' and holder_kind = kind and holder_id = number) as limits
      from held join ended on ended.key = 'end:' || short order by short`.execute(tx);
    return rows.map(row => ({
      key: row.key,
      posting: row.posting,
      study: row.study_id ?? undefined,
      person: row.person_id ?? undefined,
      digest: row.digest,
      parts: (row.parts ?? []).map(part => ({ ...nameOf(part), amount: part.amount })),
      limits: (row.limits ?? []).map(nameOf),
    }));
  },

  /** The accounts with these names, made when they are not there, and held to the end of the transaction, always in one order. */
  async lock(names: readonly AccountName[]): Promise<Account[]> {
    const wanted = sql.join(
      names.map(({ holder, purpose, unit }) => sql`(${holder.kind}, ${holder.id}::bigint, ${unit}, ${purpose})`),
    );
    const held = () =>
      sql<AccountRow>`
        select * from ledger_account where (holder_kind, holder_id, unit, purpose) in (${wanted}) order by ${IN_ORDER} for update`.execute(
        tx,
      );
    const { rows } = await held();
    if (rows.length === names.length) return rows.map(accountOf);
    await sql`
      insert into ledger_account (holder_kind, holder_id, unit, purpose) select * from (values ${wanted}) wanted
      order by 1, 2, 3, 4 on conflict do nothing`.execute(tx);
    return (await held()).rows.map(accountOf);
  },

  /** Moves amounts from account to account. Accounts that are missing are made; all are held to the end of the transaction. */
  move(posting: number, at: Date, transfers: readonly Transfer[]): Promise<void> {
    return this.moveAll(
      at,
      transfers.map(transfer => ({ ...transfer, posting })),
    );
  },

  /** The same for many acts. */
  async moveAll(at: Date, transfers: readonly (Transfer & { readonly posting: number })[]): Promise<void> {
    const accounts = new Map<string, AccountName & { change: number }>();
    const add = (name: AccountName, amount: number): void => {
      const before = accounts.get(textOf(name)) ?? { holder: name.holder, unit: name.unit, purpose: name.purpose, change: 0 };
      accounts.set(textOf(name), { ...before, change: before.change + amount });
    };
    for (const { from, to, amount } of transfers) {
      add(from, -amount);
      add(to, amount);
    }
    if (accounts.size === 0) return;
    const all = [...accounts.values()];
    const real = transfers.filter(({ amount }) => amount > 0);
    await sql`
      with moved as (
        insert into ledger_account (holder_kind, holder_id, unit, purpose, balance)
        select * from unnest(${all.map(({ holder }) => holder.kind)}::text[], ${all.map(({ holder }) => holder.id)}::bigint[],
          ${all.map(({ unit }) => unit)}::text[], ${all.map(({ purpose }) => purpose)}::text[], ${all.map(({ change }) => change)}::bigint[])
        order by 1, 2, 3, 4
        on conflict (holder_kind, holder_id, unit, purpose) do update set balance = ledger_account.balance + excluded.balance
        returning id, concat_ws(':', holder_kind, holder_id, unit, purpose) as name)
      insert into ledger_transfer (posting_id, from_id, to_id, amount, at)
      select posting, source.id, target.id, amount, ${at}
      from unnest(${real.map(({ posting }) => posting)}::bigint[], ${real.map(({ from }) => textOf(from))}::text[], ${real.map(({ to }) => textOf(to))}::text[],
        ${real.map(({ amount }) => amount)}::bigint[]) with ordinality transfer (posting, source, target, amount, place)
      join moved source on source.name = transfer.source join moved target on target.name = transfer.target order by place`.execute(
      tx,
    );
  },

  /** From now on there is a limit on the account, or none. @param put how much was put in (or taken out again) */
  async setLimit(id: number, limited: boolean, put: number): Promise<void> {
    await sql`update ledger_account set limited = ${limited}, granted = granted + ${put} where id = ${id}`.execute(tx);
  },

  async resetGranted(id: number, granted: number): Promise<void> {
    await sql`update ledger_account set limited = true, granted = ${granted} where id = ${id}`.execute(tx);
  },

  /** Whether the holder has a limit on anything. */
  async isLimited({ kind, id }: Holder): Promise<boolean> {
    const { rows } = await sql`
      select from ledger_account where holder_kind = ${kind} and holder_id = ${id} and limited limit 1`.execute(tx);
    return rows.length > 0;
  },

  async balances(holders: readonly Holder[]): Promise<Balance[]> {
    if (holders.length === 0) return [];
    const wanted = sql.join(holders.map(({ kind, id }) => sql`(${kind}, ${id}::bigint)`));
    const { rows } = await sql<AccountRow>`
      select * from ledger_account where (holder_kind, holder_id) in (${wanted})`.execute(tx);
    return holders.map(holder => {
      const balance: Partial<Record<Unit, UnitBalance>> = {};
      for (const row of rows.filter(row => row.holder_kind === holder.kind && row.holder_id === holder.id)) {
        const before = balance[row.unit] ?? { limited: false, granted: 0, available: 0, held: 0, spent: 0 };
        balance[row.unit] = {
          ...before,
          ...(row.purpose === "available" ? { available: row.balance, limited: row.limited, granted: row.granted } : {}),
          ...(row.purpose === "held" ? { held: row.balance } : {}),
          ...(row.purpose === "spent" ? { spent: row.balance } : {}),
        };
      }
      return balance;
    });
  },

  /** What the holder spent, by period and unit, oldest first. `until` is not in it. */
  async usage({ kind, id }: Holder, by: "day" | "month", from: Date, until: Date): Promise<UsageRow[]> {
    const { rows } = await sql<UsageRow>`
      select to_char(transfer.at at time zone 'UTC', ${sql.lit(PERIOD[by])}) as period, account.unit, sum(transfer.amount)::bigint as amount
      from ledger_account account join ledger_transfer transfer on transfer.to_id = account.id
      where account.holder_kind = ${kind} and account.holder_id = ${id} and account.purpose = 'spent'
        and transfer.at >= ${from} and transfer.at < ${until}
      group by 1, 2 order by 1, 2`.execute(tx);
    return rows;
  },

  /** The same of studies that are named. */
  async spentByStudies(ids: readonly number[], from: Date, until: Date) {
    return this.spentByStudy(sql`select unnest(${ids as number[]}::bigint[])`, from, until);
  },

  /** What each of these studies spent in the time, by unit. */
  async spentByStudy(
    studies: RawBuilder<unknown>,
    from: Date,
    until: Date,
  ): Promise<{ studyId: number; unit: Unit; amount: number; count: number }[]> {
    const { rows } = await sql<{ study_id: number; unit: Unit; amount: number; count: number }>`
      select account.holder_id as study_id, account.unit, sum(transfer.amount)::bigint as amount, count(*) as count
      from ledger_account account join ledger_transfer transfer on transfer.to_id = account.id
      where account.holder_kind = 'study' and account.purpose = 'spent' and account.holder_id in (${studies})
        and transfer.at >= ${from} and transfer.at < ${until}
      group by 1, 2 order by 1, 2`.execute(tx);
    return rows.map(row => ({ studyId: row.study_id, unit: row.unit, amount: row.amount, count: row.count }));
  },

  /** The holder's journal, newest first. */
  async journal({ kind, id }: Holder, { offset, limit }: Window): Promise<Page<JournalRow>> {
    const own = sql`select id from ledger_account where holder_kind = ${kind} and holder_id = ${id}`;
    const { rows } = await sql<JournalRow & { total: number }>`
      with line as (
        select id, posting_id, from_id, to_id, amount from ledger_transfer where from_id in (${own})
        union select id, posting_id, from_id, to_id, amount from ledger_transfer where to_id in (${own}))
      select count(*) over () as total, line.id, posting.at, posting.verb, posting.key, posting.subject, posting.reason, posting.actor,
        posting.approved_by as "approvedBy", target.unit, target.purpose as "to", source.purpose as "from", line.amount
      from line join ledger_posting posting on posting.id = line.posting_id
      join ledger_account source on source.id = line.from_id join ledger_account target on target.id = line.to_id
      order by line.id desc offset ${Math.max(0, offset)} limit ${limit}`.execute(tx);
    return {
      total: rows[0]?.total ?? 0,
      items: rows.map(({ total: _, ...row }) => ({ ...row, approvedBy: row.approvedBy ?? undefined })),
    };
  },

  /** Holds that were neither settled nor released. */
  async openHolds(study: number): Promise<{ key: string; subject: string; at: Date }[]> {
    const { rows } = await sql<{ key: string; subject: string; at: Date }>`
      select substr(key, 6) as key, subject, at from ledger_posting hold where verb = 'hold' and study_id = ${study}
      and not exists (select from ledger_posting ended where ended.key = 'end:' || substr(hold.key, 6)) order by id`.execute(tx);
    return rows;
  },

  /** What does not fit: an account whose balance is not the sum of its transfers, or a unit whose balances are not zero together. */
  async unbalanced(): Promise<string[]> {
    const { rows } = await sql<{ what: string }>`
      select 'account ' || id as what from ledger_account account
      where balance <> coalesce((select sum(amount) from ledger_transfer where to_id = account.id), 0)
                     - coalesce((select sum(amount) from ledger_transfer where from_id = account.id), 0)
      union all select 'unit ' || unit from ledger_account group by unit having sum(balance) <> 0
      union all select 'transfer ' || transfer.id from ledger_transfer transfer
        join ledger_account source on source.id = from_id join ledger_account target on target.id = to_id where source.unit <> target.unit`.execute(
      tx,
    );
    return rows.map(row => row.what);
  },
});
