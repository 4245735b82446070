import { type RawBuilder, sql } from "kysely";
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

/** An account as it is in this transaction: locked, so that nobody else takes what it has. */
export interface Account {
  readonly id: number;
  readonly holder: Holder;
  readonly purpose: Purpose;
  readonly unit: Unit;
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
  readonly from: Account;
  readonly to: Account;
  readonly amount: number;
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

export interface AccountName {
  readonly holder: Holder;
  readonly purpose: Purpose;
  readonly unit: Unit;
}

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

  async posting(key: string): Promise<
    | {
        id: number;
        verb: PostingVerb;
        digest: string;
        studyId: number | undefined;
        personId: number | undefined;
        subject: string;
      }
    | undefined
  > {
    const row = await tx.selectFrom("ledger_posting").selectAll().where("key", "=", key).executeTakeFirst();
    return (
      row && {
        id: row.id,
        verb: row.verb as PostingVerb,
        digest: row.digest,
        studyId: row.study_id ?? undefined,
        personId: row.person_id ?? undefined,
        subject: row.subject,
      }
    );
  },

  /** The accounts with these names, made when they are not there, and held to the end of the transaction, always in one order. */
  async lock(names: readonly AccountName[]): Promise<Account[]> {
    const wanted = sql.join(
      names.map(({ holder, purpose, unit }) => sql`(${holder.kind}, ${holder.id}::bigint, ${unit}, ${purpose})`),
    );
    const held = () =>
      sql<AccountRow>`
        select * from ledger_account where (holder_kind, holder_id, unit, purpose) in (${wanted}) order by id for update`.execute(
        tx,
      );
    const { rows } = await held();
    if (rows.length === names.length) return rows.map(accountOf);
    await sql`
      insert into ledger_account (holder_kind, holder_id, unit, purpose) select * from (values ${wanted}) wanted
      order by 1, 2, 3, 4 on conflict do nothing`.execute(tx);
    return (await held()).rows.map(accountOf);
  },

  async unitsOf(accounts: readonly number[]): Promise<Unit[]> {
    const rows = await tx
      .selectFrom("ledger_account")
      .select("unit")
      .distinct()
      .where("id", "in", [...accounts, 0])
      .execute();
    return rows.map(row => row.unit as Unit);
  },

  async move(posting: number, at: Date, transfers: readonly Transfer[]): Promise<void> {
    if (transfers.length === 0) return;
    const change = new Map<number, number>();
    for (const { from, to, amount } of transfers) {
      change.set(from.id, (change.get(from.id) ?? 0) - amount);
      change.set(to.id, (change.get(to.id) ?? 0) + amount);
    }
    const deltas = sql.join([...change].map(([id, delta]) => sql`(${id}::bigint, ${delta}::bigint)`));
    await sql`
      update ledger_account account set balance = balance + change.delta from (values ${deltas}) change (id, delta)
      where account.id = change.id`.execute(tx);
    await tx
      .insertInto("ledger_transfer")
      .values(transfers.map(({ from, to, amount }) => ({ posting_id: posting, from_id: from.id, to_id: to.id, amount, at })))
      .execute();
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

  async transfersOf(posting: number): Promise<{ fromId: number; toId: number; amount: number }[]> {
    const rows = await tx.selectFrom("ledger_transfer").selectAll().where("posting_id", "=", posting).orderBy("id").execute();
    return rows.map(row => ({ fromId: row.from_id, toId: row.to_id, amount: row.amount }));
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
