import { type RawBuilder, sql } from "kysely";
import type { Quotas } from "../core/tasks/model.ts";
import type { ProjectVolume } from "./compute.ts";
import type { Tx } from "./store.ts";

/** A study as a project of those who compute: by its slug, with its members' names. */
export interface ProjectView {
  readonly studyId: number;
  readonly ownerId: number;
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly owner: string;
  readonly members: readonly string[];
  readonly quotas: Quotas;
  readonly volumes: readonly ProjectVolume[];
}

interface Row {
  readonly id: number;
  readonly owner_id: number;
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly owner: string;
  readonly members: string[] | null;
  readonly prio: number | null;
  readonly quota_seconds: number | null;
  readonly quota_cpu: number | null;
  readonly quota_memory_mib: number | null;
  readonly quota_gpus: number | null;
  readonly volumes: ProjectVolume[] | null;
}

const viewOf = (row: Row): ProjectView => ({
  studyId: row.id,
  ownerId: row.owner_id,
  slug: row.slug,
  name: row.name,
  description: row.description,
  owner: row.owner,
  members: row.members ?? [],
  quotas: {
    prio: row.prio ?? 50,
    seconds: row.quota_seconds ?? 0,
    cpu: row.quota_cpu ?? 0,
    memoryMib: row.quota_memory_mib ?? 0,
    gpus: row.quota_gpus ?? 0,
  },
  volumes: row.volumes ?? [],
});

const MEMBERS = sql`select person_id from permission where object_kind = 'study' and object_id = study.id and path = '' and active
  and (expires_at is null or expires_at > now())`;

export const projects = (tx: Tx) => {
  const select = async (which: RawBuilder<unknown>): Promise<ProjectView[]> => {
    const { rows } = await sql<Row>`
      select study.id, study.owner_id, study.slug, study.name, study.description, owner.username as owner, project.prio, project.quota_seconds,
        project.quota_cpu, project.quota_memory_mib, project.quota_gpus, project.volumes,
        (select array_agg(distinct username order by username) from person where id = study.owner_id or id in (${MEMBERS})) as members
      from study join person owner on owner.id = study.owner_id left join compute_project project on project.study_id = study.id
      where study.slug <> '' and ${which} order by study.slug`.execute(tx);
    return rows.map(viewOf);
  };
  return {
    async bySlug(slug: string): Promise<ProjectView | undefined> {
      return (await select(sql`study.slug = ${slug}`))[0];
    },
    all: (): Promise<ProjectView[]> => select(sql`true`),
    ownedBy: (person: number): Promise<ProjectView[]> => select(sql`study.owner_id = ${person}`),
    of: (person: number): Promise<ProjectView[]> =>
      select(sql`(study.owner_id = ${person} or exists (${MEMBERS} and person_id = ${person}))`),

    /** @throws where another study has it */
    async name(studyId: number, slug: string): Promise<void> {
      await tx.updateTable("study").set({ slug }).where("id", "=", studyId).execute();
    },
    async handOver(studyId: number, ownerId: number): Promise<void> {
      await tx.updateTable("study").set({ owner_id: ownerId }).where("id", "=", studyId).execute();
    },
    async describe(studyId: number, description: string): Promise<void> {
      await tx.updateTable("study").set({ description }).where("id", "=", studyId).execute();
    },
    /** A field for a study that is made without one: of the owner's faculty where there is one. */
    async anyField(ownerId: number): Promise<number | undefined> {
      const { rows } = await sql<{ id: number }>`
        select field.id from study_field field left join person on person.id = ${ownerId} and person.faculty_id = field.faculty_id
        order by person.id nulls last, field.id limit 1`.execute(tx);
      return rows[0]?.id;
    },
    async personIds(usernames: readonly string[]): Promise<Map<string, number>> {
      const { rows } = await sql<{ id: number; username: string }>`
        select id, username from person where username = any(${usernames as string[]}::text[])`.execute(tx);
      return new Map(rows.map(row => [row.username, row.id]));
    },
  };
};
