import { safeName } from "../../kernel/paths.ts";
import { files } from "../../store/files.ts";
import { locations } from "../../store/locations.ts";
import { type Actor, personOf, seesAll } from "../people/model.ts";
import { studyFor } from "../permissions/index.ts";
import type { Needs } from "../world.ts";
import { ALL, type FilePlace } from "./model.ts";
import { isAtOrBelow, joined } from "./paths.ts";
import { placeIn } from "./places.ts";

/** A folder that a study's drops are brought to, under the name by which people tell it from the study's others. */
export interface StudyPlace {
  readonly name: string;
  readonly place: FilePlace;
}

/**
 * The folders of a study that the actor may see something in, as tops of their own. The storage's name is the folder's; of those with one
 * name all but the first have a number behind it.
 * @throws HavreError "not-found" when they may not see the study
 */
export async function placesOfStudy(world: Needs<"store">, actor: Actor, studyId: number): Promise<StudyPlace[]> {
  const { db } = world.store;
  await studyFor(db, actor, studyId, "study.see");
  const taken = new Set<string>();
  const places: StudyPlace[] = [];
  for (const { location, storage } of await locations(db).ofStudy(studyId)) {
    const plain = safeName(storage.name) || `storage ${storage.id}`;
    const name = taken.has(plain) ? `${plain} ${location.id}` : plain;
    taken.add(name);
    const root = joined(location.path, location.uploadPath);
    const isOwner = seesAll(actor) || personOf(actor)?.id === storage.ownerId;
    const standings = isOwner
      ? [{ path: "", rights: ALL, mayShare: true }]
      : (await files(db).standings(actor, storage.id)).filter(({ path }) => isAtOrBelow(root, path) || isAtOrBelow(path, root));
    const place = await placeIn(world, actor, storage, { standings, root, studyId }).catch(() => undefined);
    const given = place?.grants.some(({ path }) => isAtOrBelow(path, root) || isAtOrBelow(root, path));
    if (place && (standings.length > 0 || given)) places.push({ name, place });
  }
  return places;
}
