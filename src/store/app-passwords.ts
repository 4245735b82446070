import { sql } from "kysely";
import type { Person, PersonId } from "../core/people/model.ts";
import { PERSON, personOfRow } from "./people.ts";
import type { Tx } from "./store.ts";

/** Without its secret, which nobody has but its owner. */
export interface AppPassword {
  readonly id: number;
  readonly name: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | undefined;
}

const shapeOf = (row: { id: number; name: string; created_at: Date; last_used_at: Date | null }): AppPassword => ({
  id: row.id,
  name: row.name,
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at ?? undefined,
});

export const appPasswords = (tx: Tx) => ({
  /** Newest first. */
  async of(personId: PersonId): Promise<AppPassword[]> {
    const rows = await tx
      .selectFrom("app_password")
      .selectAll()
      .where("person_id", "=", personId)
      .orderBy("id", "desc")
      .execute();
    return rows.map(shapeOf);
  },

  async insert(personId: PersonId, name: string, secretHash: string): Promise<AppPassword> {
    const row = await tx
      .insertInto("app_password")
      .values({ person_id: personId, name, secret_hash: secretHash })
      .returningAll()
      .executeTakeFirstOrThrow();
    return shapeOf(row);
  },

  async remove(personId: PersonId, id: number): Promise<AppPassword | undefined> {
    const row = await tx
      .deleteFrom("app_password")
      .where("person_id", "=", personId)
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirst();
    return row && shapeOf(row);
  },

  /** @returns how many they had */
  async removeOf(personId: PersonId): Promise<number> {
    const { numDeletedRows } = await tx.deleteFrom("app_password").where("person_id", "=", personId).executeTakeFirst();
    return Number(numDeletedRows);
  },

  async holder(
    secretHash: string,
  ): Promise<{ readonly id: number; readonly person: Person; readonly lastUsedAt: Date | undefined } | undefined> {
    const row = await tx
      .selectFrom("app_password")
      .innerJoin("person", "person.id", "app_password.person_id")
      .select(PERSON)
      .select([sql<number>`app_password.id`.as("password_id"), "app_password.last_used_at"])
      .where("app_password.secret_hash", "=", secretHash)
      .executeTakeFirst();
    return row && { id: row.password_id, person: personOfRow(row), lastUsedAt: row.last_used_at ?? undefined };
  },

  async noteUse(id: number, at: Date): Promise<void> {
    await tx.updateTable("app_password").set({ last_used_at: at }).where("id", "=", id).execute();
  },
});
