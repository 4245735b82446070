import type { Person, PersonId, Session, SessionFacts } from "../core/people/model.ts";
import { PERSON, personOfRow } from "./people.ts";
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
      .select(PERSON)
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

  /** Those of a person that still run, newest first. */
  async ofPerson(person: PersonId, now: Date): Promise<SessionFacts[]> {
    const rows = await tx
      .selectFrom("session")
      .select(["id_hash", "ip", "user_agent", "created_at", "expires_at"])
      .where("person_id", "=", person)
      .where("expires_at", ">", now)
      .orderBy("created_at", "desc")
      .execute();
    return rows.map(row => ({
      idHash: row.id_hash,
      ip: row.ip,
      userAgent: row.user_agent,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
    }));
  },

  async extend(idHash: string, expiresAt: Date): Promise<void> {
    await tx.updateTable("session").set({ expires_at: expiresAt }).where("id_hash", "=", idHash).execute();
  },

  async remove(idHash: string): Promise<void> {
    await tx.deleteFrom("session").where("id_hash", "=", idHash).execute();
  },

  /** Whose it is. */
  async holder(idHash: string): Promise<Person | undefined> {
    const row = await tx
      .selectFrom("session")
      .innerJoin("person", "person.id", "session.person_id")
      .select(PERSON)
      .where("session.id_hash", "=", idHash)
      .executeTakeFirst();
    return row && personOfRow(row);
  },

  /** Ends every session of a person, except the one to keep. @returns how many */
  async removeOf(person: PersonId, keepHash: string | undefined): Promise<number> {
    const { numDeletedRows } = await tx
      .deleteFrom("session")
      .where("person_id", "=", person)
      .where("id_hash", "!=", keepHash ?? "")
      .executeTakeFirst();
    return Number(numDeletedRows);
  },
});
