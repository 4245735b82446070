import { HavreError, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { catalogue } from "../../store/catalogue.ts";
import { machines } from "../../store/machines.ts";
import { people } from "../../store/people.ts";
import type { Tx } from "../../store/store.ts";
import { studies } from "../../store/studies.ts";
import { workspaces } from "../../store/workspaces.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";
import type { QueueView, ReportedAccess, Workspace, WorkspaceReport, WorkspaceStatus } from "./model.ts";
import { move } from "./move.ts";
import { ACCESS_PASSWORD_SEAL, LOGIN_KEY_SEAL } from "./read.ts";
import { mustBeFree } from "./states.ts";

/**
 * The queue of the VRW provider: an outside system fetches what is to be built, takes it up (UPDATING), builds it, and reports.
 * Several may do so at once: each workspace is taken up by one of them.
 */
type World = Needs<"store" | "clock" | "settings" | "secrets">;

/** Oldest first. */
export async function listQueue(
  world: Needs<"store">,
  _actor: Actor,
  asked: { readonly status: WorkspaceStatus | undefined; readonly window: Window },
): Promise<Page<QueueView>> {
  const { db } = world.store;
  const page = await workspaces(db).queue("vrw", asked.status, asked.window);
  return { total: page.total, items: await queueViews(db, page.items) };
}

/** @throws HavreError "not-found", also for a workspace of another provider */
export async function showQueued(world: Needs<"store">, _actor: Actor, id: number): Promise<QueueView> {
  const workspace = await workspaces(world.store.db).byId(id);
  const [view] = workspace?.provider === "vrw" ? await queueViews(world.store.db, [workspace]) : [];
  if (!view) throw notFound();
  return view;
}

export type Reported = Pick<Workspace, "status" | "cloudId">;

/**
 * What an outside system says of a workspace. UPDATING takes it up, once; whoever says the same again, after an answer was lost,
 * gets the same answer.
 * @throws HavreError "not-found", "conflict" for one that another has taken up, built, or that cannot become this
 */
export async function reportWorkspace(world: World, actor: Actor, report: WorkspaceReport): Promise<Reported> {
  return world.store.transaction(async tx => {
    const workspace = await workspaces(tx).lock(report.id);
    if (workspace?.provider !== "vrw") throw notFound();
    const status = report.status ?? workspace.status;
    if (report.access) await keepAccess(tx, world, workspace, report.access);
    const cloudId = cloudIdAfter(workspace, status, report.remoteId);
    if (status === "UPDATING" && report.status !== undefined && !mustBeFree(workspace, report.remoteId))
      return { status, cloudId: workspace.cloudId };
    const claimed = status === "UPDATING" ? report.status !== undefined || workspace.claimed : false;
    const moved = await move(tx, world, actor, workspace, status, {
      cloudId,
      claimed,
      power: status === "DONE" ? "on" : "unknown",
      statusMessage: report.status === undefined ? workspace.statusMessage : MESSAGES[status],
    });
    return moved ?? { status, cloudId };
  });
}

const MESSAGES: Readonly<Record<WorkspaceStatus, string>> = {
  NEW: "",
  UPDATING: "",
  DONE: "",
  ERROR: "The system that builds this machine reports that it could not be done.",
  OFFLINE: "The system that builds this machine reports that it cannot be reached.",
  DELETE: "",
  TERMINATED: "The system that builds this machine reports that it has removed it.",
};

/** A built machine keeps the id that was reported for it: a second builder's is a second machine. @throws HavreError "conflict" */
function cloudIdAfter({ status: before, cloudId }: Workspace, status: WorkspaceStatus, remoteId: string | undefined): string {
  // Given back: the next to take it up begins afresh.
  if (status === "NEW") return before === "NEW" ? (remoteId ?? cloudId) : (remoteId ?? "");
  if (before === "DONE" && status === "DONE" && remoteId !== undefined && cloudId !== "" && remoteId !== cloudId)
    throw new HavreError("conflict", `This workspace is done already, as "${cloudId}".`);
  return remoteId ?? cloudId;
}

async function keepAccess(
  tx: Tx,
  { secrets }: World,
  { machineId }: Workspace,
  { ip, username, loginKey, password }: ReportedAccess,
): Promise<void> {
  const machine = await machines(tx).byId(machineId);
  const person = machine && (await people(tx).byId(machine.researcherId));
  if (!person) throw notFound();
  await machines(tx).putAccess(machineId, {
    ip,
    username: username || person.username,
    // The researcher of a machine with a public key of their own holds its only private key: another is none of ours to keep.
    ...(loginKey && machine.sshPublicKey === "" ? { loginKeySealed: secrets.seal(loginKey, LOGIN_KEY_SEAL) } : {}),
    ...(password ? { passwordSealed: secrets.seal(password, ACCESS_PASSWORD_SEAL) } : {}),
  });
}

async function queueViews(tx: Tx, items: readonly Workspace[]): Promise<QueueView[]> {
  if (items.length === 0) return [];
  const rows = await machines(tx).ofIds(items.map(({ machineId }) => machineId));
  const parts = await catalogue(tx).parts();
  const all = [...rows.values()];
  const profiles = await catalogue(tx).profilesById([...new Set(all.map(({ profileId }) => profileId))], parts);
  const persons = await people(tx).byIds(all.map(({ researcherId }) => researcherId));
  const names = await studies(tx).names(all.map(({ studyId }) => studyId));
  return items.flatMap(workspace => {
    const machine = rows.get(workspace.machineId);
    const researcher = machine && persons.get(machine.researcherId);
    const profile = machine && profiles.get(machine.profileId);
    if (!machine || !researcher || !profile) return [];
    const study = { id: machine.studyId, name: names.get(machine.studyId) ?? "" };
    return [{ workspace, machine, study, researcher, profile, parts }];
  });
}
