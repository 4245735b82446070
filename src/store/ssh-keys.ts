import { sql } from "kysely";
import type { NewSshKey, SshKey } from "../core/people/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { windowOf } from "./filters.ts";
import { live } from "./permissions.ts";
import type { Tx } from "./store.ts";

const COLUMNS = sql`ssh_key.id, ssh_key.uuid, ssh_key.name, public_key as "publicKey", ssh_key.type, fingerprint, ssh_key.created_at as "createdAt",
  person.uuid as "personUuid", person.username`;
const TABLES = sql`ssh_key join person on person.id = ssh_key.person_id`;

export const sshKeys = (tx: Tx) => ({
  /** Oldest first. */
  async ofPerson(person: number): Promise<SshKey[]> {
    const { rows } = await sql<SshKey>`select ${COLUMNS} from ${TABLES} where person_id = ${person} order by ssh_key.id`.execute(
      tx,
    );
    return rows;
  },

  async page(person: number, name: string | undefined, window: Window): Promise<Page<SshKey>> {
    return windowOf<SshKey>(tx, window, {
      columns: COLUMNS,
      tables: TABLES,
      where: [sql`person_id = ${person}`, ...(name === undefined ? [] : [sql<boolean>`ssh_key.name = ${name}`])],
      order: sql`ssh_key.id`,
    });
  },

  /** Of everybody who works in a study that uses something of this provider. */
  async ofProvider(organisation: number, window: Window): Promise<Page<SshKey>> {
    return windowOf<SshKey>(tx, window, {
      columns: COLUMNS,
      tables: TABLES,
      where: [
        sql`person.is_active and exists (
          select from permission join resource on resource.study_id = permission.object_id
          where object_kind = 'study' and permission.person_id = ssh_key.person_id and ${live}
            and resource.provider_id = ${organisation} and resource.state <> 'terminated')`,
      ],
      order: sql`ssh_key.id`,
    });
  },

  /** Fails as taken for a name or a key that this person has. */
  async insert(person: number, key: NewSshKey): Promise<string> {
    const row = await tx
      .insertInto("ssh_key")
      .values({ person_id: person, name: key.name, public_key: key.publicKey, type: key.type, fingerprint: key.fingerprint })
      .returning("uuid")
      .executeTakeFirstOrThrow();
    return row.uuid;
  },

  /** @returns its name, or undefined when this person has no such key */
  async remove(person: number, uuid: string): Promise<string | undefined> {
    const row = await tx
      .deleteFrom("ssh_key")
      .where("person_id", "=", person)
      .where("uuid", "=", uuid)
      .returning("name")
      .executeTakeFirst();
    return row?.name;
  },
});
