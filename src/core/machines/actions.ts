import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { newUuid } from "../../kernel/ids.ts";
import { addSpan } from "../../kernel/spans.ts";
import { catalogue } from "../../store/catalogue.ts";
import { type MachineRow, machines } from "../../store/machines.ts";
import type { Tx } from "../../store/store.ts";
import { studies } from "../../store/studies.ts";
import { workspaces } from "../../store/workspaces.ts";
import { record } from "../events/index.ts";
import { type Actor, personOf } from "../people/model.ts";
import { may } from "../permissions/index.ts";
import { mustBeLines, noSuch, type StudyId } from "../studies/index.ts";
import type { Needs, Settings } from "../world.ts";
import { isConnected } from "./catalogue.ts";
import { type Machine, type MachineInput, type MachineView, PROVIDERS, type ProviderId } from "./model.ts";
import { move, NO_TASK, queueWork, taskFacts } from "./move.ts";
import { isDriven, viewed } from "./read.ts";
import { acceptParts, type Catalogue, changeKind } from "./rules.ts";

type World = Needs<"store" | "clock" | "settings">;

/** The caller becomes its researcher. Its workspace is NEW: a cloud begins at once, a queue waits for its outside system. @throws HavreError "invalid" */
export const createMachine = (world: World, actor: Actor, input: MachineInput): Promise<MachineView> =>
  world.store.transaction(tx => createMachineIn(tx, world, actor, input));

/** The same, in the caller's transaction. */
export async function createMachineIn(tx: Tx, world: World, actor: Actor, input: MachineInput): Promise<MachineView> {
  const researcher = personOf(actor);
  if (!researcher) throw new HavreError("forbidden", "A machine needs a person as its researcher.");
  mustBeLines({ name: input.name });
  const provider = acceptProvider(input.provider, world.settings);
  const made = acceptParts(input, provider, await catalogueFor(tx, input));
  const studyId = await acceptStudy(tx, actor, input.study);
  const machine = await machines(tx).insert({
    ...made,
    key: newUuid(),
    name: input.name,
    provider,
    studyId,
    researcherId: researcher.id,
    profileId: input.profile,
  });
  const now = world.clock.now();
  const workspace = await workspaces(tx).insert(machine.id, provider, now, addSpan(now, lifeOf(world.settings, provider)));
  if (isDriven(provider)) {
    await workspaces(tx).update(workspace.id, taskFacts("build", now));
    await queueWork(tx, workspace);
  }
  await note(tx, actor, "machine.created", machine);
  return viewed(tx, world.settings, actor, machine.id);
}

/**
 * Words change at once; other parts are built in by whoever built the machine, and until then the workspace is UPDATING.
 * @throws HavreError "not-found", "invalid", "conflict" while something else is being done with it
 */
export const changeMachine = (world: World, actor: Actor, change: MachineChange): Promise<MachineView> =>
  world.store.transaction(tx => changeMachineIn(tx, world, actor, change));

export interface MachineChange {
  readonly id: number;
  readonly input: MachineInput;
}

/** The same, in the caller's transaction. */
export async function changeMachineIn(tx: Tx, world: World, actor: Actor, { id, input }: MachineChange): Promise<MachineView> {
  mustBeLines({ name: input.name });
  const { machine, workspace } = await locked(tx, actor, id);
  if (workspace.status === "DELETE" || workspace.status === "TERMINATED")
    throw new HavreError("conflict", "This machine has been removed: it cannot be changed any more.");
  if (input.provider !== machine.provider)
    throw invalid({ provider: ["A machine stays with its provider: make another machine."] });
  const lists = await catalogueFor(tx, input);
  const made = acceptParts(input, machine.provider, lists, machine);
  const studyId = input.study === machine.studyId ? machine.studyId : await acceptStudy(tx, actor, input.study);
  const isBuilt = workspace.status !== "NEW" && workspace.cloudId !== "";
  const kind = changeKind(machine, made, isBuilt, lists.parts);
  await machines(tx).update(machine.id, { ...made, name: input.name, studyId, profileId: input.profile });
  await note(tx, actor, "machine.changed", { ...machine, name: input.name, studyId }, { parts: kind === "parts" });
  if (kind === "parts") await haveItDone(tx, world, actor, { machine, workspace }, isBuilt);
  return viewed(tx, world.settings, actor, machine.id);
}

async function haveItDone(
  tx: Tx,
  world: World,
  actor: Actor,
  { machine, workspace }: Pick<MachineRow, "machine" | "workspace">,
  isBuilt: boolean,
) {
  const isBusy = workspace.task !== undefined && !workspace.taskFailed;
  if (workspace.status === "UPDATING" || (isBusy && isBuilt))
    throw new HavreError("conflict", "This machine is being built or changed: wait until that is done.");
  // Not built yet: whoever builds it, or tries again, finds what is wanted then.
  if (!isBuilt) return;
  const driven = isDriven(machine.provider);
  await move(tx, world, actor, workspace, "UPDATING", {
    statusMessage: "",
    claimed: false,
    ...(driven ? taskFacts("change", world.clock.now()) : NO_TASK),
  });
  if (driven) await queueWork(tx, workspace);
}

/**
 * Its provider is to remove it: the workspace is DELETE until that is done, and then the machine is gone. Again changes nothing.
 * @throws HavreError "not-found"
 */
export async function removeMachine(world: World, actor: Actor, id: number): Promise<void> {
  await world.store.transaction(async tx => {
    const row = await locked(tx, actor, id);
    await removeLocked(tx, world, actor, row);
  });
}

/** @param row locked */
export async function removeLocked(
  tx: Tx,
  world: World,
  actor: Actor,
  { machine, workspace }: Pick<MachineRow, "machine" | "workspace">,
) {
  if (workspace.status === "DELETE") return;
  await note(tx, actor, "machine.removed", machine);
  if (workspace.status === "TERMINATED") {
    // Its provider has taken it away already: only the row is left.
    await machines(tx).remove(machine.id);
    return;
  }
  const driven = isDriven(machine.provider);
  const facts = driven ? taskFacts("delete", world.clock.now()) : NO_TASK;
  await move(tx, world, actor, workspace, "DELETE", { statusMessage: "", claimed: false, ...facts });
  if (driven) await queueWork(tx, workspace);
}

/** @throws HavreError "not-found" */
export async function locked(tx: Tx, actor: Actor, id: number): Promise<MachineRow> {
  const row = await machines(tx).lockSeen(actor, id);
  if (!row) throw notFound();
  return row;
}

export const lifeOf = (settings: Settings, provider: ProviderId) =>
  ({ vrw: settings.vrwMachineLife, openstack: settings.openstackMachineLife })[provider];

function acceptProvider(given: string, settings: Settings): ProviderId {
  const provider = PROVIDERS.find(({ id }) => id === given);
  if (!provider) throw invalid({ provider: [`"${given}" is not a valid choice.`] });
  if (!isConnected(settings, provider.id)) throw invalid({ provider: [`This server is not connected to ${provider.name}.`] });
  return provider.id;
}

async function catalogueFor(tx: Tx, input: MachineInput): Promise<Catalogue> {
  const parts = await catalogue(tx).parts();
  return { parts, profile: (await catalogue(tx).profilesById([input.profile], parts)).get(input.profile) };
}

/** Any contributor may have a machine for a study. @throws HavreError "invalid" for a study that is not there or not theirs */
async function acceptStudy(tx: Tx, actor: Actor, id: number): Promise<StudyId> {
  // Held, so that the study is not removed at the same moment.
  await studies(tx).lock(id);
  if (!(await may(tx, actor, "study.see", { kind: "study", id }))) throw noSuch("study", id);
  return id as StudyId;
}

export const note = (tx: Tx, actor: Actor, verb: string, machine: Machine, data: Record<string, unknown> = {}): Promise<void> =>
  record(tx, actor, {
    verb,
    kind: "machine",
    id: machine.id,
    study: machine.studyId,
    data: { name: machine.name, provider: machine.provider, ...data },
  });
