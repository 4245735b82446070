import { type Selectable, type SqlBool, sql } from "kysely";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";

export interface NoticeInput {
  readonly textEn: string;
  /** "": the English words for all. */
  readonly textNl?: string | undefined;
  readonly level: "info" | "warning";
  readonly startsAt?: Date | undefined;
  readonly endsAt?: Date | null | undefined;
}
export interface Notice extends NoticeInput {
  readonly id: number;
  readonly textNl: string;
  readonly startsAt: Date;
}

const noticeOf = (row: Selectable<Database["notice"]>): Notice => ({
  id: row.id,
  textEn: row.text_en,
  textNl: row.text_nl,
  level: row.level as Notice["level"],
  startsAt: row.starts_at,
  endsAt: row.ends_at,
});

const columnsOf = (changes: Partial<NoticeInput>) => ({
  ...(changes.textEn === undefined ? {} : { text_en: changes.textEn }),
  ...(changes.textNl === undefined ? {} : { text_nl: changes.textNl }),
  ...(changes.level === undefined ? {} : { level: changes.level }),
  ...(changes.startsAt === undefined ? {} : { starts_at: changes.startsAt }),
  ...(changes.endsAt === undefined ? {} : { ends_at: changes.endsAt }),
});

export const notices = (tx: Tx) => ({
  async shownAt(now: Date): Promise<Notice[]> {
    const rows = await tx
      .selectFrom("notice")
      .selectAll()
      .where("starts_at", "<=", now)
      .where(sql<SqlBool>`(ends_at is null or ends_at > ${now})`)
      .orderBy("level", "desc")
      .orderBy("id")
      .limit(5)
      .execute();
    return rows.map(noticeOf);
  },

  /** Held to the end of the transaction. */
  async lock(id: number): Promise<Notice | undefined> {
    const row = await tx.selectFrom("notice").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
    return row && noticeOf(row);
  },

  async insert(notice: NoticeInput): Promise<Notice> {
    const row = await tx
      .insertInto("notice")
      .values({ ...columnsOf(notice), text_en: notice.textEn, level: notice.level })
      .returningAll()
      .executeTakeFirstOrThrow();
    return noticeOf(row);
  },

  async update(id: number, changes: Partial<NoticeInput>): Promise<void> {
    await tx
      .updateTable("notice")
      .set({ ...columnsOf(changes), updated_at: sql<Date>`now()` })
      .where("id", "=", id)
      .execute();
  },

  async remove(id: number): Promise<void> {
    await tx.deleteFrom("notice").where("id", "=", id).execute();
  },
});
