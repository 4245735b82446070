import { type RawBuilder, type SqlBool, sql } from "kysely";
import { type Actor, type PersonId, personOf } from "../core/people/model.ts";
import type { RoleOn, StandingOn } from "../core/permissions/model.ts";
import type { StorageId } from "../core/storages/model.ts";
import type {
  CredentialType,
  Execution,
  Parent,
  StoredCredential,
  SystemEvent,
  SystemFilter,
  SystemId,
  SystemInput,
  SystemKind,
  SystemRecord,
  SystemRole,
  SystemStatus,
} from "../core/systems/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import type { Sealed } from "../kernel/secrets.ts";
import { all, windowOf } from "./filters.ts";
import { live, rankOf, standingOf, visibleSystems } from "./permissions.ts";
import { storageOfRow } from "./storages.ts";
import type { Tx } from "./store.ts";

interface Row {
  id: number;
  name: string;
  kind: SystemKind;
  owner_name: string;
  description: string;
  site: string;
  status: SystemStatus;
  home: string;
  details: Record<string, unknown>;
  execution: Execution | null;
  is_available: boolean;
  is_public: boolean;
  is_global_default: boolean;
  is_default: boolean;
  standing: StandingOn<"system"> | null;
  revision: number;
  created_at: Date;
  updated_at: Date;
}
type StorageRow = Parameters<typeof storageOfRow>[0];

const TABLES = sql`system join storage on storage.id = system.storage_id join person on person.id = storage.owner_id`;
const columns = (actor: Actor): RawBuilder<unknown> => sql`
  storage.*, system.id as system_id, system.name as system_name, system.kind, person.username as owner_name, system.description, system.site,
  system.status, system.home, system.details, system.execution, system.is_available, system.is_public, system.is_global_default,
  system.revision, system.created_at as system_created_at, greatest(system.updated_at, storage.updated_at) as system_updated_at,
  ${isDefault(actor)} as is_default, ${standingOf(actor, "system")} as standing`;
const isDefault = (actor: Actor): RawBuilder<SqlBool> => sql<SqlBool>`exists (
  select from system_default where system_id = system.id and person_id = ${personOf(actor)?.id ?? null}::bigint)`;

type Joined = StorageRow &
  Omit<Row, "id" | "name" | "created_at" | "updated_at"> & {
    system_id: number;
    system_name: string;
    system_created_at: Date;
    system_updated_at: Date;
  };

const recordOf = (row: Joined): SystemRecord => ({
  id: row.system_id as SystemId,
  name: row.system_name,
  kind: row.kind,
  storage: storageOfRow(row),
  ownerName: row.owner_name,
  description: row.description,
  site: row.site,
  status: row.status,
  home: row.home,
  details: row.details,
  execution: row.execution ?? undefined,
  isAvailable: row.is_available,
  isPublic: row.is_public,
  isGlobalDefault: row.is_global_default,
  isDefault: row.is_default,
  standing: row.standing ?? undefined,
  revision: row.revision,
  createdAt: row.system_created_at,
  updatedAt: row.system_updated_at,
});

type Described = Omit<SystemInput, "storage" | "login" | "isAvailable">;
const columnsOf = ({ kind, description, site, status, home, details, execution }: Described) => ({
  kind,
  description,
  site,
  status,
  home,
  details: JSON.stringify(details),
  execution: execution === undefined ? null : JSON.stringify(execution),
});

export const systems = (tx: Tx) => {
  const one = async (actor: Actor, where: RawBuilder<SqlBool>): Promise<SystemRecord | undefined> => {
    const { rows } = await sql<Joined>`select ${columns(actor)} from ${TABLES} where ${where}`.execute(tx);
    return rows[0] && recordOf(rows[0]);
  };
  return {
    /** Those that the actor sees, by name. */
    async page(actor: Actor, filter: SystemFilter, window: Window): Promise<Page<SystemRecord>> {
      const page = await windowOf<Joined>(tx, window, {
        columns: columns(actor),
        tables: TABLES,
        where: [
          visibleSystems(actor),
          ...(filter.kind === undefined ? [] : [sql<SqlBool>`system.kind = ${filter.kind}`]),
          ...(filter.isPublic === undefined ? [] : [sql<SqlBool>`system.is_public = ${filter.isPublic}`]),
          ...(filter.isDefault === undefined ? [] : [sql<SqlBool>`${isDefault(actor)} = ${filter.isDefault}`]),
        ],
        order: sql`system.name`,
      });
      return { total: page.total, items: page.items.map(recordOf) };
    },

    /** With where the actor stands; who asks decides whether they may know of it. */
    async named(actor: Actor, name: string): Promise<SystemRecord | undefined> {
      return one(actor, sql<SqlBool>`system.name = ${name}`);
    },

    /** Held to the end of the transaction. */
    async lock(actor: Actor, name: string): Promise<SystemRecord | undefined> {
      await sql`select from ${TABLES} where system.name = ${name} for update of system, storage`.execute(tx);
      return one(actor, sql<SqlBool>`system.name = ${name}`);
    },

    /** One's own default, else everybody's; of those that one sees. */
    async defaultOf(actor: Actor, kind: SystemKind): Promise<SystemRecord | undefined> {
      const { rows } = await sql<Joined>`
        select ${columns(actor)} from ${TABLES}
        where system.kind = ${kind} and ${visibleSystems(actor)} and (system.is_global_default or ${isDefault(actor)})
        order by ${isDefault(actor)} desc limit 1`.execute(tx);
      return rows[0] && recordOf(rows[0]);
    },

    /** Whose a name is where no storage goes by it any more; undefined where nobody ever had it. */
    async reserved(name: string): Promise<{ readonly owner: PersonId | undefined } | undefined> {
      const row = await tx
        .selectFrom("system")
        .select("reserved_for")
        .where("name", "=", name)
        .where("storage_id", "is", null)
        .executeTakeFirst();
      return row && { owner: (row.reserved_for as PersonId | null) ?? undefined };
    },

    /** Gives the system of a new storage its name and description. A name that was kept for its owner is used again. */
    async describe(storage: StorageId, name: string, input: Described): Promise<void> {
      await tx.deleteFrom("system").where("name", "=", name).where("storage_id", "is", null).execute();
      await tx
        .updateTable("system")
        .set({ ...columnsOf(input), name })
        .where("storage_id", "=", storage)
        .execute();
    },

    async update(id: SystemId, input: Described): Promise<void> {
      await tx
        .updateTable("system")
        .set({ ...columnsOf(input), revision: sql<number>`revision + 1`, updated_at: sql<Date>`now()` })
        .where("id", "=", id)
        .execute();
    },

    async set(
      id: SystemId,
      changes: { readonly is_available?: boolean; readonly is_public?: boolean; readonly is_global_default?: boolean },
    ): Promise<void> {
      await tx
        .updateTable("system")
        .set({ ...changes, updated_at: sql<Date>`now()` })
        .where("id", "=", id)
        .execute();
    },

    /** Everybody's default of its kind, instead of the one before. */
    async setGlobalDefault(id: SystemId, kind: SystemKind): Promise<void> {
      await tx
        .updateTable("system")
        .set({ is_global_default: false })
        .where("kind", "=", kind)
        .where("is_global_default", "=", true)
        .execute();
      await this.set(id, { is_global_default: true });
    },

    async setDefault(person: PersonId, kind: SystemKind, id: SystemId): Promise<void> {
      await tx
        .insertInto("system_default")
        .values({ person_id: person, kind, system_id: id })
        .onConflict(on => on.columns(["person_id", "kind"]).doUpdateSet({ system_id: id }))
        .execute();
    },

    async unsetDefault(person: PersonId, id: SystemId): Promise<void> {
      await tx.deleteFrom("system_default").where("person_id", "=", person).where("system_id", "=", id).execute();
    },

    /** By whom they were given, oldest first; one for each person, the highest. */
    async roles(id: SystemId): Promise<SystemRole[]> {
      const { rows } = await sql<SystemRole>`
        select username, role from (
          select distinct on (person_id) permission.id, person.username, permission.role from permission join person on person.id = person_id
          where object_kind = 'system' and object_id = ${id} and path = '' and ${live}
          order by person_id, ${rankOf("system")} desc) given order by id`.execute(tx);
      return rows;
    },

    /** Exactly this role, or none. */
    async putRole(id: SystemId, person: PersonId, role: RoleOn<"system"> | undefined, by: PersonId | undefined): Promise<void> {
      await this.clearRoles(id, person);
      if (role !== undefined)
        await tx
          .insertInto("permission")
          .values({ object_kind: "system", object_id: id, person_id: person, role, created_by_id: by ?? null })
          .execute();
    },

    async clearRoles(id: SystemId, person?: PersonId): Promise<void> {
      await tx
        .deleteFrom("permission")
        .where("object_kind", "=", "system")
        .where("object_id", "=", id)
        .$if(person !== undefined, query => query.where("person_id", "=", person as PersonId))
        .execute();
    },

    /** Newest last. */
    async history(id: SystemId, { offset, limit }: Window): Promise<SystemEvent[]> {
      const { rows } = await sql<SystemEvent>`
        select event.at, coalesce(person.username, event.actor) as by, event.verb, event.data
        from event left join person on event.actor = 'person:' || person.id
        where object_kind = 'system' and object_id = ${String(id)} order by event.id offset ${offset} limit ${limit}`.execute(tx);
      return rows;
    },
  };
};

export interface KeptCredential extends Omit<StoredCredential, "isValid"> {
  readonly sealed: Sealed;
}

export const systemCredentials = (tx: Tx) => ({
  async of(
    system: SystemId,
    which: { readonly internal?: string | undefined; readonly parent?: Parent | undefined },
  ): Promise<KeptCredential[]> {
    const rows = await tx
      .selectFrom("system_credential")
      .selectAll()
      .where("system_id", "=", system)
      .$if(which.internal !== undefined, query => query.where("internal", "=", which.internal as string))
      .$if(which.parent !== undefined, query => query.where("parent", "=", which.parent as Parent))
      .orderBy("id")
      .execute();
    return rows.map(row => ({
      parent: row.parent,
      internal: row.internal,
      type: row.type as CredentialType,
      username: row.username,
      createdAt: row.created_at,
      sealed: row.secrets_sealed,
    }));
  },

  async put(system: SystemId, credential: Omit<KeptCredential, "createdAt">): Promise<void> {
    const { internal, parent, type, username, sealed } = credential;
    const kept = { type, username, secrets_sealed: sealed };
    await tx
      .insertInto("system_credential")
      .values({ system_id: system, internal, parent, ...kept })
      .onConflict(on => on.columns(["system_id", "internal", "parent"]).doUpdateSet({ ...kept, created_at: sql<Date>`now()` }))
      .execute();
  },

  async remove(
    system: SystemId,
    which: { readonly internal?: string | undefined; readonly parent?: Parent | undefined },
  ): Promise<void> {
    await tx
      .deleteFrom("system_credential")
      .where(
        all([
          sql<SqlBool>`system_id = ${system}`,
          ...(which.internal === undefined ? [] : [sql<SqlBool>`internal = ${which.internal}`]),
          ...(which.parent === undefined ? [] : [sql<SqlBool>`parent = ${which.parent}`]),
        ]),
      )
      .execute();
  },
});
