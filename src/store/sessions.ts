import type { Person, PersonId, Session } from "../core/people/model.ts";
import { personOfRow } from "./people.ts";
import type { Tx } from "./store.ts";

export interface NewSession extends Session {
  readonly person: PersonId;
  readonly ip: string;
  readonly userAgent: string;
}

export const sessions = (tx: Tx) => ({
  async add(session: NewSession, now: Date): Promise<void> {
    await tx
      .insertInto("session")
      .values({
        id_hash: session.idHash,
        person_id: session.person,
        csrf_token: session.csrfToken,
        ip: session.ip,
        user_agent: session.userAgent,
        created_at: now,
        expires_at: session.expiresAt,
      })
      .execute();
  },

  /** A session that still runs, with whose it is: what a sign-in needs, in one query. */
  async byHash(idHash: string, now: Date): Promise<{ session: Session; person: Person } | undefined> {
    const row = await tx
      .selectFrom("session")
      .innerJoin("person", "person.id", "session.person_id")
      .selectAll("person")
      .select(["session.id_hash", "session.csrf_token", "session.expires_at"])
      .where("session.id_hash", "=", idHash)
      .where("session.expires_at", ">", now)
      .executeTakeFirst();
    if (!row) return undefined;
    return {
      session: { idHash: row.id_hash, csrfToken: row.csrf_token, expiresAt: row.expires_at },
      person: personOfRow(row),
    };
  },

  async extend(idHash: string, expiresAt: Date): Promise<void> {
    await tx.updateTable("session").set({ expires_at: expiresAt }).where("id_hash", "=", idHash).execute();
  },

  async remove(idHash: string): Promise<void> {
    await tx.deleteFrom("session").where("id_hash", "=", idHash).execute();
  },

  /** Ends every session of a person, except the one to keep. */
  async removeOf(person: PersonId, keepHash: string | undefined): Promise<void> {
    await tx
      .deleteFrom("session")
      .where("person_id", "=", person)
      .where("id_hash", "!=", keepHash ?? "")
      .execute();
  },
});
