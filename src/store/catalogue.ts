import { type Selectable, sql } from "kysely";
import type { Part, PartData, PartKind, ProfileView, ProviderId } from "../core/machines/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { pageOf } from "./pages.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";

const partOf = (row: Selectable<Database["machine_part"]>): Part => ({
  id: row.id,
  kind: row.kind as PartKind,
  provider: row.provider as ProviderId,
  name: row.name,
  isAvailable: row.is_available,
  vmCode: row.vm_code,
  unitValue: row.unit_value,
  networkType: (row.network_type ?? undefined) as Part["networkType"],
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

type ProfileRow = Selectable<Database["machine_profile"]>;
/** What may be changed of a part; an absent field stays. */
export type PartChanges = { readonly name?: string; readonly vmCode?: string; readonly isAvailable?: boolean };
export type ProfileChanges = { readonly name?: string; readonly cloudId?: string; readonly isAvailable?: boolean };
export type NewProfile = Omit<ProfileRow, "id" | "created_at" | "updated_at">;

function profileOf(row: ProfileRow, parts: ReadonlyMap<number, Part>): ProfileView {
  // Foreign keys hold the parts.
  const part = (id: number): Part => parts.get(id) as Part;
  return {
    id: row.id,
    provider: row.provider as ProviderId,
    name: row.name,
    isAvailable: row.is_available,
    cloudId: row.cloud_id,
    os: part(row.os_id),
    memory: { part: part(row.memory_id), amount: row.memory_amount },
    storage: { part: part(row.storage_id), amount: row.storage_amount },
    gpu: row.gpu_id === null ? undefined : { part: part(row.gpu_id), amount: row.gpu_amount },
    networks: row.network_ids.flatMap(id => parts.get(Number(id)) ?? []),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** Only what is there. */
const given = <T extends object>(columns: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined)) as never;

export const catalogue = (tx: Tx) => {
  const offeredParts = (kind: PartKind, provider: ProviderId | undefined) => {
    const parts = tx.selectFrom("machine_part").where("kind", "=", kind).where("is_available", "=", true);
    return provider ? parts.where("provider", "=", provider) : parts;
  };
  const offeredProfiles = (provider: ProviderId | undefined) => {
    const profiles = tx.selectFrom("machine_profile").where("is_available", "=", true);
    return provider ? profiles.where("provider", "=", provider) : profiles;
  };

  const parts = async (): Promise<ReadonlyMap<number, Part>> => {
    const rows = await tx.selectFrom("machine_part").selectAll().execute();
    return new Map(rows.map(row => [row.id, partOf(row)]));
  };

  return {
    /** All of them: some dozens, and every reply about machines needs most. */
    parts,

    /** What is offered, smallest units first. */
    async page(kind: PartKind, provider: ProviderId | undefined, window: Window): Promise<Page<Part>> {
      const page = await pageOf(tx, offeredParts(kind, provider), window, query =>
        query.selectAll().orderBy("provider").orderBy("unit_value").orderBy("name").orderBy("id"),
      );
      return { total: page.total, items: page.items.map(partOf) };
    },

    /** Also one that is not offered any more. */
    async part(kind: PartKind, id: number): Promise<Part | undefined> {
      const row = await tx
        .selectFrom("machine_part")
        .selectAll()
        .where("id", "=", id)
        .where("kind", "=", kind)
        .executeTakeFirst();
      return row && partOf(row);
    },

    /** What is offered, in the order in which it was written. */
    async profiles(provider: ProviderId | undefined, window: Window): Promise<Page<ProfileView>> {
      const page = await pageOf(tx, offeredProfiles(provider), window, query =>
        query.selectAll().orderBy("provider").orderBy("id"),
      );
      const known = await parts();
      return { total: page.total, items: page.items.map(row => profileOf(row, known)) };
    },

    async profilesById(ids: readonly number[], known: ReadonlyMap<number, Part>): Promise<ReadonlyMap<number, ProfileView>> {
      if (ids.length === 0) return new Map();
      const rows = await tx.selectFrom("machine_profile").selectAll().where("id", "in", ids).execute();
      return new Map(rows.map(row => [row.id, profileOf(row, known)]));
    },

    /** Found by provider, kind and name. @param isOver what is there is written over @returns its id, and whether it was new */
    async putPart(part: PartData, isOver: boolean): Promise<{ id: number; isNew: boolean }> {
      const columns = {
        is_available: part.isAvailable ?? true,
        vm_code: part.vmCode ?? "",
        unit_value: part.unitValue ?? 0,
        network_type: part.networkType ?? null,
      };
      const found = await tx
        .selectFrom("machine_part")
        .select("id")
        .where("provider", "=", part.provider)
        .where("kind", "=", part.kind)
        .where("name", "=", part.name)
        .executeTakeFirst();
      if (found && isOver)
        await tx
          .updateTable("machine_part")
          .set({ ...columns, updated_at: sql<Date>`now()` })
          .where("id", "=", found.id)
          .execute();
      if (found) return { id: found.id, isNew: false };
      const { id } = await tx
        .insertInto("machine_part")
        .values({ ...columns, kind: part.kind, provider: part.provider, name: part.name })
        .returning("id")
        .executeTakeFirstOrThrow();
      return { id, isNew: true };
    },

    /** Found by provider and name. @returns whether it was new */
    async putProfile(profile: NewProfile, isOver: boolean): Promise<boolean> {
      const { provider, name, ...columns } = profile;
      const found = await tx
        .selectFrom("machine_profile")
        .select("id")
        .where("provider", "=", provider)
        .where("name", "=", name)
        .executeTakeFirst();
      if (found && isOver)
        await tx
          .updateTable("machine_profile")
          .set({ ...columns, updated_at: sql<Date>`now()` })
          .where("id", "=", found.id)
          .execute();
      if (!found) await tx.insertInto("machine_profile").values(profile).execute();
      return !found;
    },

    async profileNamed(provider: ProviderId, name: string): Promise<number | undefined> {
      const found = tx.selectFrom("machine_profile").select("id").where("provider", "=", provider).where("name", "=", name);
      return (await found.executeTakeFirst())?.id;
    },

    /** Held to the end of the transaction. */
    async lockPart(id: number): Promise<Part | undefined> {
      const row = await tx.selectFrom("machine_part").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
      return row && partOf(row);
    },

    /** Held to the end of the transaction. */
    async lockProfile(id: number): Promise<Required<ProfileChanges> | undefined> {
      const row = await tx.selectFrom("machine_profile").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
      return row && { name: row.name, cloudId: row.cloud_id, isAvailable: row.is_available };
    },

    /** A taken name fails: see `isTaken`. */
    async updatePart(id: number, { name, vmCode, isAvailable }: PartChanges): Promise<void> {
      await tx
        .updateTable("machine_part")
        .set({ ...given({ name, vm_code: vmCode, is_available: isAvailable }), updated_at: sql<Date>`now()` })
        .where("id", "=", id)
        .execute();
    },

    /** A taken name fails: see `isTaken`. */
    async updateProfile(id: number, { name, cloudId, isAvailable }: ProfileChanges): Promise<void> {
      await tx
        .updateTable("machine_profile")
        .set({ ...given({ name, cloud_id: cloudId, is_available: isAvailable }), updated_at: sql<Date>`now()` })
        .where("id", "=", id)
        .execute();
    },

    /** One loader at a time, to the end of the transaction. */
    async lock(): Promise<void> {
      await sql`select pg_advisory_xact_lock(hashtext('havre.machine.catalogue'))`.execute(tx);
    },
  };
};
