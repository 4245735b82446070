import { HavreError, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { rorOf } from "../../kernel/research-ids.ts";
import { organisations } from "../../store/organisations.ts";
import { type Actor, type FacultyView, type Organisation, personOf } from "../people/model.ts";
import type { Needs } from "../world.ts";
import type { OrganisationData, StudyField } from "./model.ts";

type World = Needs<"store">;

export const listOrganisations = (world: World, _actor: Actor, window: Window): Promise<Page<Organisation>> =>
  organisations(world.store.db).page(window);

/** @throws HavreError "not-found" for an organisation that is not there */
export async function listFaculties(
  world: World,
  _actor: Actor,
  asked: { readonly organisation: number; readonly window: Window },
): Promise<Page<FacultyView>> {
  const page = await organisations(world.store.db).faculties(asked.organisation, asked.window);
  if (page.total === 0 && !(await organisations(world.store.db).byId(asked.organisation))) throw notFound();
  return page;
}

/** @throws HavreError "not-found" also for a faculty of another organisation */
export async function listFields(
  world: World,
  _actor: Actor,
  asked: { readonly organisation: number; readonly faculty: number; readonly window: Window },
): Promise<Page<StudyField>> {
  const { organisation, faculty, window } = asked;
  const page = await organisations(world.store.db).fieldPage(organisation, faculty, window);
  if (page.total === 0 && !(await organisations(world.store.db).hasFaculty(organisation, faculty))) throw notFound();
  return page;
}

/** The fields of the caller's own faculty; none for somebody without one. */
export async function listOwnFields(world: World, actor: Actor): Promise<StudyField[]> {
  const faculty = personOf(actor)?.self.facultyId;
  return faculty === undefined ? [] : organisations(world.store.db).fieldsOf(faculty);
}

function rorIn({ name, ror }: OrganisationData): string | undefined {
  const known = ror === undefined ? undefined : rorOf(ror);
  if (ror !== undefined && known === undefined) throw new HavreError("invalid", `"${ror}" of ${name} is no ROR id.`);
  return known;
}

/**
 * Adds what is not there yet, found by name; nothing is renamed or removed. May run at every start, in several processes.
 * @returns how many fields of study were new
 */
export async function loadOrganisations(world: World, data: readonly OrganisationData[]): Promise<number> {
  return world.store.transaction(async tx => {
    await organisations(tx).oneLoader();
    let added = 0;
    for (const organisation of data) {
      const id = await organisations(tx).ensure(organisation.name, organisation.website ?? "", rorIn(organisation));
      for (const faculty of organisation.faculties)
        added += await organisations(tx).ensureFields(await organisations(tx).ensureFaculty(id, faculty.name), faculty.fields);
    }
    return added;
  });
}
