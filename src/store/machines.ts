import { type RawBuilder, type Selectable, type SqlBool, sql } from "kysely";
import type { Access, Machine, MachineId, NewMachine, ProviderId, Workspace } from "../core/machines/model.ts";
import { type Actor, type PersonId, personOf, seesAll } from "../core/people/model.ts";
import type { StudyId } from "../core/studies/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { pageOf } from "./pages.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";
import { workspaces } from "./workspaces.ts";

type Row = Selectable<Database["machine"]>;

export const machineOfRow = (row: Row): Machine => ({
  id: row.id as MachineId,
  key: row.key,
  name: row.name,
  provider: row.provider as ProviderId,
  studyId: row.study_id as StudyId,
  researcherId: row.researcher_id as PersonId,
  profileId: row.profile_id,
  osId: row.os_id,
  baseMemory: { part: row.base_memory_id, amount: row.base_memory_amount },
  baseStorage: { part: row.base_storage_id, amount: row.base_storage_amount },
  extraMemory: { part: row.extra_memory_id ?? undefined, amount: row.extra_memory_amount },
  extraStorage: { part: row.extra_storage_id ?? undefined, amount: row.extra_storage_amount },
  extraGpu: { part: row.extra_gpu_id ?? undefined, amount: row.extra_gpu_amount },
  networkIds: row.network_ids.map(Number),
  sshPublicKey: row.ssh_public_key,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const accessOfRow = (row: Selectable<Database["machine_access"]>): Access => ({
  id: row.id,
  machineId: row.machine_id as MachineId,
  username: row.username,
  ip: row.ip,
  publicKey: row.public_key,
  loginKeySealed: row.login_key_sealed ?? undefined,
  passwordSealed: row.password_sealed ?? undefined,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const columnsOf = (machine: Omit<NewMachine, "key" | "provider" | "researcherId">) => ({
  name: machine.name,
  study_id: machine.studyId,
  profile_id: machine.profileId,
  os_id: machine.osId,
  base_memory_id: machine.baseMemory.part,
  base_memory_amount: machine.baseMemory.amount,
  base_storage_id: machine.baseStorage.part,
  base_storage_amount: machine.baseStorage.amount,
  extra_memory_id: machine.extraMemory.part ?? null,
  extra_memory_amount: machine.extraMemory.amount,
  extra_storage_id: machine.extraStorage.part ?? null,
  extra_storage_amount: machine.extraStorage.amount,
  extra_gpu_id: machine.extraGpu.part ?? null,
  extra_gpu_amount: machine.extraGpu.amount,
  network_ids: [...machine.networkIds],
  ssh_public_key: machine.sshPublicKey,
});

/** Their researcher sees machines, and the administration, which must be able to extend and remove them. */
function visible(actor: Actor): RawBuilder<SqlBool> {
  const person = personOf(actor);
  if (seesAll(actor) || person?.isStaff) return sql`true`;
  return person ? sql`researcher_id = ${person.id}` : sql`false`;
}

/** A machine and what always goes with it. */
export interface MachineRow {
  readonly machine: Machine;
  readonly workspace: Workspace;
  readonly access: Access | undefined;
}

export const machines = (tx: Tx) => {
  const dressed = async (rows: readonly Row[]): Promise<MachineRow[]> => {
    const ids = rows.map(row => row.id as MachineId);
    const spaces = await workspaces(tx).ofMachines(ids);
    const access =
      ids.length === 0 ? [] : await tx.selectFrom("machine_access").selectAll().where("machine_id", "in", ids).execute();
    const accessOf = new Map(access.map(row => [row.machine_id, accessOfRow(row)]));
    return rows.flatMap(row => {
      const workspace = spaces.get(row.id as MachineId);
      return workspace ? [{ machine: machineOfRow(row), workspace, access: accessOf.get(row.id) }] : [];
    });
  };

  return {
    /** Newest first. @param study only those of one study */
    async page(actor: Actor, study: number | undefined, window: Window): Promise<Page<MachineRow>> {
      const seen = tx.selectFrom("machine").where(visible(actor));
      const page = await pageOf(tx, study === undefined ? seen : seen.where("study_id", "=", study), window, query =>
        query.selectAll().orderBy("id", "desc"),
      );
      return { total: page.total, items: await dressed(page.items) };
    },

    async seen(actor: Actor, id: number): Promise<MachineRow | undefined> {
      const row = await tx.selectFrom("machine").selectAll().where("id", "=", id).where(visible(actor)).executeTakeFirst();
      return row && (await dressed([row]))[0];
    },

    /** The same, held with its workspace to the end of the transaction. */
    async lockSeen(actor: Actor, id: number): Promise<MachineRow | undefined> {
      const row = await tx
        .selectFrom("machine")
        .selectAll()
        .where("id", "=", id)
        .where(visible(actor))
        .forUpdate()
        .executeTakeFirst();
      if (!row) return undefined;
      await workspaces(tx).lockOfMachine(row.id);
      return (await dressed([row]))[0];
    },

    /** By its mark. */
    async byKeys(keys: readonly string[]): Promise<ReadonlyMap<string, MachineId>> {
      if (keys.length === 0) return new Map();
      const rows = await tx.selectFrom("machine").select(["id", "key"]).where("key", "in", keys).execute();
      return new Map(rows.map(row => [row.key, row.id as MachineId]));
    },

    async ofIds(ids: readonly MachineId[]): Promise<ReadonlyMap<MachineId, Machine>> {
      if (ids.length === 0) return new Map();
      const rows = await tx.selectFrom("machine").selectAll().where("id", "in", ids).execute();
      return new Map(rows.map(row => [row.id as MachineId, machineOfRow(row)]));
    },

    async byId(id: MachineId): Promise<Machine | undefined> {
      const row = await tx.selectFrom("machine").selectAll().where("id", "=", id).executeTakeFirst();
      return row && machineOfRow(row);
    },

    async idsOf(personId: PersonId): Promise<MachineId[]> {
      const rows = await tx.selectFrom("machine").select("id").where("researcher_id", "=", personId).execute();
      return rows.map(row => row.id as MachineId);
    },

    /** Is it this person's? */
    async isOwn(id: number, personId: PersonId): Promise<boolean> {
      const row = await tx
        .selectFrom("machine")
        .select("id")
        .where("id", "=", id)
        .where("researcher_id", "=", personId)
        .executeTakeFirst();
      return row !== undefined;
    },

    async countOfStudy(studyId: number): Promise<number> {
      const row = await tx
        .selectFrom("machine")
        .select(sql<number>`count(*)`.as("n"))
        .where("study_id", "=", studyId)
        .executeTakeFirstOrThrow();
      return row.n;
    },

    async insert(machine: NewMachine): Promise<Machine> {
      const row = await tx
        .insertInto("machine")
        .values({ ...columnsOf(machine), key: machine.key, provider: machine.provider, researcher_id: machine.researcherId })
        .returningAll()
        .executeTakeFirstOrThrow();
      return machineOfRow(row);
    },

    async update(id: MachineId, machine: Omit<NewMachine, "key" | "provider" | "researcherId">): Promise<void> {
      await tx
        .updateTable("machine")
        .set({ ...columnsOf(machine), updated_at: sql<Date>`now()` })
        .where("id", "=", id)
        .execute();
    },

    /** With its workspace and access. */
    async remove(id: MachineId): Promise<void> {
      await tx.deleteFrom("machine").where("id", "=", id).execute();
    },

    async access(id: MachineId): Promise<Access | undefined> {
      const row = await tx.selectFrom("machine_access").selectAll().where("machine_id", "=", id).executeTakeFirst();
      return row && accessOfRow(row);
    },

    /** Writes what is given; the rest stays as it is. */
    async putAccess(
      id: MachineId,
      access: Partial<Pick<Access, "ip" | "publicKey" | "loginKeySealed" | "passwordSealed">> & Pick<Access, "username">,
    ): Promise<void> {
      const columns = {
        username: access.username,
        ...(access.ip === undefined ? {} : { ip: access.ip }),
        ...(access.publicKey === undefined ? {} : { public_key: access.publicKey }),
        ...(access.loginKeySealed === undefined ? {} : { login_key_sealed: access.loginKeySealed }),
        ...(access.passwordSealed === undefined ? {} : { password_sealed: access.passwordSealed }),
      };
      await tx
        .insertInto("machine_access")
        .values({ machine_id: id, ...columns })
        .onConflict(on => on.column("machine_id").doUpdateSet({ ...columns, updated_at: sql<Date>`now()` }))
        .execute();
    },
  };
};
