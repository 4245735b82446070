import { newSshKeyPair } from "../../kernel/ssh.ts";
import { catalogue } from "../../store/catalogue.ts";
import { machines } from "../../store/machines.ts";
import { people } from "../../store/people.ts";
import type { Tx } from "../../store/store.ts";
import { type WorkspaceChanges, workspaces } from "../../store/workspaces.ts";
import { record } from "../events/index.ts";
import { SYSTEM } from "../people/model.ts";
import type { Needs } from "../world.ts";
import type { Access, Machine, MachineJob, MachinePlan, Part, Workspace } from "./model.ts";
import { move, NO_TASK } from "./move.ts";
import { LOGIN_KEY_SEAL } from "./read.ts";
import { loginName, serverName, totalGpus, totalMemory, totalStorage } from "./rules.ts";

/**
 * What the errand of a machine writes between its steps in the cloud. Each verb first looks whether its task is still the one
 * that is wanted: a machine may be removed while it is being built. Then it writes nothing and says so.
 */
type World = Needs<"store" | "clock" | "settings" | "secrets">;

/** What is to be done now, or undefined when there is nothing. The first time, the machine's key pair is made. */
export async function machineJob(world: World, workspaceId: number): Promise<MachineJob | undefined> {
  return world.store.transaction(async tx => {
    const workspace = await workspaces(tx).lock(workspaceId);
    const machine = workspace && (await machines(tx).byId(workspace.machineId));
    if (!workspace?.task || workspace.taskFailed || !machine) return undefined;
    const began =
      workspace.task === "build" && workspace.status === "NEW"
        ? await move(tx, world, SYSTEM, workspace, "UPDATING", { statusMessage: "" })
        : workspace;
    if (!began) return undefined;
    const access = await accessFor(tx, world, machine);
    const since = workspace.taskSince ?? world.clock.now();
    return { workspace: began, task: workspace.task, since, plan: await planFor(tx, machine, access) };
  });
}

/** The researcher's own key, or one of a pair made for this machine; sealed before any cloud hears of it. */
async function accessFor(tx: Tx, world: World, machine: Machine): Promise<Pick<Access, "username" | "publicKey">> {
  const known = await machines(tx).access(machine.id);
  if (known && known.publicKey !== "") return known;
  const person = await people(tx).byId(machine.researcherId);
  const username = loginName(person?.username ?? "");
  if (machine.sshPublicKey !== "") {
    await machines(tx).putAccess(machine.id, { username, publicKey: machine.sshPublicKey });
    return { username, publicKey: machine.sshPublicKey };
  }
  const { publicKey, privateKey } = newSshKeyPair(`havre-${serverName(machine.name, machine.id)}`);
  await machines(tx).putAccess(machine.id, {
    username,
    publicKey,
    loginKeySealed: world.secrets.seal(privateKey, LOGIN_KEY_SEAL),
  });
  return { username, publicKey };
}

async function planFor(tx: Tx, machine: Machine, access: Pick<Access, "username" | "publicKey">): Promise<MachinePlan> {
  const parts = await catalogue(tx).parts();
  const profile = (await catalogue(tx).profilesById([machine.profileId], parts)).get(machine.profileId);
  const part = (id: number | undefined): Part | undefined => (id === undefined ? undefined : parts.get(id));
  const { extraGpu, extraMemory, baseMemory } = machine;
  const gpus = totalGpus(machine, profile);
  const gpu = part(gpus.part);
  // The profile's own flavour fits as long as nothing is asked for beyond the profile.
  const isPlain =
    profile?.memory.part.id === baseMemory.part &&
    profile.memory.amount === baseMemory.amount &&
    extraMemory.amount === 0 &&
    extraGpu.amount === 0;
  return {
    key: machine.key,
    name: serverName(machine.name, machine.id),
    flavor: isPlain ? profile.cloudId : "",
    image: part(machine.osId)?.vmCode ?? "",
    memoryBytes: totalMemory(machine, parts),
    storageBytes: totalStorage(machine, parts),
    storageCode: part(machine.baseStorage.part)?.vmCode ?? "",
    gpu: gpu && { code: gpu.vmCode, amount: gpus.amount },
    networks: machine.networkIds.flatMap(id => {
      const network = part(id);
      return network ? [{ code: network.vmCode, isPublic: network.networkType === "public" }] : [];
    }),
    login: access.username,
    publicKey: access.publicKey,
  };
}

type Note = (tx: Tx, workspace: Workspace) => Promise<unknown>;

/** @returns false when the task is not wanted any more */
async function ifWanted(world: Needs<"store">, { workspace: { id }, task, since }: MachineJob, write: Note): Promise<boolean> {
  return world.store.transaction(async tx => {
    const workspace = await workspaces(tx).lock(id);
    const isWanted = workspace?.task === task && !workspace.taskFailed && workspace.taskSince?.getTime() === since.getTime();
    if (isWanted) await write(tx, workspace);
    return isWanted;
  });
}

const update = (world: World, job: MachineJob, changes: WorkspaceChanges): Promise<boolean> =>
  ifWanted(world, job, (tx, { id }) => workspaces(tx).update(id, changes));

/** Before the cloud is asked for a server, which may come to be even when the answer is lost: until it is found, there is none. */
export const noteOrdered = (world: World, job: MachineJob): Promise<boolean> =>
  update(world, job, { askedAt: world.clock.now(), cloudId: "" });

/** The cloud was asked for something that is not to happen twice. */
export const noteAsked = (world: World, job: MachineJob): Promise<boolean> => update(world, job, { askedAt: world.clock.now() });

/** What was asked for came, and was of no use: nothing else is still to come. */
export const noteAnswered = (world: World, job: MachineJob): Promise<boolean> => update(world, job, { askedAt: null });

/** The cloud has it, under this id. */
export const noteFound = (world: World, job: MachineJob, cloudId: string): Promise<boolean> => update(world, job, { cloudId });

/** Why it is not going on now; shown to the researcher. */
export async function noteTrouble(world: World, job: MachineJob, message: string): Promise<boolean> {
  if (job.workspace.statusMessage === message) return true;
  return ifWanted(world, job, async (tx, workspace) => {
    await workspaces(tx).update(workspace.id, { statusMessage: message });
    await note(tx, workspace, "machine.delayed", { task: job.task, message });
  });
}

/** A second server with the mark of a machine that is being built: nobody has used it, and it was removed. */
export const noteSpare = (world: World, job: MachineJob, remoteId: string): Promise<boolean> =>
  ifWanted(world, job, (tx, workspace) => note(tx, workspace, "machine.duplicate-removed", { remote_id: remoteId }));

/** It runs and can be reached at this address ("" when it has none). */
export const machineBuilt = (world: World, job: MachineJob, { cloudId, ip }: { cloudId: string; ip: string }): Promise<boolean> =>
  ifWanted(world, job, async (tx, workspace) => {
    await machines(tx).putAccess(workspace.machineId, { username: job.plan.login, ip });
    await move(tx, world, SYSTEM, workspace, "DONE", { cloudId, power: "on", statusMessage: "", missingSince: null, ...NO_TASK });
  });

/** The task is done, and the machine is now on or off. */
export const machineSettled = (world: World, job: MachineJob, isOn: boolean): Promise<boolean> =>
  ifWanted(world, job, (tx, workspace) =>
    move(tx, world, SYSTEM, workspace, isOn ? "DONE" : "OFFLINE", {
      power: isOn ? "on" : "off",
      statusMessage: isOn ? "" : "The machine is stopped.",
      missingSince: null,
      ...NO_TASK,
    }),
  );

/** The task is given up until somebody asks for it again. */
export const machineFailed = (world: World, job: MachineJob, message: string): Promise<boolean> =>
  ifWanted(world, job, (tx, workspace) =>
    move(tx, world, SYSTEM, workspace, "ERROR", { statusMessage: message, taskFailed: true }),
  );

/** The cloud holds nothing of it any more. */
export const machineGone = (world: World, job: MachineJob): Promise<boolean> =>
  ifWanted(world, job, (tx, workspace) =>
    move(tx, world, SYSTEM, workspace, "TERMINATED", { statusMessage: "", power: "off", ...NO_TASK }),
  );

async function note(tx: Tx, workspace: Workspace, verb: string, data: Record<string, unknown>): Promise<void> {
  const machine = await machines(tx).byId(workspace.machineId);
  if (machine) await record(tx, SYSTEM, { verb, kind: "machine", id: machine.id, study: machine.studyId, data });
}
