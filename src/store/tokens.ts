import { sql } from "kysely";
import type { OwnTokenKind, Person, PersonId, TokenFacts, TokenKind } from "../core/people/model.ts";
import type { Sealed } from "../kernel/secrets.ts";
import { PERSON, personOfRow } from "./people.ts";
import type { Tx } from "./store.ts";

/** A token with whose it is: what a sign-in needs, in one query. */
export interface HeldToken {
  readonly id: number;
  readonly person: Person;
  readonly secretSealed: Sealed | undefined;
  readonly lastUsedAt: Date | undefined;
  /** When it ends unless it is used before. */
  readonly endsAt?: Date | undefined;
}

export interface NewToken {
  readonly kind: TokenKind;
  readonly key: string;
  readonly secretSealed?: Sealed;
  readonly secretHash?: string;
}

export const tokens = (tx: Tx) => {
  const held = async (
    kinds: readonly TokenKind[],
    column: "token.key" | "token.secret_hash",
    value: string,
  ): Promise<HeldToken | undefined> => {
    const row = await tx
      .selectFrom("token")
      .innerJoin("person", "person.id", "token.person_id")
      .select(PERSON)
      .select(["token.id as token_id", "token.secret_sealed", "token.last_used_at"])
      .select(
        sql<Date | null>`case when token.kind = 'key' then coalesce(token.last_used_at, token.created_at) + person.token_lifetime_seconds * interval '1 second' end`.as(
          "ends_at",
        ),
      )
      .where("token.kind", "in", kinds)
      .where(column, "=", value)
      .executeTakeFirst();
    if (!row) return undefined;
    return {
      id: row.token_id,
      person: personOfRow(row),
      secretSealed: row.secret_sealed ?? undefined,
      lastUsedAt: row.last_used_at ?? undefined,
      endsAt: row.ends_at ?? undefined,
    };
  };

  return {
    async byHawkKey(key: string): Promise<HeldToken | undefined> {
      return held(["hawk"], "token.key", key);
    },

    async bySecretHash(secretHash: string): Promise<HeldToken | undefined> {
      return held(["api", "key"], "token.secret_hash", secretHash);
    },

    /** A person's Hawk id and sealed secret. */
    async hawkOf(person: PersonId): Promise<{ key: string; secretSealed: Sealed } | undefined> {
      const row = await tx
        .selectFrom("token")
        .select(["key", "secret_sealed"])
        .where("person_id", "=", person)
        .where("kind", "=", "hawk")
        .executeTakeFirst();
      return row?.secret_sealed ? { key: row.key, secretSealed: row.secret_sealed } : undefined;
    },

    /** A person's key, sealed. */
    async keyOf(person: PersonId): Promise<{ secretSealed: Sealed; createdAt: Date; lastUsedAt: Date | undefined } | undefined> {
      const row = await tx
        .selectFrom("token")
        .select(["secret_sealed", "created_at", "last_used_at"])
        .where("person_id", "=", person)
        .where("kind", "=", "key")
        .executeTakeFirst();
      return row?.secret_sealed
        ? { secretSealed: row.secret_sealed, createdAt: row.created_at, lastUsedAt: row.last_used_at ?? undefined }
        : undefined;
    },

    async removeKey(person: PersonId): Promise<void> {
      await tx.deleteFrom("token").where("person_id", "=", person).where("kind", "=", "key").execute();
    },

    /** Those that somebody renews in their account. */
    async ofPerson(person: PersonId): Promise<TokenFacts[]> {
      const rows = await tx
        .selectFrom("token")
        .select(["kind", "key", "last_used_at", "created_at"])
        .where("person_id", "=", person)
        .where("kind", "!=", "key")
        .orderBy("kind")
        .execute();
      return rows.map(row => ({
        kind: row.kind as OwnTokenKind,
        key: row.key,
        lastUsedAt: row.last_used_at ?? undefined,
        createdAt: row.created_at,
      }));
    },

    /** Gives a person this token; the one of the same kind they had is void from now on. */
    async put(person: PersonId, { kind, key, secretSealed, secretHash }: NewToken): Promise<void> {
      const secret = { key, secret_sealed: secretSealed ?? null, secret_hash: secretHash ?? null };
      await tx
        .insertInto("token")
        .values({ person_id: person, kind, ...secret })
        .onConflict(on =>
          on.columns(["person_id", "kind"]).doUpdateSet({ ...secret, last_used_at: null, created_at: sql<Date>`now()` }),
        )
        .execute();
    },

    /** @returns what it was */
    async remove(id: number): Promise<{ person: PersonId; kind: TokenKind; key: string } | undefined> {
      const row = await tx.deleteFrom("token").where("id", "=", id).returning(["person_id", "kind", "key"]).executeTakeFirst();
      return row && { person: row.person_id as PersonId, kind: row.kind as TokenKind, key: row.key };
    },

    async noteUse(id: number, at: Date): Promise<void> {
      await tx.updateTable("token").set({ last_used_at: at }).where("id", "=", id).execute();
    },
  };
};
