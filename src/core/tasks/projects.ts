import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { newCode, newUuid } from "../../kernel/ids.ts";
import { compute, NO_QUOTAS, type ProjectVolume } from "../../store/compute.ts";
import { type ProjectView, projects } from "../../store/compute-projects.ts";
import { people } from "../../store/people.ts";
import { isTaken, type Tx } from "../../store/store.ts";
import { studies } from "../../store/studies.ts";
import { record } from "../events/index.ts";
import { type Actor, type PersonId, personOf, seesAll } from "../people/model.ts";
import { removeStudy, type Study, setContributors } from "../studies/index.ts";
import type { Needs } from "../world.ts";
import { NO_PROJECT } from "./access.ts";
import type { Quotas } from "./model.ts";

export type { ProjectView } from "../../store/compute-projects.ts";

type World = Needs<"store" | "clock" | "settings">;

export interface ProjectInput {
  readonly description?: string | undefined;
  /** User names. */
  readonly members?: readonly string[] | undefined;
  /** Of the owner they count where the site allows it. */
  readonly quotas: Partial<Quotas>;
  /** Only an administrator's count, as the next two. */
  readonly volumes?: readonly ProjectVolume[] | undefined;
  readonly owner?: string | undefined;
}

/** Where those compute that name no project: everybody's, without limits, and nobody's to change. */
export const DEFAULT_PROJECT: ProjectView = {
  studyId: 0,
  ownerId: 0,
  slug: NO_PROJECT,
  name: NO_PROJECT,
  description: "",
  owner: "",
  members: [],
  quotas: NO_QUOTAS,
  volumes: [],
};

const mustBeAdministrator = (actor: Actor): void => {
  if (!seesAll(actor)) throw new HavreError("forbidden", "This is for administrators.");
};

/** @throws HavreError "not-found", and "forbidden" for whoever is neither its owner nor an administrator */
async function owned(tx: Tx, actor: Actor, slug: string): Promise<ProjectView> {
  const project = slug === NO_PROJECT ? DEFAULT_PROJECT : await projects(tx).bySlug(slug);
  if (!project) throw notFound(`There is no project "${slug}".`);
  if (!seesAll(actor) && personOf(actor)?.id !== project.ownerId)
    throw new HavreError("forbidden", "Only its owner and administrators may do this.");
  return project;
}

export const showProject = (world: Needs<"store">, actor: Actor, slug: string): Promise<ProjectView> =>
  owned(world.store.db, actor, slug);

/** All, for administrators; else those that the caller owns. */
export async function listProjects(world: Needs<"store">, actor: Actor): Promise<readonly ProjectView[]> {
  if (seesAll(actor)) return [DEFAULT_PROJECT, ...(await projects(world.store.db).all())];
  return projects(world.store.db).ownedBy(personOf(actor)?.id ?? 0);
}

/**
 * Makes a project: a study with this slug.
 * @throws HavreError "forbidden", "conflict" when the name is taken, "invalid"
 */
export async function createProject(
  world: World,
  actor: Actor,
  { slug, input }: { readonly slug: string; readonly input: ProjectInput },
): Promise<ProjectView> {
  mustBeAdministrator(actor);
  if (!/^[A-Za-z0-9][\w.@-]{0,99}$/.test(slug)) throw invalid({ id: ["Letters, digits and . @ - _, at most 100."] });
  if (slug === NO_PROJECT) throw new HavreError("conflict", "This project is there always.");
  try {
    return await world.store.transaction(async tx => {
      const owner = await ownerOf(tx, actor, input.owner);
      const field = await projects(tx).anyField(owner);
      if (field === undefined) throw new HavreError("conflict", "There is no field of study yet: load the organisations first.");
      const study = await studies(tx).insert({
        ownerId: owner as PersonId,
        code: slug.slice(0, 50),
        name: slug,
        description: input.description ?? "",
        humanSubject: false,
        fieldId: field,
        uploadUuid: newUuid(),
        uploadCode: newCode(),
        isOpen: false,
        recipients: [],
      });
      await projects(tx).name(study.id, slug);
      await record(tx, actor, {
        verb: "study.created",
        kind: "study",
        id: study.id,
        study: study.id,
        data: { code: study.code, name: study.name },
      });
      await change(tx, world, actor, study, input, true);
      return found(await projects(tx).bySlug(slug));
    });
  } catch (cause) {
    if (!isTaken(cause)) throw cause;
    throw new HavreError("conflict", `There is a project "${slug}" already.`, { cause });
  }
}

/** @throws HavreError "not-found", "forbidden", "conflict" for the default project, "invalid" */
export async function changeProject(
  world: World,
  actor: Actor,
  { slug, input }: { readonly slug: string; readonly input: ProjectInput },
): Promise<ProjectView> {
  return world.store.transaction(async tx => {
    const project = await owned(tx, actor, slug);
    mustNotBeDefault(project);
    const study = found(await studies(tx).lock(project.studyId));
    await change(tx, world, actor, study, input, seesAll(actor));
    return found(await projects(tx).bySlug(slug));
  });
}

const mustNotBeDefault = ({ slug }: ProjectView): void => {
  if (slug === NO_PROJECT) throw new HavreError("conflict", "This project cannot be changed.");
};
function found<T>(value: T | undefined): T {
  if (value === undefined) throw notFound();
  return value;
}

async function change(
  tx: Tx,
  { settings }: World,
  actor: Actor,
  study: Study,
  input: ProjectInput,
  isAdministrator: boolean,
): Promise<void> {
  const quotas = isAdministrator || settings.taskOwnerQuotas ? input.quotas : {};
  mustBeQuotas(quotas);
  if (input.description !== undefined) await projects(tx).describe(study.id, input.description);
  const owner = isAdministrator && input.owner ? await ownerOf(tx, actor, input.owner) : (study.ownerId as number);
  if (owner !== study.ownerId) await projects(tx).handOver(study.id, owner);
  if (input.members !== undefined) {
    const known = await projects(tx).personIds(input.members);
    const unknown = input.members.find(name => !known.has(name));
    if (unknown !== undefined) throw invalid({ members: [`There is no user "${unknown}".`] });
    const ids = [...new Set(known.values())].filter(id => id !== owner);
    await setContributors(
      tx,
      actor,
      { ...study, ownerId: owner as PersonId },
      [{ person: owner, role: "administrator", active: true }, ...ids.map(person => ({ person }))],
      () => invalid({ members: ["Somebody in the list cannot sign in."] }),
    );
  }
  await compute(tx).changeProject(study.id, {
    quotas,
    ...(isAdministrator && input.volumes ? { volumes: input.volumes } : {}),
  });
  await record(tx, actor, {
    verb: "study.compute-changed",
    kind: "study",
    id: study.id,
    study: study.id,
    data: { ...quotas },
  });
}

export function mustBeQuotas(quotas: Partial<Quotas>): void {
  const bad = Object.entries(quotas).filter(
    ([name, value]) => !Number.isSafeInteger(value) || value < 0 || value > (name === "prio" ? 100 : 1e15),
  );
  if (bad.length > 0)
    throw invalid(Object.fromEntries(bad.map(([name]) => [name, ["A whole number; a priority from 0 to 100."]])));
}

async function ownerOf(tx: Tx, actor: Actor, username: string | undefined): Promise<number> {
  if (username) {
    const account = await people(tx).accountByName(username);
    if (!account?.person.isActive) throw invalid({ owner: [`There is no user "${username}".`] });
    return account.person.id;
  }
  const person = personOf(actor);
  if (!person) throw invalid({ owner: ["A project needs an owner."] });
  return person.id;
}

/** The study goes, as {@link removeStudy} lets it. @throws as that, and "conflict" for the default project */
export async function removeProject(world: World, actor: Actor, slug: string): Promise<ProjectView> {
  mustBeAdministrator(actor);
  const project = await owned(world.store.db, actor, slug);
  mustNotBeDefault(project);
  await removeStudy(world, actor, project.studyId);
  return project;
}

/** What was used no longer counts against the project's quota. @throws HavreError "not-found", "forbidden" */
export async function resetProject(world: World, actor: Actor, slug: string): Promise<void> {
  mustBeAdministrator(actor);
  await world.store.transaction(async tx => {
    const project = await owned(tx, actor, slug);
    if (project.slug === NO_PROJECT) return;
    await compute(tx).resetProject(project.studyId);
    await record(tx, actor, { verb: "study.usage-reset", kind: "study", id: project.studyId, study: project.studyId });
  });
}
