import { type Selectable, sql } from "kysely";
import type { ClusterCan, ClusterView, NodeView, Quotas, Used } from "../core/tasks/model.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";

export interface ComputeAccount {
  readonly personId: number;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly keySerial: number;
  readonly publicKey: string;
  readonly quotas: Quotas;
  /** Where mails about tasks go; undefined: to the person's own address. */
  readonly email: string | undefined;
  readonly guestActive: boolean;
  readonly lastAt: Date;
}

export interface ProjectVolume {
  readonly name: string;
  readonly path: string;
  readonly mount: string;
  readonly acl: "ro" | "rw";
}

export interface ComputeProject {
  readonly studyId: number;
  readonly quotas: Quotas;
  readonly volumes: readonly ProjectVolume[];
  readonly epoch: number;
}

interface QuotaColumns {
  readonly prio: number;
  readonly quota_seconds: number;
  readonly quota_cpu: number;
  readonly quota_memory_mib: number;
  readonly quota_gpus: number;
}
const quotasOf = (row: QuotaColumns): Quotas => ({
  prio: row.prio,
  seconds: row.quota_seconds,
  cpu: row.quota_cpu,
  memoryMib: row.quota_memory_mib,
  gpus: row.quota_gpus,
});
const quotaColumns = (quotas: Partial<Quotas>): Partial<QuotaColumns> => ({
  ...(quotas.prio === undefined ? {} : { prio: quotas.prio }),
  ...(quotas.seconds === undefined ? {} : { quota_seconds: quotas.seconds }),
  ...(quotas.cpu === undefined ? {} : { quota_cpu: quotas.cpu }),
  ...(quotas.memoryMib === undefined ? {} : { quota_memory_mib: quotas.memoryMib }),
  ...(quotas.gpus === undefined ? {} : { quota_gpus: quotas.gpus }),
});

const accountOf = (row: Selectable<Database["compute_account"]>): ComputeAccount => ({
  personId: row.person_id,
  uid: row.uid,
  gid: row.gid,
  groups: row.groups.map(Number),
  keySerial: row.key_serial,
  publicKey: row.public_key,
  quotas: quotasOf(row),
  email: row.email ?? undefined,
  guestActive: row.guest_active,
  lastAt: row.last_at,
});

export const NO_QUOTAS: Quotas = { prio: 50, seconds: 0, cpu: 0, memoryMib: 0, gpus: 0 };

export interface UsageDay extends Used {
  /** "2026-03-07". */
  readonly day: string;
}

const nodeOf = (node: NodeView): NodeView => node;

export const compute = (tx: Tx) => ({
  async account(personId: number): Promise<ComputeAccount | undefined> {
    const row = await tx.selectFrom("compute_account").selectAll().where("person_id", "=", personId).executeTakeFirst();
    return row && accountOf(row);
  },

  async accounts(personIds: readonly number[]): Promise<Map<number, ComputeAccount>> {
    const rows = await tx
      .selectFrom("compute_account")
      .selectAll()
      .where("person_id", "=", sql<number>`any(${personIds as number[]}::bigint[])`)
      .execute();
    return new Map(rows.map(row => [row.person_id, accountOf(row)]));
  },

  /** Nothing when there is one already. */
  async addAccount({ personId, uid, gid, lastAt }: Pick<ComputeAccount, "personId" | "uid" | "gid" | "lastAt">): Promise<void> {
    await tx
      .insertInto("compute_account")
      .values({ person_id: personId, uid, gid, last_at: lastAt })
      .onConflict(on => on.doNothing())
      .execute();
  },

  async changeAccount(
    personId: number,
    changes: {
      readonly quotas?: Partial<Quotas>;
      readonly publicKey?: string;
      readonly keySerial?: number;
      readonly email?: string;
      readonly guestActive?: boolean;
      readonly lastAt?: Date;
    },
  ): Promise<void> {
    const columns = {
      ...quotaColumns(changes.quotas ?? {}),
      ...(changes.publicKey === undefined ? {} : { public_key: changes.publicKey }),
      ...(changes.keySerial === undefined ? {} : { key_serial: changes.keySerial }),
      ...(changes.email === undefined ? {} : { email: changes.email }),
      ...(changes.guestActive === undefined ? {} : { guest_active: changes.guestActive }),
      ...(changes.lastAt === undefined ? {} : { last_at: changes.lastAt }),
    };
    if (Object.keys(columns).length === 0) return;
    await tx.updateTable("compute_account").set(columns).where("person_id", "=", personId).execute();
  },

  /** With what stands for a study that nothing was said of. */
  async projects(studyIds: readonly number[]): Promise<Map<number, ComputeProject>> {
    const rows = await tx
      .selectFrom("compute_project")
      .selectAll()
      .where("study_id", "=", sql<number>`any(${studyIds as number[]}::bigint[])`)
      .execute();
    const known = new Map(rows.map(row => [row.study_id, row]));
    return new Map(
      studyIds.map(studyId => {
        const row = known.get(studyId);
        return [
          studyId,
          {
            studyId,
            quotas: row ? quotasOf(row) : NO_QUOTAS,
            volumes: (row?.volumes ?? []) as ProjectVolume[],
            epoch: row?.epoch ?? 0,
          },
        ];
      }),
    );
  },

  async changeProject(
    studyId: number,
    changes: { readonly quotas?: Partial<Quotas>; readonly volumes?: readonly ProjectVolume[] },
  ): Promise<void> {
    const columns = {
      ...quotaColumns(changes.quotas ?? {}),
      ...(changes.volumes === undefined ? {} : { volumes: JSON.stringify(changes.volumes) }),
    };
    await tx
      .insertInto("compute_project")
      .values({ study_id: studyId, volumes: "[]", ...columns })
      .onConflict(on => (Object.keys(columns).length === 0 ? on.doNothing() : on.column("study_id").doUpdateSet(columns)))
      .execute();
  },

  /** What was used up to now no longer counts against its quota. */
  async resetProject(studyId: number): Promise<void> {
    await sql`
      insert into compute_project (study_id, epoch) values (${studyId}, 1)
      on conflict (study_id) do update set epoch = compute_project.epoch + 1`.execute(tx);
  },

  async addUsage(personId: number, studyId: number, at: Date, used: Used & { readonly cpuSeconds: number }): Promise<void> {
    await sql`
      insert into compute_usage (person_id, study_id, day, epoch, tasks, cpu, memory_mib, gpus, seconds, cpu_seconds)
      values (${personId}, ${studyId}, (${at}::timestamptz at time zone 'UTC')::date,
        coalesce((select epoch from compute_project where study_id = ${studyId}), 0), ${used.tasks}, ${used.cpu}, ${used.memoryMib}, ${used.gpus},
        ${used.seconds}, ${used.cpuSeconds})
      on conflict (person_id, study_id, day, epoch) do update set tasks = compute_usage.tasks + excluded.tasks, cpu = compute_usage.cpu + excluded.cpu,
        memory_mib = compute_usage.memory_mib + excluded.memory_mib, gpus = compute_usage.gpus + excluded.gpus,
        seconds = compute_usage.seconds + excluded.seconds, cpu_seconds = compute_usage.cpu_seconds + excluded.cpu_seconds`.execute(
      tx,
    );
  },

  /** Day by day, oldest first. A study's own only since its last reset. */
  async usageDays(of: { readonly person: number } | { readonly study: number }, windowDays: number): Promise<UsageDay[]> {
    const which =
      "person" in of
        ? sql`person_id = ${of.person}`
        : sql`study_id = ${of.study} and epoch = coalesce((select epoch from compute_project where study_id = ${of.study}), 0)`;
    const { rows } = await sql<UsageDay>`
      select day::text as day, sum(tasks)::bigint as tasks, sum(cpu)::bigint as cpu, sum(memory_mib)::bigint as "memoryMib", sum(gpus)::bigint as gpus,
        sum(seconds)::bigint as seconds
      from compute_usage where ${which} and day > (now() at time zone 'UTC')::date - ${windowDays}::integer group by day order by day`.execute(
      tx,
    );
    return rows;
  },

  /** Sums of a month by person and study. */
  async bill(
    of: { readonly person: number } | { readonly study: number },
    from: string,
    until: string,
  ): Promise<(Used & { readonly username: string; readonly project: string })[]> {
    const which = "person" in of ? sql`person_id = ${of.person}` : sql`study_id = ${of.study}`;
    const { rows } = await sql<Used & { username: string; project: string }>`
      select coalesce(person.username, '') as username, coalesce(study.slug, '') as project, sum(tasks)::bigint as tasks, sum(cpu)::bigint as cpu,
        sum(memory_mib)::bigint as "memoryMib", sum(usage.gpus)::bigint as gpus, sum(seconds)::bigint as seconds
      from compute_usage usage left join person on person.id = usage.person_id left join study on study.id = usage.study_id
      where ${which} and day >= ${from}::date and day < ${until}::date group by 1, 2 order by 1, 2`.execute(tx);
    return rows;
  },

  /** An application's token: whose it is. */
  async appToken(hash: string): Promise<{ id: number; personId: number; name: string } | undefined> {
    const row = await tx.selectFrom("compute_app_token").selectAll().where("token_hash", "=", hash).executeTakeFirst();
    return row && { id: row.id, personId: row.person_id, name: row.name };
  },
  async appTokens(personId: number): Promise<{ id: number; name: string; sealed: Buffer; createdAt: Date }[]> {
    const rows = await tx.selectFrom("compute_app_token").selectAll().where("person_id", "=", personId).orderBy("id").execute();
    return rows.map(row => ({ id: row.id, name: row.name, sealed: row.token_sealed, createdAt: row.created_at }));
  },
  async addAppToken(personId: number, name: string, hash: string, sealed: Buffer): Promise<void> {
    await tx
      .insertInto("compute_app_token")
      .values({ person_id: personId, name, token_hash: hash, token_sealed: sealed })
      .execute();
  },
  async removeAppToken(id: number): Promise<void> {
    await tx.deleteFrom("compute_app_token").where("id", "=", id).execute();
  },

  async noteImage(name: string, runs: number): Promise<void> {
    await sql`
      insert into compute_image (name, runs) values (${name}, ${runs})
      on conflict (name) do update set runs = compute_image.runs + excluded.runs`.execute(tx);
  },
  async imageRuns(name?: string): Promise<ReadonlyMap<string, number>> {
    const query = tx.selectFrom("compute_image").selectAll().orderBy("name");
    const rows = await (name === undefined ? query : query.where("name", "=", name)).execute();
    return new Map(rows.map(row => [row.name, row.runs]));
  },

  async maintenance(): Promise<ReadonlyMap<string, boolean>> {
    const rows = await tx.selectFrom("compute_maintenance").selectAll().orderBy("node").execute();
    return new Map(rows.map(row => [row.node, row.is_on]));
  },
  async setMaintenance(node: string, isOn: boolean): Promise<void> {
    await tx
      .insertInto("compute_maintenance")
      .values({ node, is_on: isOn })
      .onConflict(on => on.column("node").doUpdateSet({ is_on: isOn }))
      .execute();
  },

  /** In the order of the settings: the first is taken where none is named. */
  async clusters(): Promise<ClusterView[]> {
    const rows = await tx.selectFrom("compute_cluster").selectAll().orderBy("place").execute();
    return rows.map(row => ({
      name: row.name,
      engine: row.engine,
      can: row.can as unknown as ClusterCan,
      images: row.images as string[],
      nodes: (row.nodes as NodeView[]).map(nodeOf),
      said: row.said,
      seenAt: row.seen_at,
    }));
  },
  async noteCluster(view: ClusterView, place: number): Promise<void> {
    const columns = {
      engine: view.engine,
      place,
      can: JSON.stringify(view.can),
      images: JSON.stringify(view.images),
      nodes: JSON.stringify(view.nodes),
      said: view.said,
      seen_at: view.seenAt,
    };
    await tx
      .insertInto("compute_cluster")
      .values({ name: view.name, ...columns })
      .onConflict(on => on.column("name").doUpdateSet(columns))
      .execute();
  },
  /** Those that the settings no longer name. */
  async noteClusterProblem(name: string, said: string): Promise<void> {
    await tx.updateTable("compute_cluster").set({ nodes: "[]", images: "[]", said }).where("name", "=", name).execute();
  },

  async keepClusters(names: readonly string[]): Promise<void> {
    await sql`delete from compute_cluster where name <> all(${names as string[]}::text[])`.execute(tx);
  },

  /**
   * From now on what runs has its files in this place.
   * @returns false, and changes nothing, while something runs that has them in another
   */
  async takePlace(id: string): Promise<boolean> {
    const { rows } = await sql<{ id: string }>`
      insert into compute_place (id) values (${id})
      on conflict (is_only) do update set id = excluded.id
      where compute_place.id = excluded.id or not exists (select from task_run where state <> 'ended')
      returning id`.execute(tx);
    return rows.length > 0;
  },

  async putMetric(name: string, host: string, value: number, add: boolean): Promise<void> {
    await sql`
      insert into compute_metric (name, host, value) values (${name}, ${host}, ${value})
      on conflict (name, host) do update set value = ${add ? sql`compute_metric.value + excluded.value` : sql`excluded.value`}, at = now()`.execute(
      tx,
    );
  },
  async metrics(): Promise<{ name: string; host: string; value: number }[]> {
    return tx.selectFrom("compute_metric").select(["name", "host", "value"]).orderBy("name").orderBy("host").execute();
  },
});
