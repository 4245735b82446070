import { invalid } from "../../kernel/errors.ts";
import { mustBeLines } from "../../kernel/lines.ts";
import { orcidOf } from "../../kernel/research-ids.ts";
import { organisations } from "../../store/organisations.ts";
import { type PersonChanges, people } from "../../store/people.ts";
import type { Tx } from "../../store/store.ts";
import type { Needs } from "../world.ts";
import { changePerson, mustBe } from "./accounts.ts";
import type { Actor, FacultyId, Language, OrganisationId, PersonId, ResearcherView } from "./model.ts";
import { selfOf } from "./rules.ts";

/** What people say of themselves to colleagues. An absent part stays; null takes it away. */
export interface ProfileInput {
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
  readonly organisation?: number | null | undefined;
  readonly faculty?: number | null | undefined;
  readonly orcid?: string | null | undefined;
  readonly language?: Language | undefined;
}

type World = Needs<"store">;

/** One's own profile. */
export const showProfile = (world: World, actor: Actor): Promise<ResearcherView> => viewOf(world.store.db, selfOf(actor));

/** @throws HavreError "not-found" when the account was removed meanwhile */
async function viewOf(tx: Tx, id: PersonId): Promise<ResearcherView> {
  return mustBe((await people(tx).views([id])).get(id));
}

/** Changes one's own profile; a faculty brings its university along. @throws HavreError "invalid" on the field that is wrong */
export async function changeProfile(world: World, actor: Actor, input: ProfileInput): Promise<ResearcherView> {
  mustBeLines({ first_name: input.firstName ?? "", last_name: input.lastName ?? "" });
  const id = selfOf(actor);
  return world.store.transaction(async tx => {
    const { person } = mustBe(await people(tx).lock(id));
    const changes = changesOf(input, await placeOf(tx, input, person.organisationId));
    if (Object.keys(changes).length > 0) await changePerson(tx, actor, person, changes);
    return viewOf(tx, id);
  });
}

const changesOf = (input: ProfileInput, place: PersonChanges): PersonChanges => ({
  ...place,
  ...(input.firstName === undefined ? {} : { firstName: input.firstName }),
  ...(input.lastName === undefined ? {} : { lastName: input.lastName }),
  ...(input.language === undefined ? {} : { language: input.language }),
  ...(input.orcid === undefined ? {} : { orcid: acceptOrcid(input.orcid) }),
});

/** In its one spelling; "" and null are none. @throws HavreError "invalid" on `orcid` */
export function acceptOrcid(given: string | null): string | null {
  if (given === null || given === "") return null;
  const orcid = orcidOf(given);
  if (orcid === undefined) throw invalid({ orcid: ["Enter a valid ORCID iD, such as 0000-0002-1825-0097."] });
  return orcid;
}

/** Where somebody works. The faculty decides the university; another university ends the faculty. */
async function placeOf(
  tx: Tx,
  { organisation, faculty }: ProfileInput,
  before: OrganisationId | undefined,
): Promise<PersonChanges> {
  if (faculty !== undefined && faculty !== null) {
    const parent = await organisations(tx).ofFaculty(faculty);
    if (parent === undefined) throw noSuch("faculty", faculty);
    if (typeof organisation === "number" && organisation !== parent)
      throw invalid({ faculty: ["This faculty is not of that university."] });
    return { facultyId: faculty as FacultyId, organisationId: parent as OrganisationId };
  }
  if (typeof organisation === "number") {
    if (!(await organisations(tx).byId(organisation))) throw noSuch("university", organisation);
    const stays = organisation === before && faculty === undefined;
    return stays ? {} : { organisationId: organisation as OrganisationId, facultyId: null };
  }
  return {
    ...(organisation === null ? { organisationId: null, facultyId: null } : {}),
    ...(faculty === null ? { facultyId: null } : {}),
  };
}

const noSuch = (field: string, id: number): Error => invalid({ [field]: [`Invalid pk "${id}" - object does not exist.`] });
