import { forbidden, HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { newCode, newUuid } from "../../kernel/ids.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { grants } from "../../store/grants.ts";
import { organisations } from "../../store/organisations.ts";
import { organisationRecords, type StudyFilter, type StudyRow, type StudyType, studyRecords } from "../../store/records.ts";
import { isReferenced, isTaken, type Tx } from "../../store/store.ts";
import { studies } from "../../store/studies.ts";
import { record } from "../events/index.ts";
import { type Actor, personOf, seesAll } from "../people/model.ts";
import { allows, mustAllow, type Verb } from "../permissions/index.ts";
import type { Needs } from "../world.ts";
import type { StudyId, StudyRecord, StudyRecordChanges } from "./model.ts";
import { mustBeKnownCode, OECD_FIELDS } from "./oecd.ts";

type World = Needs<"store" | "clock">;

/** Studies that the actor sees, by name. */
export const listStudyRecords = (
  world: Needs<"store">,
  actor: Actor,
  asked: { readonly filter: StudyFilter; readonly window: Window },
): Promise<Page<StudyRecord>> => studyRecords(world.store.db).page(actor, asked.filter, asked.window);

/** @throws HavreError "not-found" */
export async function seenStudy(tx: Tx, actor: Actor, uuid: string): Promise<StudyRecord> {
  const found = await studyRecords(tx).seen(actor, uuid);
  if (!found) throw notFound();
  return found;
}

/** @throws HavreError "not-found" */
export const showStudyRecord = (world: Needs<"store">, actor: Actor, uuid: string): Promise<StudyRecord> =>
  seenStudy(world.store.db, actor, uuid);

/** The same, held to the end of the transaction. @throws HavreError "not-found", "forbidden" */
async function studyFor(tx: Tx, actor: Actor, uuid: string, verb: Verb): Promise<StudyRecord> {
  const found = await studyRecords(tx).lock(actor, uuid);
  if (!found) throw notFound();
  mustAllow("study", found.standing ?? undefined, verb);
  return found;
}

export const listStudyTypes = (
  world: Needs<"store">,
  _actor: Actor,
  asked: { readonly name?: string | undefined; readonly uuid?: string | undefined; readonly window: Window },
): Promise<Page<StudyType>> => studyRecords(world.store.db).types(asked.name, asked.window, asked.uuid);

/** @throws HavreError "not-found" */
export async function showStudyType(world: Needs<"store">, actor: Actor, uuid: string): Promise<StudyType> {
  const { items } = await listStudyTypes(world, actor, { uuid, window: { offset: 0, limit: 1 } });
  const [found] = items;
  if (!found) throw notFound();
  return found;
}

/**
 * A study that an organisation opens: whoever opens it owns it and has no other role in it. Its field is the one that the code
 * names, below a general faculty of the organisation.
 * @throws HavreError "forbidden", "invalid"
 */
export async function openStudyRecord(
  world: World,
  actor: Actor,
  { organisation, ...input }: StudyRecordChanges & { readonly name: string; readonly organisation: string },
): Promise<StudyRecord> {
  const owner = personOf(actor);
  if (!owner) throw forbidden("A study needs a person as its owner.");
  return world.store.transaction(async tx => {
    const home = await organisationRecords(tx).seen(actor, organisation);
    if (!home) throw invalid({ customer: ["Invalid hyperlink - Object does not exist."] });
    if (!allows("organisation", home.standing ?? undefined, "study.create")) throw forbidden();
    mustBeOpen(home);
    const row = await acceptedRow(tx, world, actor, input, undefined);
    const faculty = await organisations(tx).ensureFaculty(home.id, "General");
    const { id } = await studies(tx).insert({
      ownerId: owner.id,
      code: "",
      name: input.name,
      description: input.description ?? "",
      humanSubject: false,
      fieldId: await organisations(tx).ensureField(faculty, OECD_FIELDS[input.oecdCode ?? ""] ?? "General"),
      uploadUuid: newUuid(),
      uploadCode: newCode(),
      isOpen: true,
      recipients: [],
    });
    await studyRecords(tx).update(id, { ...row, organisation_id: home.id });
    const made = await seenById(tx, actor, id);
    await studies(tx).update(id, { code: made.slug });
    await record(tx, actor, {
      verb: "study.created",
      kind: "study",
      id,
      study: id,
      data: { name: input.name, organisation: home.name },
    });
    return made;
  });
}

async function seenById(tx: Tx, actor: Actor, id: StudyId): Promise<StudyRecord> {
  const { items } = await studyRecords(tx).page(actor, { ids: [id] }, { offset: 0, limit: 1 });
  const [found] = items;
  if (!found) throw notFound();
  return found;
}

/** @throws HavreError "not-found", "forbidden", "invalid" */
export async function changeStudyRecord(
  world: World,
  actor: Actor,
  {
    uuid,
    changes,
    organisation,
  }: { readonly uuid: string; readonly changes: StudyRecordChanges; readonly organisation?: string | undefined },
): Promise<StudyRecord> {
  return unlessTaken(() =>
    world.store.transaction(async tx => {
      const before = await studyFor(tx, actor, uuid, "study.change");
      mustBeOpen({ blocked: before.organisationBlocked, archived: before.organisationArchived });
      if (organisation !== undefined && organisation !== before.organisationUuid)
        throw invalid({ customer: ["Use move_project to change the organization."] });
      const row = await acceptedRow(tx, world, actor, changes, before);
      if (Object.keys(row).length === 0) return before;
      await studyRecords(tx).update(before.id, row);
      await record(tx, actor, {
        verb: "study.changed",
        kind: "study",
        id: before.id,
        study: before.id,
        data: { changed: Object.keys(row) },
      });
      return seenStudy(tx, actor, uuid);
    }),
  );
}

/** Removes a study that uses nothing any more. @throws HavreError "not-found", "forbidden", "conflict" */
export async function removeStudyRecord(world: World, actor: Actor, uuid: string): Promise<void> {
  try {
    await world.store.transaction(async tx => {
      const study = await studyFor(tx, actor, uuid, "study.remove");
      mustBeOpen({ blocked: study.organisationBlocked, archived: study.organisationArchived });
      if ((await studyRecords(tx).liveResources(study.id)) > 0)
        throw new HavreError("conflict", "Project contains active resources. Please remove them before deleting project.");
      if ((await studies(tx).unfinishedDrops(study.id)) > 0)
        throw new HavreError(
          "conflict",
          "Files of this project are not delivered everywhere yet. Wait for them, then remove it.",
        );
      await studies(tx).remove(study.id);
      await record(tx, actor, {
        verb: "study.removed",
        kind: "study",
        id: study.id,
        study: study.id,
        data: { name: study.name },
      });
    });
  } catch (error) {
    if (!isReferenced(error)) throw error;
    throw new HavreError("conflict", "Something still belongs to this project. Remove that first.", { cause: error });
  }
}

/** Another organisation answers for the study from now on: all roles in it end. Only a superuser does that. */
export async function moveStudyRecord(
  world: World,
  actor: Actor,
  { uuid, organisation }: { readonly uuid: string; readonly organisation: string },
): Promise<StudyRecord> {
  return world.store.transaction(async tx => {
    const study = await studyFor(tx, actor, uuid, "study.see");
    if (!seesAll(actor)) throw forbidden();
    const home = await organisationRecords(tx).seen(actor, organisation);
    if (!home) throw invalid({ customer: ["Invalid hyperlink - Object does not exist."] });
    mustBeOpen(home);
    if (home.id === study.organisationId) throw invalid({ customer: ["The project is in this organization already."] });
    await studyRecords(tx).update(study.id, { organisation_id: home.id });
    await studyRecords(tx).moveResources(study.id, home.id);
    await grants(tx).endAll({ kind: "study", id: study.id });
    await record(tx, actor, {
      verb: "study.moved",
      kind: "study",
      id: study.id,
      study: study.id,
      data: { from: study.organisationName, to: home.name },
    });
    return seenStudy(tx, actor, uuid);
  });
}

async function acceptedRow(
  tx: Tx,
  world: Needs<"clock">,
  actor: Actor,
  input: StudyRecordChanges,
  before: StudyRecord | undefined,
): Promise<StudyRow> {
  const today = world.clock.now().toISOString().slice(0, 10);
  const { name, description, backendId, startDate, endDate, oecdCode, isIndustry, slug } = input;
  mustBeKnownCode(oecdCode);
  const problems: Record<string, string[]> = {};
  const past = (day: string | null | undefined): day is string => typeof day === "string" && day < today;
  if (past(startDate) && startDate !== before?.startDate) problems.start_date = ["Cannot be earlier than the current date."];
  else if (before?.startDate && before.startDate < today && startDate !== undefined && startDate !== before.startDate)
    problems.start_date = ["The project has begun: its start can not be changed any more."];
  if (past(endDate) && endDate !== before?.endDate) problems.end_date = ["Cannot be earlier than the current date."];
  if (Object.keys(problems).length > 0) throw invalid(problems);
  const endsAnew = endDate !== undefined && endDate !== (before?.endDate ?? null);
  if (endsAnew && before && !allows("study", before.standing ?? undefined, "study.remove"))
    throw forbidden("Setting the end of a project needs the right to remove it.");
  return {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(backendId === undefined ? {} : { backend_id: backendId }),
    ...(startDate === undefined ? {} : { start_date: startDate }),
    ...(endsAnew ? { end_date: endDate, end_date_by_id: endDate === null ? null : (personOf(actor)?.id ?? null) } : {}),
    ...(oecdCode === undefined ? {} : { oecd_code: oecdCode }),
    ...(isIndustry === undefined ? {} : { is_industry: isIndustry }),
    ...(input.type === undefined ? {} : { type_id: await typeId(tx, input.type) }),
    ...(slug === undefined || slug === "" || !seesAll(actor) ? {} : { slug }),
  };
}

async function typeId(tx: Tx, uuid: string | null): Promise<number | null> {
  if (uuid === null) return null;
  const { items } = await studyRecords(tx).types(undefined, { offset: 0, limit: 1 }, uuid);
  const [type] = items;
  if (!type) throw invalid({ type: ["Invalid hyperlink - Object does not exist."] });
  return type.id;
}

/** @throws HavreError "invalid" below an organisation in which nothing may be changed now */
function mustBeOpen({ blocked, archived }: { readonly blocked: boolean; readonly archived: boolean }): void {
  const message = blocked ? "Blocked organization is not available." : "Archived organization is not available.";
  if (blocked || archived) throw new HavreError("invalid", message, { detail: { list: [message] } });
}

async function unlessTaken<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!isTaken(error)) throw error;
    throw invalid({ slug: ["Project with this slug already exists."] });
  }
}
