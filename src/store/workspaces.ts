import { type Selectable, sql } from "kysely";
import type {
  MachineId,
  Orphan,
  Power,
  ProviderId,
  Task,
  Workspace,
  WorkspaceId,
  WorkspaceStatus,
} from "../core/machines/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { pageOf } from "./pages.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";

const workspaceOfRow = (row: Selectable<Database["workspace"]>): Workspace => ({
  id: row.id as WorkspaceId,
  machineId: row.machine_id as MachineId,
  provider: row.provider as ProviderId,
  cloudId: row.cloud_id,
  status: row.status as WorkspaceStatus,
  statusMessage: row.status_message,
  power: row.power as Power,
  claimed: row.claimed,
  task: (row.task ?? undefined) as Task | undefined,
  taskFailed: row.task_failed,
  taskSince: row.task_since ?? undefined,
  askedAt: row.asked_at ?? undefined,
  missingSince: row.missing_since ?? undefined,
  startingAt: row.starting_at,
  endingAt: row.ending_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** `null` clears; an absent field stays. */
export interface WorkspaceChanges {
  readonly cloudId?: string | undefined;
  readonly status?: WorkspaceStatus | undefined;
  readonly statusMessage?: string | undefined;
  readonly power?: Power | undefined;
  readonly claimed?: boolean | undefined;
  readonly task?: Task | null | undefined;
  readonly taskFailed?: boolean | undefined;
  readonly taskSince?: Date | null | undefined;
  readonly askedAt?: Date | null | undefined;
  readonly missingSince?: Date | null | undefined;
  readonly endingAt?: Date | undefined;
}

const columnsOf = (changes: WorkspaceChanges) => ({
  ...(changes.cloudId === undefined ? {} : { cloud_id: changes.cloudId }),
  ...(changes.status === undefined ? {} : { status: changes.status }),
  ...(changes.statusMessage === undefined ? {} : { status_message: changes.statusMessage }),
  ...(changes.power === undefined ? {} : { power: changes.power }),
  ...(changes.claimed === undefined ? {} : { claimed: changes.claimed }),
  ...(changes.task === undefined ? {} : { task: changes.task }),
  ...(changes.taskFailed === undefined ? {} : { task_failed: changes.taskFailed }),
  ...(changes.taskSince === undefined ? {} : { task_since: changes.taskSince }),
  ...(changes.askedAt === undefined ? {} : { asked_at: changes.askedAt }),
  ...(changes.missingSince === undefined ? {} : { missing_since: changes.missingSince }),
  ...(changes.endingAt === undefined ? {} : { ending_at: changes.endingAt }),
});

export const workspaces = (tx: Tx) => ({
  async insert(machineId: MachineId, provider: ProviderId, startingAt: Date, endingAt: Date): Promise<Workspace> {
    const row = await tx
      .insertInto("workspace")
      .values({ machine_id: machineId, provider, status: "NEW", starting_at: startingAt, ending_at: endingAt })
      .returningAll()
      .executeTakeFirstOrThrow();
    return workspaceOfRow(row);
  },

  async byId(id: number): Promise<Workspace | undefined> {
    const row = await tx.selectFrom("workspace").selectAll().where("id", "=", id).executeTakeFirst();
    return row && workspaceOfRow(row);
  },

  /** The row, held to the end of the transaction. */
  async lock(id: number): Promise<Workspace | undefined> {
    const row = await tx.selectFrom("workspace").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
    return row && workspaceOfRow(row);
  },

  async lockOfMachine(machineId: number): Promise<void> {
    await tx.selectFrom("workspace").select("id").where("machine_id", "=", machineId).forUpdate().execute();
  },

  async ofMachines(ids: readonly MachineId[]): Promise<ReadonlyMap<MachineId, Workspace>> {
    if (ids.length === 0) return new Map();
    const rows = await tx.selectFrom("workspace").selectAll().where("machine_id", "in", ids).execute();
    return new Map(rows.map(row => [row.machine_id as MachineId, workspaceOfRow(row)]));
  },

  /** Oldest first: what waits longest is built first. */
  async queue(provider: ProviderId, status: WorkspaceStatus | undefined, window: Window): Promise<Page<Workspace>> {
    const all = tx.selectFrom("workspace").where("provider", "=", provider);
    const page = await pageOf(tx, status ? all.where("status", "=", status) : all, window, query =>
      query.selectAll().orderBy("created_at").orderBy("id"),
    );
    return { total: page.total, items: page.items.map(workspaceOfRow) };
  },

  async update(id: WorkspaceId, changes: WorkspaceChanges): Promise<Workspace> {
    const row = await tx
      .updateTable("workspace")
      .set({ ...columnsOf(changes), updated_at: sql<Date>`now()` })
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirstOrThrow();
    return workspaceOfRow(row);
  },

  /** Those whose life ends before that moment and goes on until then, soonest first. */
  async endingBefore(moment: Date): Promise<Workspace[]> {
    const rows = await tx
      .selectFrom("workspace")
      .selectAll()
      .where("status", "not in", ["DELETE", "TERMINATED"])
      .where("ending_at", "<=", moment)
      .orderBy("ending_at")
      .execute();
    return rows.map(workspaceOfRow);
  },

  /** What a provider is thought to have. */
  async built(provider: ProviderId): Promise<Workspace[]> {
    const rows = await tx
      .selectFrom("workspace")
      .selectAll()
      .where("provider", "=", provider)
      .where("cloud_id", "!=", "")
      .where("status", "in", ["DONE", "OFFLINE", "ERROR"])
      .execute();
    return rows.map(workspaceOfRow);
  },

  /** For the metrics. */
  async counts(): Promise<readonly { provider: string; status: string; count: number }[]> {
    return tx
      .selectFrom("workspace")
      .select(["provider", "status", sql<number>`count(*)`.as("count")])
      .groupBy(["provider", "status"])
      .execute();
  },

  async orphans(provider?: ProviderId): Promise<Orphan[]> {
    const all = tx.selectFrom("machine_orphan").selectAll().orderBy("first_seen_at");
    const rows = await (provider ? all.where("provider", "=", provider) : all).execute();
    return rows.map(row => ({ remoteId: row.remote_id, provider: row.provider as ProviderId, key: row.key, name: row.name }));
  },

  async addOrphan({ remoteId, provider, key, name }: Orphan): Promise<void> {
    await tx
      .insertInto("machine_orphan")
      .values({ remote_id: remoteId, provider, key, name })
      .onConflict(on => on.doNothing())
      .execute();
  },

  async removeOrphan(remoteId: string): Promise<void> {
    await tx.deleteFrom("machine_orphan").where("remote_id", "=", remoteId).execute();
  },
});
