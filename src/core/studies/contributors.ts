import { HavreError } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { errands } from "../../store/errands.ts";
import { people } from "../../store/people.ts";
import { permissions } from "../../store/permissions.ts";
import type { Tx } from "../../store/store.ts";
import { studies } from "../../store/studies.ts";
import { record } from "../events/index.ts";
import type { Actor, PersonId } from "../people/model.ts";
import { lockStudyFor, mustMay } from "../permissions/index.ts";
import type { Needs } from "../world.ts";
import type { Contributor, ContributorInput, Study } from "./model.ts";
import { mustBeList, type Place, type PlaceChanges, type PlaceWanted, placeChanges, windowed } from "./rules.ts";

type World = Needs<"store">;

/** In the order in which they came. @throws HavreError "not-found" */
export async function listContributors(
  world: World,
  actor: Actor,
  { study, window }: { readonly study: number; readonly window: Window },
): Promise<Page<Contributor>> {
  await mustMay(world.store.db, actor, "study.see", { kind: "study", id: study });
  return windowed(await studies(world.store.db).contributors(study), window);
}

/**
 * The list replaces the one that was there.
 * @throws HavreError "not-found", "forbidden", "invalid": twice the same, nobody in charge, the owner missing, unknown persons
 */
export async function replaceContributors(
  world: World,
  actor: Actor,
  { study: id, list }: { readonly study: number; readonly list: readonly ContributorInput[] },
): Promise<readonly Contributor[]> {
  return world.store.transaction(async tx => {
    const study = await lockStudyFor(tx, actor, id, "contributors.change");
    mustBeList(list, study.ownerId);
    await setContributors(tx, actor, study, list, unknown => refuseItems(list, unknown));
    return studies(tx).contributors(study.id);
  });
}

/** Makes the list so, with an event for each change. @param refuse words for unknown persons; at least one is given */
export async function setContributors(
  tx: Tx,
  actor: Actor,
  study: Study,
  wanted: readonly PlaceWanted[],
  refuse: (unknown: readonly number[]) => Error,
): Promise<void> {
  const before = (await permissions(tx).ofStudy(study.id)).map(({ personId, role, active }) => ({
    person: personId,
    role,
    active,
  }));
  const changes = placeChanges(before, wanted);
  const unknown = await unknownOf(tx, changes);
  if (unknown.length > 0) throw refuse(unknown);
  await permissions(tx).put(
    [...changes.added, ...changes.changed].map(({ person, role, active }) => ({
      studyId: study.id,
      personId: person,
      role,
      active,
    })),
  );
  await permissions(tx).remove(
    study.id,
    changes.removed.map(place => place.person),
  );
  for (const [what, places] of Object.entries(changes) as [keyof PlaceChanges, readonly Place[]][])
    for (const { person, role, active } of places)
      await record(tx, actor, {
        verb: `contributor.${what}`,
        kind: "contributor",
        id: person,
        study: study.id,
        data: { role, active },
      });
  if (Object.values(changes).some(places => places.length > 0))
    await errands(tx).add("provide-accounts", { payload: { study: study.id }, key: String(study.id) });
}

/** Says which items of the list are wrong, as clients expect of a list. */
function refuseItems(list: readonly ContributorInput[], unknown: readonly number[]): Error {
  const body = list.map(({ person }) =>
    unknown.includes(person) ? { researcher_id: [`Invalid pk "${person}" - object does not exist.`] } : {},
  );
  return new HavreError("invalid", "The list has unknown researchers.", { detail: { body } });
}

/** Newcomers must be there and be able to sign in; who is in already may stay. */
async function unknownOf(tx: Tx, { added }: PlaceChanges): Promise<number[]> {
  const known = await people(tx).views(added.map(place => place.person as PersonId));
  return added.map(place => place.person).filter(person => !known.get(person as PersonId)?.person.isActive);
}
