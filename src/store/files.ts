import { type RawBuilder, type Selectable, sql } from "kysely";
import type { FileEvent, FileGrant, FileMark, Rights, Standing } from "../core/files/model.ts";
import { ALL, READ } from "../core/files/model.ts";
import { type Actor, type PersonId, personOf, seesAll } from "../core/people/model.ts";
import type { Standing as StudyStanding } from "../core/permissions/model.ts";
import type { StorageRecord } from "../core/storages/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { pageOf } from "./pages.ts";
import { standingOf, studiesWorkedIn, systemsTrusting } from "./permissions.ts";
import type { Database } from "./schema.ts";
import { storageOfRow } from "./storages.ts";
import type { Tx } from "./store.ts";

/** Rights on paths are rows of the one table of permissions; their paths begin with "/", so that none is taken for the object itself. */
const KIND = "file";
const keptPath = (path: string): string => `/${path}`;
const roleOf = ({ read, write, execute }: Rights): string => `${read ? "r" : "-"}${write ? "w" : "-"}${execute ? "x" : "-"}`;
const rightsOf = (role: string): Rights => ({
  read: role.includes("r"),
  write: role.includes("w"),
  execute: role.includes("x"),
});

const grantOf = (row: { path: string; person_id: number | null; role: string; recursive: boolean }): FileGrant => ({
  path: row.path.slice(1),
  personId: (row.person_id as PersonId | null) ?? undefined,
  rights: rightsOf(row.role),
  recursive: row.recursive,
});

const markOf = (row: Selectable<Database["file_mark"]>): FileMark => ({
  path: row.path,
  uuid: row.uuid,
  ownerId: (row.owner_id as PersonId | null) ?? undefined,
  version: row.version,
  sha256: row.sha256 ?? undefined,
});

/** A path and everything below it, in a column of paths that begin with `start`. "0" is what comes after "/". */
const below = (column: string, path: string): RawBuilder<boolean> =>
  path === "" || path === "/"
    ? sql<boolean>`true`
    : sql<boolean>`(${sql.ref(column)} = ${path} or (${sql.ref(column)} collate "C" >= ${`${path}/`} and ${sql.ref(column)} collate "C" < ${`${path}0`}))`;

/** What a role in a study is worth in the folders that the study's drops are brought to. */
const BY_STUDY: Readonly<Record<StudyStanding, Omit<Standing, "path"> | undefined>> = {
  member: undefined,
  researcher: { rights: READ, mayShare: false },
  administrator: { rights: ALL, mayShare: true },
  owner: { rights: ALL, mayShare: true },
};

/** How an event names a path. */
export const fileObject = (storageId: number, path: string): string => `${storageId}/${path}`;

export const files = (tx: Tx) => ({
  /**
   * In a storage of others: all of it for its system's administrators and, while it is nobody else's, its users; else the folders of
   * studies that the actor works in, and what that is worth there.
   */
  async standings(actor: Actor, storageId: number): Promise<Standing[]> {
    const { rows: trusted } = await sql`
      select from system where storage_id = ${storageId} and ${systemsTrusting(actor, sql.ref("system.id"))}`.execute(tx);
    if (trusted.length > 0) return [{ path: "", rights: ALL, mayShare: true }];
    const { rows } = await sql<{ path: string; upload_path: string; standing: StudyStanding | null }>`
      select location.path, location.upload_path, ${standingOf(actor, "study")} as standing
      from location join study on study.id = location.study_id where location.storage_id = ${storageId}`.execute(tx);
    return rows.flatMap(({ path, upload_path, standing }) => {
      const worth = standing === null ? undefined : BY_STUDY[standing];
      return worth ? [{ path: [path, upload_path].filter(Boolean).join("/"), ...worth }] : [];
    });
  },

  /** Storages in which the actor may see something, by name. */
  async places(actor: Actor, window: Window): Promise<Page<StorageRecord>> {
    const person = personOf(actor);
    const isSeen = seesAll(actor)
      ? sql<boolean>`true`
      : person
        ? sql<boolean>`storage.id = any(array(
            select id from storage where owner_id = ${person.id}
            union select object_id from permission where object_kind = ${KIND} and (person_id = ${person.id} or person_id is null) and role <> '---'
            union select storage_id from system where ${systemsTrusting(actor, sql.ref("system.id"))}
            union select storage_id from location where ${studiesWorkedIn(person.id, sql.ref("location.study_id"))}))`
        : sql<boolean>`false`;
    const page = await pageOf(tx, tx.selectFrom("storage").where(isSeen), window, query =>
      query.selectAll().orderBy("name").orderBy("id"),
    );
    return { total: page.total, items: page.items.map(storageOfRow) };
  },

  /** What somebody was given in a storage, and what everyone was. */
  async grantsFor(storageId: number, personId: PersonId): Promise<FileGrant[]> {
    const rows = await tx
      .selectFrom("permission")
      .select(["path", "person_id", "role", "recursive"])
      .where("object_kind", "=", KIND)
      .where("object_id", "=", storageId)
      .where(on => on.or([on("person_id", "=", personId), on("person_id", "is", null)]))
      .execute();
    return rows.map(grantOf);
  },

  /** Whatever was given to anybody on one of these paths. */
  async grantsOn(
    storageId: number,
    paths: readonly string[],
  ): Promise<(FileGrant & { readonly username: string | undefined })[]> {
    const rows = await tx
      .selectFrom("permission")
      .leftJoin("person", "person.id", "permission.person_id")
      .select(["permission.path", "permission.person_id", "permission.role", "permission.recursive", "person.username"])
      .where("object_kind", "=", KIND)
      .where("object_id", "=", storageId)
      .where("permission.path", "in", paths.map(keptPath))
      .orderBy("permission.id")
      .execute();
    return rows.map(row => ({ ...grantOf(row), username: row.username ?? undefined }));
  },

  /** Gives one person, or everyone, exactly these rights on a path. With `recursive` what they had below it goes. */
  async putGrant(storageId: number, { path, personId, rights, recursive }: FileGrant): Promise<void> {
    await this.removeGrants(storageId, path, { personId: personId ?? null, below: recursive });
    await tx
      .insertInto("permission")
      .values({
        object_kind: KIND,
        object_id: storageId,
        path: keptPath(path),
        person_id: personId ?? null,
        role: roleOf(rights),
        recursive,
      })
      .execute();
  },

  /** @param which of whom (null: of everyone; undefined: of anybody at all), and whether also below the path */
  async removeGrants(
    storageId: number,
    path: string,
    which: { readonly personId?: PersonId | null; readonly below: boolean },
  ): Promise<void> {
    await tx
      .deleteFrom("permission")
      .where("object_kind", "=", KIND)
      .where("object_id", "=", storageId)
      .where(which.below ? below("path", keptPath(path)) : sql<boolean>`path = ${keptPath(path)}`)
      .$if(which.personId !== undefined, query => query.where(sql<boolean>`person_id is not distinct from ${which.personId}`))
      .execute();
  },

  async marksOf(storageId: number, paths: readonly string[]): Promise<Map<string, FileMark>> {
    if (paths.length === 0) return new Map();
    const rows = await tx
      .selectFrom("file_mark")
      .selectAll()
      .where("storage_id", "=", storageId)
      .where(sql<boolean>`path = any(${[...paths]}::text[])`)
      .execute();
    return new Map(rows.map(row => [row.path, markOf(row)]));
  },

  /** Keeps what is known of a path. An owner stays who they are; a hash belongs to one version. */
  async mark(
    storageId: number,
    path: string,
    { ownerId, version = "", sha256 }: { ownerId?: PersonId | undefined; version?: string; sha256?: string | undefined },
  ): Promise<FileMark> {
    const known = { version, sha256: sha256 ?? null };
    const row = await tx
      .insertInto("file_mark")
      .values({ storage_id: storageId, path, owner_id: ownerId ?? null, ...known })
      .onConflict(on => on.columns(["storage_id", "path"]).doUpdateSet({ ...known, updated_at: sql<Date>`now()` }))
      .returningAll()
      .executeTakeFirstOrThrow();
    return markOf(row);
  },

  /** Marks and rights follow what has another path now; what was kept of the place it came to goes. */
  async moved(storageId: number, from: string, to: string): Promise<void> {
    await this.removed(storageId, to);
    await sql`
      update file_mark set path = ${to} || substr(path, ${from.length + 1}), updated_at = now()
      where storage_id = ${storageId} and ${below("path", from)}`.execute(tx);
    await sql`
      update dav_property set path = ${to} || substr(path, ${from.length + 1})
      where storage_id = ${storageId} and ${below("path", from)}`.execute(tx);
    await tx.deleteFrom("dav_lock").where("storage_id", "=", storageId).where(below("path", from)).execute();
    await sql`
      update permission set path = ${keptPath(to)} || substr(path, ${keptPath(from).length + 1})
      where object_kind = ${KIND} and object_id = ${storageId} and ${below("path", keptPath(from))}`.execute(tx);
  },

  async removed(storageId: number, path: string): Promise<void> {
    await tx.deleteFrom("file_mark").where("storage_id", "=", storageId).where(below("path", path)).execute();
    for (const table of ["dav_property", "dav_lock"] as const)
      await tx.deleteFrom(table).where("storage_id", "=", storageId).where(below("path", path)).execute();
    await this.removeGrants(storageId, path, { below: true });
  },

  /** Oldest first. */
  async history(storageId: number, path: string, { offset, limit }: Window): Promise<Page<FileEvent>> {
    const { rows: counted } = await sql<{ total: number }>`
      select count(*) as total from event where object_kind = ${KIND} and object_id = ${fileObject(storageId, path)}`.execute(tx);
    const total = counted[0]?.total ?? 0;
    const start = offset < 0 ? Math.max(0, Math.ceil(total / limit) - 1) * limit : offset;
    const { rows } = await sql<{ at: Date; actor: string; username: string | null; verb: string; data: Record<string, unknown> }>`
      select event.at, event.actor, person.username, event.verb, event.data
      from event left join person on event.actor = 'person:' || person.id
      where object_kind = ${KIND} and object_id = ${fileObject(storageId, path)}
      order by event.id offset ${start} limit ${limit}`.execute(tx);
    const items = rows.map(({ username, ...row }) => ({ ...row, username: username ?? undefined }));
    return { total, items };
  },

  /** Notes who reads a file; the same reading once an hour, for a player or a mounted drive reads piece by piece. */
  async noteReading(actor: string, storageId: number, path: string, studyId: number | undefined): Promise<void> {
    const object = fileObject(storageId, path);
    await sql`
      insert into event (actor, verb, object_kind, object_id, study_id, data)
      select ${actor}, 'file.read', ${KIND}, ${object}, ${studyId ?? null}::bigint, '{}'::jsonb where not exists (
        select from event where object_kind = ${KIND} and object_id = ${object} and verb = 'file.read'
          and actor = ${actor} and at > now() - interval '1 hour')`.execute(tx);
  },
});
