import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { type ComputeAccount, compute, type UsageDay } from "../../store/compute.ts";
import { type ProjectView, projects } from "../../store/compute-projects.ts";
import { errands } from "../../store/errands.ts";
import { people } from "../../store/people.ts";
import { isReferenced, type Tx } from "../../store/store.ts";
import { taskLists } from "../../store/task-lists.ts";
import { runs } from "../../store/task-runs.ts";
import { record } from "../events/index.ts";
import { type Actor, type Person, personOf, seesAll } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { NO_PROJECT } from "./access.ts";
import { accountOf, freshAccount, isGuest, keptAccount, keyOf, replaceKey } from "./accounts.ts";
import { actOn, killAll } from "./acts.ts";
import { purgeTask } from "./archive.ts";
import type { Quotas, Used } from "./model.ts";
import { DEFAULT_PROJECT, mustBeQuotas } from "./projects.ts";
import { dataFolder, homeFolder } from "./volumes.ts";

type World = Needs<"store" | "clock" | "secrets" | "settings">;

/** A person as those who compute see them. */
export interface UserView {
  readonly person: Person;
  readonly account: ComputeAccount;
  readonly isGuest: boolean;
  readonly email: string;
  /** Below the root of the shared folders. */
  readonly home: string;
  /** Of their tasks' files, as far as they were measured. */
  readonly diskBytes: number;
  /** Only for themselves and administrators. */
  readonly apiKey: string | undefined;
}

/** @throws HavreError "forbidden" before anything is looked up */
export function mustBeSelf(actor: Actor, username: string): void {
  if (!seesAll(actor) && personOf(actor)?.username !== username)
    throw new HavreError("forbidden", "This is for the user and for administrators.");
}
const mustBeAdministrator = (actor: Actor): void => {
  if (!seesAll(actor)) throw new HavreError("forbidden", "This is for administrators.");
};

async function named(tx: Tx, username: string): Promise<Person> {
  const account = await people(tx).accountByName(username);
  if (!account) throw notFound(`There is no user "${username}".`);
  return account.person;
}

const viewOf = (world: Needs<"secrets">, person: Person, account: ComputeAccount, diskBytes = 0): UserView => ({
  diskBytes,
  person,
  account,
  isGuest: isGuest(person),
  email: account.email ?? person.email,
  home: homeFolder(person.id),
  apiKey: keyOf(world, account),
});

/** @throws HavreError "forbidden", "not-found" */
export async function showUser(world: World, actor: Actor, username: string): Promise<UserView> {
  mustBeSelf(actor, username);
  const person = await named(world.store.db, username);
  const disk = (await runs(world.store.db).diskOf([person.id])).get(person.id);
  return viewOf(world, person, await accountOf(world.store.db, world, person.id), disk);
}

const MOST_USERS = 100_000;
export async function listUsers(world: World, actor: Actor): Promise<readonly UserView[]> {
  mustBeAdministrator(actor);
  const { items } = await people(world.store.db).page({ offset: 0, limit: MOST_USERS });
  const views: UserView[] = [];
  const ids = items.map(person => person.id);
  const [accounts, disk] = [await compute(world.store.db).accounts(ids), await runs(world.store.db).diskOf(ids)];
  for (const person of items)
    views.push(viewOf(world, person, accounts.get(person.id) ?? freshAccount(world, person.id), disk.get(person.id)));
  return views;
}

export interface UserInput {
  readonly username: string;
  readonly publicKey?: string | undefined;
  readonly email?: string | undefined;
  /** Only an administrator's count. */
  readonly quotas: Partial<Quotas>;
}

/** What somebody may not change of themselves is left as it is, without a word: clients send whole documents back. */
export async function changeUser(world: World, actor: Actor, input: UserInput): Promise<UserView> {
  mustBeSelf(actor, input.username);
  const quotas = seesAll(actor) ? input.quotas : {};
  mustBeQuotas(quotas);
  if (input.email !== undefined && input.email !== "" && !/^[^\s@]+@[^\s@]+$/.test(input.email))
    throw invalid({ email: ["This is no address."] });
  if (input.publicKey !== undefined && (input.publicKey.length > 16_384 || /[\0\r]/.test(input.publicKey)))
    throw invalid({ credentials: ["This is no public key."] });
  return world.store.transaction(async tx => {
    const person = await named(tx, input.username);
    await keptAccount(tx, world, person.id);
    await compute(tx).changeAccount(person.id, {
      quotas,
      ...(input.publicKey === undefined ? {} : { publicKey: input.publicKey }),
      ...(input.email ? { email: input.email } : {}),
    });
    await record(tx, actor, { verb: "compute.user-changed", kind: "person", id: person.id, data: { ...quotas } });
    return viewOf(world, person, await accountOf(tx, world, person.id));
  });
}

/** @returns the new key */
export async function replaceUserKey(world: World, actor: Actor, username: string): Promise<string> {
  mustBeSelf(actor, username);
  const person = await named(world.store.db, username);
  return replaceKey(world, actor, person.id);
}

/** A guest may sign in from now on, or no more. @throws HavreError "forbidden", "not-found", "conflict" for who is no guest */
export async function setGuest(
  world: World,
  actor: Actor,
  { username, isActive }: { readonly username: string; readonly isActive: boolean },
): Promise<UserView> {
  mustBeAdministrator(actor);
  return world.store.transaction(async tx => {
    const person = await named(tx, username);
    if (!isGuest(person)) throw new HavreError("conflict", "This user is no guest.");
    await keptAccount(tx, world, person.id);
    await compute(tx).changeAccount(person.id, { guestActive: isActive });
    await record(tx, actor, { verb: "compute.guest-changed", kind: "person", id: person.id, data: { isActive } });
    return viewOf(world, person, await accountOf(tx, world, person.id));
  });
}

/** Kills somebody's tasks that are not over, or those with a tag. @returns their numbers */
export async function killTasksOf(
  world: World,
  actor: Actor,
  { username, tag }: { readonly username: string; readonly tag: string | undefined },
): Promise<readonly number[]> {
  mustBeSelf(actor, username);
  const person = await named(world.store.db, username);
  return killAll(world, actor, { person: person.id, tag });
}

/** Projects that they own or are in, and the one that everybody is in. */
export async function projectsOfUser(world: World, actor: Actor, username: string): Promise<readonly ProjectView[]> {
  mustBeSelf(actor, username);
  const person = await named(world.store.db, username);
  return [DEFAULT_PROJECT, ...(await projects(world.store.db).of(person.id))];
}

export async function usageOfUser(world: World, actor: Actor, username: string): Promise<readonly UsageDay[]> {
  mustBeSelf(actor, username);
  const person = await named(world.store.db, username);
  return compute(world.store.db).usageDays({ person: person.id }, world.settings.taskUsageDays);
}

/** Of the default project: of everybody without one. @throws HavreError "not-found", "forbidden" for who is not in it */
export async function usageOfProject(world: World, actor: Actor, slug: string): Promise<readonly UsageDay[]> {
  const tx = world.store.db;
  const project = slug === NO_PROJECT ? DEFAULT_PROJECT : await projects(tx).bySlug(slug);
  if (!project) throw notFound(`There is no project "${slug}".`);
  const person = personOf(actor);
  if (project !== DEFAULT_PROJECT && !seesAll(actor) && !project.members.includes(person?.username ?? ""))
    throw new HavreError("forbidden", "This is for members of the project.");
  return compute(tx).usageDays({ study: project.studyId }, world.settings.taskUsageDays);
}

export type BillRow = Used & { readonly username: string; readonly project: string };

/** What was used in a month. @throws HavreError "forbidden", "not-found", "invalid" */
export async function bill(
  world: World,
  actor: Actor,
  asked: { readonly type: "user" | "project"; readonly id: string; readonly year: number; readonly month: number },
): Promise<readonly BillRow[]> {
  const tx = world.store.db;
  const { type, id, year, month } = asked;
  if (type === "user") mustBeSelf(actor, id);
  const from = `${year}-${String(month).padStart(2, "0")}-01`;
  const until = month === 12 ? `${year + 1}-01-01` : `${year}-${String(month + 1).padStart(2, "0")}-01`;
  if (type === "user") return compute(tx).bill({ person: (await named(tx, id)).id }, from, until);
  const project = id === NO_PROJECT ? DEFAULT_PROJECT : await projects(tx).bySlug(id);
  if (!project) throw notFound(`There is no project "${id}".`);
  if (!seesAll(actor) && personOf(actor)?.id !== project.ownerId)
    throw new HavreError("forbidden", "Only its owner and administrators may do this.");
  return compute(tx).bill({ study: project.studyId }, from, until);
}

/**
 * Somebody goes, with their tasks and files. What runs of theirs is killed first; the rest follows when that has ended.
 * @returns them, as they were. @throws HavreError "forbidden", "not-found", "conflict" when they own what others need
 */
export async function removeUser(world: World, actor: Actor, username: string): Promise<UserView> {
  mustBeAdministrator(actor);
  if (personOf(actor)?.username === username) throw new HavreError("conflict", "Nobody removes themselves.");
  const view = await showUser(world, actor, username);
  await world.store.transaction(async tx => {
    const owned = await projects(tx).ownedBy(view.person.id);
    if (owned.length > 0) throw new HavreError("conflict", "This user owns projects: hand them over, or remove them first.");
    await people(tx).update(view.person.id, { isActive: false });
    for (const id of await taskLists(tx).activeIds(view.person.id, undefined)) await actOn(tx, world, actor, id, "kill");
    await errands(tx).add("remove-task-user", { payload: { person: view.person.id }, key: String(view.person.id) });
    await record(tx, actor, { verb: "compute.user-removed", kind: "person", id: view.person.id, data: { username } });
  });
  await finishRemoval(world, view.person.id);
  return view;
}

/**
 * The rest of a removal, when nothing of theirs runs any more.
 * @returns false while something does
 */
export async function finishRemoval(world: Needs<"store" | "clock" | "settings">, personId: number): Promise<boolean> {
  return world.store.transaction(async tx => {
    const person = await people(tx).byId(personId as Person["id"]);
    if (!person || person.isActive) return true;
    if ((await taskLists(tx).activeIds(personId, undefined)).length > 0) return false;
    for (const id of await taskLists(tx).idsOf(personId)) await purgeTask(tx, id);
    for (const path of [homeFolder(personId), dataFolder(personId)])
      await errands(tx).add("remove-task-files", { payload: { path }, key: path });
    try {
      await people(tx).remove(person.id);
    } catch (cause) {
      // Other parts of Havre still need them: they stay, without a way in.
      if (!isReferenced(cause)) throw cause;
      throw new HavreError("conflict", "This user owns something else in Havre, and stays as one who cannot sign in.", { cause });
    }
    return true;
  });
}
