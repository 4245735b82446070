import { DAY, later } from "../../kernel/clock.ts";
import { machines } from "../../store/machines.ts";
import { workspaces } from "../../store/workspaces.ts";
import { record } from "../events/index.ts";
import { SYSTEM } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { removeLocked } from "./actions.ts";
import type { Orphan, ProviderId, Workspace } from "./model.ts";
import { move, tell } from "./move.ts";
import { judge, NOTICES_DAYS, noticeDue, type ServerState } from "./states.ts";

type World = Needs<"store" | "clock" | "settings">;

/** Tells researchers of the end that comes near, and removes machines whose time is over. @returns how many ended */
export async function endMachines(world: World, signal: AbortSignal): Promise<number> {
  const now = world.clock.now();
  let ended = 0;
  for (const { id } of await workspaces(world.store.db).endingBefore(later(now, Math.max(...NOTICES_DAYS) * DAY))) {
    signal.throwIfAborted();
    if (await endOne(world, id, now)) ended += 1;
  }
  return ended;
}

async function endOne(world: World, id: number, now: Date): Promise<boolean> {
  return world.store.transaction(async tx => {
    const workspace = await workspaces(tx).lock(id);
    const machine = workspace && (await machines(tx).byId(workspace.machineId));
    if (!machine || workspace.status === "DELETE" || workspace.status === "TERMINATED") return false;
    // An extension is a new end, with notices of its own.
    const end = workspace.endingAt.toISOString();
    if (workspace.endingAt > now) {
      const days = noticeDue(workspace, now);
      if (days !== undefined) await tell(tx, world, machine, workspace, "ending", `ending:${end}:${days}`);
      return false;
    }
    await tell(tx, world, machine, workspace, "ended", `ended:${end}`);
    await removeLocked(tx, world, SYSTEM, { machine, workspace });
    return true;
  });
}

/** A server as a look at the cloud found it. */
export interface SeenServer {
  readonly remoteId: string;
  readonly key: string;
  readonly name: string;
  readonly state: ServerState;
}

/** Compares what we think a cloud has with what it has, and gives each machine the status that is true. */
export async function reconcile(world: World, provider: ProviderId, seen: readonly SeenServer[]): Promise<void> {
  const known = await workspaces(world.store.db).built(provider);
  const byId = new Map(seen.map(server => [server.remoteId, server]));
  const isAnySeen = known.length < 2 || known.some(({ cloudId }) => byId.has(cloudId));
  for (const { id, cloudId } of known) await reconcileOne(world, id, byId.get(cloudId)?.state, isAnySeen);
}

async function reconcileOne(world: World, id: number, seen: ServerState | undefined, isAnySeen: boolean): Promise<void> {
  await world.store.transaction(async tx => {
    const workspace = await workspaces(tx).lock(id);
    const now = world.clock.now();
    const verdict = workspace && judge(workspace, seen, isAnySeen, now);
    if (!workspace || !verdict) return;
    const { status, power, message, missing } = verdict;
    const missingSince = missing ? (workspace.missingSince ?? now) : null;
    await move(tx, world, SYSTEM, workspace, status, { power, statusMessage: message, missingSince });
  });
}

/** Servers with our mark of which we know nothing. The look is older than our rows: ask for each whether it is still there. */
export async function orphansAmong<T extends SeenServer>(world: Needs<"store">, seen: readonly T[]): Promise<readonly T[]> {
  const { db } = world.store;
  const owners = await machines(db).byKeys(seen.map(({ key }) => key));
  const spaces = await workspaces(db).ofMachines([...owners.values()]);
  const ownerOf = (key: string): Workspace | undefined => {
    const owner = owners.get(key);
    return owner === undefined ? undefined : spaces.get(owner);
  };
  return seen.filter(server => server.state !== "going" && isOrphan(server, ownerOf(server.key)));
}

/** Notes them for a person; nothing ever removes them by itself. @returns those that are new */
export async function noteOrphans(
  world: World,
  provider: ProviderId,
  orphans: readonly SeenServer[],
): Promise<readonly Orphan[]> {
  return world.store.transaction(async tx => {
    const before = new Map((await workspaces(tx).orphans(provider)).map(orphan => [orphan.remoteId, orphan]));
    const fresh: Orphan[] = [];
    for (const { remoteId, key, name } of orphans) {
      if (before.delete(remoteId)) continue;
      const orphan = { remoteId, provider, key, name };
      await workspaces(tx).addOrphan(orphan);
      await record(tx, SYSTEM, { verb: "machine.orphan-found", kind: "orphan", id: remoteId, data: { name, key, provider } });
      fresh.push(orphan);
    }
    for (const { remoteId, name, key } of before.values()) {
      await workspaces(tx).removeOrphan(remoteId);
      await record(tx, SYSTEM, { verb: "machine.orphan-gone", kind: "orphan", id: remoteId, data: { name, key, provider } });
    }
    return fresh;
  });
}

/** Of a machine that is being built or removed the errand knows more than this look does. */
function isOrphan({ remoteId }: SeenServer, workspace: Workspace | undefined): boolean {
  if (!workspace) return true;
  if (workspace.task !== undefined && !workspace.taskFailed) return false;
  return workspace.status === "TERMINATED" || (workspace.cloudId !== "" && workspace.cloudId !== remoteId);
}
