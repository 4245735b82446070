import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { catalogue, type PartChanges, type ProfileChanges } from "../../store/catalogue.ts";
import { isTaken, type Tx } from "../../store/store.ts";
import { changesBetween, isEmpty, record } from "../events/index.ts";
import { mustAdminister } from "../people/index.ts";
import type { Actor } from "../people/model.ts";
import { mustBeLines } from "../studies/index.ts";
import type { Needs } from "../world.ts";
import type { PartKind, ProviderId } from "./model.ts";

/**
 * The catalogue, as the administration keeps it. Rows are never removed, as machines are made of them: what is offered no more is made
 * unavailable. All verbs: @throws HavreError "forbidden"
 */

type World = Needs<"store">;

export interface NewPart {
  readonly kind: PartKind;
  readonly provider: ProviderId;
  readonly name: string;
  readonly vmCode?: string | undefined;
  /** GiB of one unit of memory or storage, Gbit/s of a network; the others have none. */
  readonly unit?: number | undefined;
  /** Of a network only. */
  readonly networkType?: "private" | "public" | undefined;
}

const GIB = 2 ** 30;

/** @throws HavreError "invalid" on the field that is wrong */
export async function addPart(world: World, actor: Actor, input: NewPart): Promise<{ readonly id: number }> {
  mustAdminister(actor);
  mustBeLines({ name: input.name, vm_code: input.vmCode });
  const { kind, provider, name, vmCode = "" } = input;
  const networkType = networkTypeOf(input);
  const part = { kind, provider, name, vmCode, unitValue: unitOf(input), ...(networkType ? { networkType } : {}) };
  return world.store.transaction(async tx => {
    await catalogue(tx).lock();
    const made = await catalogue(tx).putPart(part, false);
    if (!made.isNew) throw invalid({ name: ["This provider has such a part of this name."] });
    await note(tx, actor, "part.created", made.id, { name, kind, provider });
    return { id: made.id };
  });
}

function unitOf({ kind, unit }: NewPart): number {
  if (kind === "gpu" || kind === "os") {
    if (unit !== undefined && unit !== 0) throw invalid({ unit: ["Only memory, storage and networks have a unit."] });
    return 0;
  }
  if (unit === undefined || (unit <= 0 && kind !== "network")) throw invalid({ unit: ["Say how much one unit is, above 0."] });
  return kind === "network" ? unit : unit * GIB;
}

function networkTypeOf({ kind, networkType }: NewPart): "private" | "public" | undefined {
  if (kind === "network" && networkType === undefined) throw invalid({ network_type: ["A network is private or public."] });
  if (kind !== "network" && networkType !== undefined) throw invalid({ network_type: ["Only a network is private or public."] });
  return networkType;
}

/** Sizes stay: machines are counted by them. @throws HavreError "not-found", "invalid" on a `name` that is taken */
export const amendPart = (world: World, actor: Actor, { id, ...changes }: { readonly id: number } & PartChanges): Promise<void> =>
  amend(world, actor, "part", id, changes);

/** Parts stay: machines were made of them. @throws HavreError "not-found", "invalid" on a `name` that is taken */
export const amendProfile = (
  world: World,
  actor: Actor,
  { id, ...changes }: { readonly id: number } & ProfileChanges,
): Promise<void> => amend(world, actor, "profile", id, changes);

async function amend(
  world: World,
  actor: Actor,
  what: "part" | "profile",
  id: number,
  changes: PartChanges | ProfileChanges,
): Promise<void> {
  mustAdminister(actor);
  mustBeLines({ name: changes.name });
  try {
    await world.store.transaction(async tx => {
      const rows = catalogue(tx);
      const before = what === "part" ? await rows.lockPart(id) : await rows.lockProfile(id);
      if (!before) throw notFound();
      const different = changesBetween<PartChanges & ProfileChanges>(before, changes);
      if (isEmpty(different)) return;
      await (what === "part" ? rows.updatePart(id, changes) : rows.updateProfile(id, changes));
      await note(tx, actor, `${what}.changed`, id, { changes: different });
    });
  } catch (error) {
    if (isTaken(error)) throw invalid({ name: ["This name is taken."] });
    throw error;
  }
}

export interface NewProfile {
  readonly name: string;
  readonly cloudId?: string | undefined;
  readonly os: number;
  readonly memory: number;
  readonly memoryAmount: number;
  readonly storage: number;
  readonly storageAmount: number;
  readonly gpu?: number | null | undefined;
  readonly gpuAmount?: number | undefined;
  readonly network?: number | null | undefined;
}

/** Its provider is that of its parts. @throws HavreError "invalid" on the field that is wrong */
export async function addProfile(world: World, actor: Actor, input: NewProfile): Promise<{ readonly id: number }> {
  mustAdminister(actor);
  mustBeLines({ name: input.name });
  return world.store.transaction(async tx => {
    await catalogue(tx).lock();
    const parts = await catalogue(tx).parts();
    const provider = parts.get(input.os)?.provider;
    const accept = (field: string, kind: PartKind, id: number): number => {
      const part = parts.get(id);
      if (part?.kind !== kind) throw invalid({ [field]: ["This is no such part."] });
      if (part.provider !== provider) throw invalid({ [field]: ["This part is another provider's."] });
      return id;
    };
    const os_id = accept("os", "os", input.os);
    const profile = {
      provider: provider as ProviderId,
      name: input.name,
      is_available: true,
      cloud_id: input.cloudId ?? "",
      os_id,
      memory_id: accept("memory", "memory", input.memory),
      memory_amount: amountOf("memory_amount", input.memoryAmount, 1),
      storage_id: accept("storage", "storage", input.storage),
      storage_amount: amountOf("storage_amount", input.storageAmount, 1),
      gpu_id: input.gpu ? accept("gpu", "gpu", input.gpu) : null,
      gpu_amount: input.gpu ? amountOf("gpu_amount", input.gpuAmount ?? 1, 1) : 0,
      network_ids: input.network ? [accept("network", "network", input.network)] : [],
    };
    if (!(await catalogue(tx).putProfile(profile, false))) throw invalid({ name: ["This provider has a profile of this name."] });
    const id = await catalogue(tx).profileNamed(profile.provider, profile.name);
    if (id === undefined) throw new HavreError("bug", "The profile is not there.");
    await note(tx, actor, "profile.created", id, { name: input.name, provider: profile.provider });
    return { id };
  });
}

const MOST = 10_000;
function amountOf(field: string, amount: number, least: number): number {
  if (amount < least || amount > MOST) throw invalid({ [field]: [`This is a number from ${least} to ${MOST}.`] });
  return amount;
}

const note = (tx: Tx, actor: Actor, verb: string, id: number, data: Record<string, unknown>): Promise<void> =>
  record(tx, actor, { verb, kind: verb.split(".")[0] ?? "", id, data });
