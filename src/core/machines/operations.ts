import { HavreError, invalid } from "../../kernel/errors.ts";
import { addSpan } from "../../kernel/spans.ts";
import type { MachineRow } from "../../store/machines.ts";
import { workspaces } from "../../store/workspaces.ts";
import { type Actor, personOf, seesAll } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { lifeOf, locked, note } from "./actions.ts";
import { isConnected } from "./catalogue.ts";
import type { MachineVerb, MachineView, Task } from "./model.ts";
import { move, NO_TASK, queueWork, taskFacts } from "./move.ts";
import { isDriven, viewed } from "./read.ts";
import { offered } from "./states.ts";

type World = Needs<"store" | "clock" | "settings">;

/** @throws HavreError "not-found", "conflict" when it cannot be done now or never with this provider */
export const startMachine = (world: World, actor: Actor, id: number): Promise<MachineView> => power(world, actor, id, "start");
/** Shuts it down; what is on it stays. @throws as {@link startMachine} */
export const stopMachine = (world: World, actor: Actor, id: number): Promise<MachineView> => power(world, actor, id, "stop");
/** @throws as {@link startMachine} */
export const rebootMachine = (world: World, actor: Actor, id: number): Promise<MachineView> => power(world, actor, id, "reboot");

const PAST = { start: "machine.started", stop: "machine.stopped", reboot: "machine.rebooted" } as const;

async function power(world: World, actor: Actor, id: number, task: keyof typeof PAST & Task): Promise<MachineView> {
  return world.store.transaction(async tx => {
    const row = await locked(tx, actor, id);
    mustOffer(world, row, task, false);
    await workspaces(tx).update(row.workspace.id, { ...taskFacts(task, world.clock.now()), statusMessage: "" });
    await queueWork(tx, row.workspace);
    await note(tx, actor, PAST[task], row.machine);
    return viewed(tx, world.settings, actor, row.machine.id);
  });
}

/** What failed is tried again; in a queue, the workspace waits again for its outside system. @throws as {@link startMachine} */
export async function retryMachine(world: World, actor: Actor, id: number): Promise<MachineView> {
  return world.store.transaction(async tx => {
    const row = await locked(tx, actor, id);
    mustOffer(world, row, "retry", false);
    const { workspace, machine } = row;
    const task = workspace.task ?? "build";
    if (isDriven(machine.provider)) {
      const facts = { ...taskFacts(task, world.clock.now()), statusMessage: "" };
      await move(tx, world, actor, workspace, task === "build" ? "NEW" : "UPDATING", facts);
      await queueWork(tx, workspace);
    } else await move(tx, world, actor, workspace, "NEW", { statusMessage: "", claimed: false, ...NO_TASK });
    await note(tx, actor, "machine.retried", machine);
    return viewed(tx, world.settings, actor, machine.id);
  });
}

/**
 * More time for a machine, by the administration: until the given moment, or one more life from its end.
 * @throws HavreError "not-found", "forbidden", "invalid", "conflict" for one that is being removed
 */
export async function extendMachine(
  world: World,
  actor: Actor,
  { id, endingAt }: { readonly id: number; readonly endingAt?: Date | undefined },
): Promise<MachineView> {
  return world.store.transaction(async tx => {
    const row = await locked(tx, actor, id);
    mustOffer(world, row, "extend", seesAll(actor) || personOf(actor)?.isStaff === true);
    const { workspace, machine } = row;
    const now = world.clock.now();
    const from = workspace.endingAt > now ? workspace.endingAt : now;
    const until = endingAt ?? addSpan(from, lifeOf(world.settings, machine.provider));
    if (until <= now) throw invalid({ ending_at: ["This moment is over already."] });
    await workspaces(tx).update(workspace.id, { endingAt: until });
    await note(tx, actor, "machine.extended", machine, { from: workspace.endingAt.toISOString(), until: until.toISOString() });
    return viewed(tx, world.settings, actor, machine.id);
  });
}

const CANNOT: Readonly<Record<MachineVerb, string>> = {
  start: "This machine cannot be started now: it runs already, or something else is being done with it.",
  stop: "This machine cannot be stopped now: it is off already, or something else is being done with it.",
  reboot: "This machine cannot be restarted now: it is off, or something else is being done with it.",
  retry: "Nothing of this machine has failed that could be tried again.",
  extend: "This machine is being removed, or is gone: it cannot be extended.",
  change: "This machine has been removed: it cannot be changed any more.",
  resize: "This machine is being built or changed: wait until that is done.",
  delete: "This machine is being removed already.",
};

function mustOffer(world: World, { machine, workspace }: MachineRow, verb: MachineVerb, isStaff: boolean): void {
  const isOurs = isDriven(machine.provider) && isConnected(world.settings, machine.provider);
  if (offered(workspace, isOurs, isStaff).includes(verb)) return;
  const isPower = verb === "start" || verb === "stop" || verb === "reboot";
  throw new HavreError(
    "conflict",
    isPower && !isOurs ? "The provider of this machine cannot be asked to start or stop machines from here." : CANNOT[verb],
  );
}
