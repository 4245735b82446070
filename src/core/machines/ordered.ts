import { invalid } from "../../kernel/errors.ts";
import { catalogue } from "../../store/catalogue.ts";
import { machines } from "../../store/machines.ts";
import type { Tx } from "../../store/store.ts";
import { workspaces } from "../../store/workspaces.ts";
import { type PersonActor, SYSTEM } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { changeMachineIn, createMachineIn, locked, removeLocked } from "./actions.ts";
import { isConnected } from "./catalogue.ts";
import { type Machine, type MachineId, type MachineInput, type Part, PROVIDERS, type ProfileView } from "./model.ts";
import { move, queueWork, taskFacts } from "./move.ts";
import { isDriven } from "./read.ts";
import { changeKind } from "./rules.ts";
import { type Extras, extrasFor, type Sizes } from "./sizes.ts";

/** Machines that were ordered, kept on the transaction of whoever keeps the order. */

type World = Needs<"store" | "clock" | "settings">;

/** What an offering says of its machines, and an order of one. */
export interface MachineWish {
  /** Names, as the catalogue has them. */
  readonly provider: string;
  readonly profile: string;
  /** Absent: that of the profile. */
  readonly os?: string | undefined;
  readonly sizes: Sizes;
}

interface Choice extends Extras {
  readonly profile: ProfileView;
  readonly os: number;
  readonly parts: ReadonlyMap<number, Part>;
}

/** @throws HavreError "invalid" for what the catalogue does not have */
async function choiceFor(tx: Tx, world: Needs<"settings">, wish: MachineWish): Promise<Choice> {
  const provider = PROVIDERS.find(({ id }) => id === wish.provider);
  if (!provider || !isConnected(world.settings, provider.id))
    throw invalid({ offering: [`This server is not connected to a provider of machines "${wish.provider}".`] });
  const parts = await catalogue(tx).parts();
  const id = await catalogue(tx).profileNamed(provider.id, wish.profile);
  const profile = id === undefined ? undefined : (await catalogue(tx).profilesById([id], parts)).get(id);
  if (!profile?.isAvailable) throw invalid({ offering: [`${provider.name} has no profile "${wish.profile}".`] });
  const os =
    wish.os === undefined
      ? profile.os
      : [...parts.values()].find(
          part => part.kind === "os" && part.provider === provider.id && part.isAvailable && part.name === wish.os,
        );
  if (!os) throw invalid({ operating_system: [`"${wish.os}" is not a valid choice.`] });
  return { profile, os: os.id, parts, ...extrasFor(profile, parts, wish.sizes) };
}

/** Refuses before anything is made what cannot be made. @param id of the machine that is to be of this size @throws HavreError "invalid" */
export async function mustBeMakeable(tx: Tx, world: Needs<"settings">, wish: MachineWish, id?: number): Promise<void> {
  const { extraMemory, extraStorage, extraGpu, parts } = await choiceFor(tx, world, wish);
  const before = id === undefined ? undefined : await machines(tx).byId(id as MachineId);
  if (!before) return;
  const workspace = (await workspaces(tx).ofMachines([before.id])).get(before.id);
  changeKind(before, { ...before, extraMemory, extraStorage, extraGpu }, workspace?.cloudId !== "", parts);
}

/** Who ordered becomes its researcher. @returns its id @throws HavreError "invalid", also for somebody who left the study */
export async function orderMachine(
  tx: Tx,
  world: World,
  actor: PersonActor,
  wish: MachineWish & { readonly name: string; readonly study: number; readonly sshPublicKey: string },
): Promise<number> {
  const { profile, os, extraMemory, extraStorage, extraGpu } = await choiceFor(tx, world, wish);
  const { machine } = await createMachineIn(tx, world, actor, {
    name: wish.name,
    provider: wish.provider,
    study: wish.study,
    profile: profile.id,
    os,
    baseMemory: { part: profile.memory.part.id, amount: profile.memory.amount },
    baseStorage: { part: profile.storage.part.id, amount: profile.storage.amount },
    extraMemory,
    extraStorage,
    extraGpu,
    sshPublicKey: wish.sshPublicKey,
  });
  return machine.id;
}

/** Gives it another size. @returns what it had before @throws HavreError "conflict" while something else is done with it, "invalid" */
export async function resizeOrdered(tx: Tx, world: World, id: number, wish: MachineWish): Promise<Extras> {
  const { extraMemory, extraStorage, extraGpu } = await choiceFor(tx, world, wish);
  const { machine } = await locked(tx, SYSTEM, id);
  await changeMachineIn(tx, world, SYSTEM, { id, input: inputOf(machine, { extraMemory, extraStorage, extraGpu }) });
  return { extraMemory: machine.extraMemory, extraStorage: machine.extraStorage, extraGpu: machine.extraGpu };
}

const inputOf = (machine: Machine, extras: Extras): MachineInput => ({
  name: machine.name,
  provider: machine.provider,
  study: machine.studyId,
  profile: machine.profileId,
  os: machine.osId,
  baseMemory: machine.baseMemory,
  baseStorage: machine.baseStorage,
  ...extras,
});

/** A change that failed is taken back: it has its old size again, and its cloud is asked for that. */
export async function undoResize(tx: Tx, world: World, id: number, before: Extras): Promise<void> {
  const row = await machines(tx).lockSeen(SYSTEM, id);
  if (!row || row.workspace.status === "DELETE" || row.workspace.status === "TERMINATED") return;
  const { machine, workspace } = row;
  await machines(tx).update(machine.id, { ...machine, ...before });
  if (!isDriven(machine.provider) || !workspace.taskFailed) return;
  await move(tx, world, SYSTEM, workspace, "UPDATING", { ...taskFacts("change", world.clock.now()), statusMessage: "" });
  await queueWork(tx, workspace);
}

/** Its provider is to remove it; one that is gone stays gone. */
export async function endOrdered(tx: Tx, world: World, id: number): Promise<void> {
  const row = await machines(tx).lockSeen(SYSTEM, id);
  if (row) await removeLocked(tx, world, SYSTEM, row);
}

export interface MachineNow {
  readonly state: "working" | "ready" | "failed" | "gone";
  readonly message: string;
  /** The provider's name for it, and where it is reached; "" for none. */
  readonly cloudId: string;
  readonly address: string;
}

/** How far its provider is with it. */
export async function machineNow(tx: Tx, id: number): Promise<MachineNow> {
  const machine = await machines(tx).byId(id as MachineId);
  const workspace = machine && (await workspaces(tx).ofMachines([machine.id])).get(machine.id);
  if (!machine || !workspace || workspace.status === "TERMINATED")
    return { state: "gone", message: "The machine is gone.", cloudId: "", address: "" };
  const { status, statusMessage: message, cloudId, task, taskFailed } = workspace;
  const isIdle = task === undefined || taskFailed;
  const access = await machines(tx).access(machine.id);
  const address = access && access.ip !== "" ? `ssh://${access.username}@${access.ip}` : "";
  const state =
    status === "ERROR" && isIdle ? "failed" : (status === "DONE" || status === "OFFLINE") && isIdle ? "ready" : "working";
  return { state, message, cloudId, address };
}

/** Those of these machines that are not there any more, or were taken away by their provider. */
export async function machinesGone(tx: Tx, ids: readonly number[]): Promise<ReadonlySet<number>> {
  const known = await machines(tx).ofIds(ids as MachineId[]);
  const spaces = await workspaces(tx).ofMachines([...known.keys()]);
  const isThere = (id: number): boolean => {
    const status = spaces.get(id as MachineId)?.status;
    return status !== undefined && status !== "TERMINATED";
  };
  return new Set(ids.filter(id => !isThere(id)));
}

/** As an offering and an order write it. @throws HavreError "invalid" */
export function wishIn(options: Readonly<Record<string, unknown>>, os: unknown, sizes: Sizes): MachineWish {
  const { machine_provider: provider, machine_profile: profile } = options;
  if (typeof provider !== "string" || typeof profile !== "string")
    throw invalid({ offering: ["Its provider has not said yet what machines it is of: machine_provider and machine_profile."] });
  if (os !== undefined && os !== null && typeof os !== "string") throw invalid({ operating_system: ["Not a valid string."] });
  return { provider, profile, sizes, ...(typeof os === "string" && os !== "" ? { os } : {}) };
}
