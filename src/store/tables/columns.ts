import type { ColumnType, Generated, JSONColumnType } from "kysely";

/** Kinds of columns: what is read, what may be inserted, what may be updated. */
export type Id = Generated<number>;
/** May be left out of an insert. */
export type Default<T> = ColumnType<T, T | undefined, T>;
export type At = ColumnType<Date, Date | undefined, Date>;
export type MaybeAt = ColumnType<Date | null, Date | null | undefined, Date | null>;
export type Json = JSONColumnType<Record<string, unknown>, string | undefined, string>;
export type MaybeJson = ColumnType<Record<string, unknown> | null, string | null | undefined, string | null>;

export interface Stamped {
  created_at: At;
  updated_at: At;
}
