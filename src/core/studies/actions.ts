import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { newCode, newUuid } from "../../kernel/ids.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { locations } from "../../store/locations.ts";
import { machines } from "../../store/machines.ts";
import { organisations } from "../../store/organisations.ts";
import { people } from "../../store/people.ts";
import { permissions } from "../../store/permissions.ts";
import type { Tx } from "../../store/store.ts";
import { type StudyChanges, studies } from "../../store/studies.ts";
import { taskLists } from "../../store/task-lists.ts";
import { changesBetween, isEmpty, record, recordReading } from "../events/index.ts";
import { type Actor, type PersonId, personOf, SYSTEM } from "../people/model.ts";
import { lockStudyFor } from "../permissions/index.ts";
import type { Needs } from "../world.ts";
import { setContributors } from "./contributors.ts";
import type { Study, StudyInput, StudyView } from "./model.ts";
import { acceptRecipients, isProtected, mustBeLines, noSuch } from "./rules.ts";

type World = Needs<"store">;

const MAX_SEARCH = 200;

/** The studies that the actor owns or contributes to, newest first. */
export const listStudies = (
  world: World,
  actor: Actor,
  asked: { readonly search: string; readonly window: Window },
): Promise<Page<StudyView>> =>
  studies(world.store.db).page(actor, asked.search.replaceAll("\0", "").trim().slice(0, MAX_SEARCH), asked.window);

/** @throws HavreError "not-found" */
export async function showStudy(world: World, actor: Actor, id: number): Promise<StudyView> {
  const view = await viewed(world.store.db, actor, id);
  if (view.study.humanSubject) await recordReading(world, actor, [view.study.id], { part: "study" });
  return view;
}

/** The caller becomes its owner. @throws HavreError "invalid" */
export async function createStudy(world: World, actor: Actor, input: StudyInput): Promise<StudyView> {
  const owner = personOf(actor);
  if (!owner) throw new HavreError("forbidden", "A study needs a person as its owner.");
  mustBeLines({ code: input.code, name: input.name });
  const recipients = acceptRecipients(input.recipients ?? []);
  return world.store.transaction(async tx => {
    if (!(await organisations(tx).hasField(input.field))) throw noSuch("field", input.field);
    const study = await studies(tx).insert({
      ownerId: owner.id,
      code: input.code,
      name: input.name,
      description: input.description ?? "",
      humanSubject: input.humanSubject,
      fieldId: input.field,
      uploadUuid: newUuid(),
      uploadCode: newCode(),
      isOpen: input.isOpen ?? true,
      recipients,
    });
    await record(tx, actor, {
      verb: "study.created",
      kind: "study",
      id: study.id,
      study: study.id,
      data: { code: study.code, name: study.name },
    });
    await setContributors(tx, actor, study, besideOwner(study, input.contributors ?? []), refuseFirst);
    return viewed(tx, actor, study.id);
  });
}

/** Fields that are absent stay. @throws HavreError "not-found", "forbidden", "invalid" */
export async function changeStudy(
  world: World,
  actor: Actor,
  { id, input }: { readonly id: number; readonly input: Partial<StudyInput> },
): Promise<StudyView> {
  mustBeLines({ code: input.code, name: input.name });
  return world.store.transaction(async tx => {
    const study = await lockStudyFor(tx, actor, id, "study.change");
    const fieldId = input.field ?? study.fieldId;
    if (!(await organisations(tx).hasField(fieldId))) throw noSuch("field", fieldId);
    const changes = {
      code: input.code ?? study.code,
      name: input.name ?? study.name,
      description: input.description ?? study.description,
      humanSubject: input.humanSubject ?? study.humanSubject,
      fieldId,
      isOpen: input.isOpen ?? study.isOpen,
      recipients: input.recipients ? acceptRecipients(input.recipients) : study.recipients,
    };
    await mustStayProtected(tx, study, changes);
    const different = changesBetween<StudyChanges>(study, changes);
    await studies(tx).update(study.id, changes);
    if (!isEmpty(different))
      await record(tx, actor, {
        verb: "study.changed",
        kind: "study",
        id: study.id,
        study: study.id,
        data: { changes: different },
      });
    if (input.contributors) await setContributors(tx, actor, study, besideOwner(study, input.contributors), refuseFirst);
    // An administrator may have taken themselves off the list: the answer still shows what they did.
    const standing = (await permissions(tx).standing(actor, { kind: "study", id: study.id })) ?? "member";
    return { ...(await viewed(tx, SYSTEM, study.id)), standing };
  });
}

/**
 * Gives a study another owner, who joins it as an administrator if need be. The former owner stays one too.
 * @throws HavreError "not-found", "forbidden" for all but the owner, "invalid" on `owner`
 */
export async function handOverStudy(
  world: World,
  actor: Actor,
  { id, owner }: { readonly id: number; readonly owner: number },
): Promise<void> {
  await world.store.transaction(async tx => {
    const study = await lockStudyFor(tx, actor, id, "study.remove");
    const person = await people(tx).byId(owner as PersonId);
    if (!person?.isActive) throw noSuch("owner", owner);
    if (study.ownerId === owner) return;
    const role = { studyId: study.id, role: "administrator", active: true } as const;
    await permissions(tx).put([study.ownerId, owner].map(personId => ({ ...role, personId })));
    await studies(tx).handOver(study.id, person.id);
    await record(tx, actor, {
      verb: "study.handed-over",
      kind: "study",
      id: study.id,
      study: study.id,
      data: { changes: changesBetween<Partial<Study>>(study, { ownerId: person.id }) },
    });
  });
}

/**
 * Removes a study whose drops all reached their end, with its invitations, roles and locations. What was delivered stays in
 * the storages, and what happened stays in the event log.
 * @throws HavreError "not-found", "forbidden", "conflict" while files are not delivered or machines exist, or tasks are not over
 */
export async function removeStudy(world: World, actor: Actor, id: number): Promise<void> {
  await world.store.transaction(async tx => {
    const study = await lockStudyFor(tx, actor, id, "study.remove");
    const unfinished = await studies(tx).unfinishedDrops(study.id);
    if (unfinished > 0)
      throw new HavreError(
        "conflict",
        `${unfinished === 1 ? "One file" : `${unfinished} files`} of this study ${unfinished === 1 ? "is" : "are"} not delivered everywhere yet, and Havre keeps the bytes until then. Wait for the deliveries, or retry those in error; then remove the study.`,
        { detail: { unfinished } },
      );
    const left = await machines(tx).countOfStudy(study.id);
    if (left > 0)
      throw new HavreError(
        "conflict",
        `${left === 1 ? "One virtual machine belongs" : `${left} virtual machines belong`} to this study. Remove ${left === 1 ? "it" : "them"} first, and wait until ${left === 1 ? "it is" : "they are"} gone.`,
        { detail: { machines: left } },
      );
    const active = await taskLists(tx).activeInStudy(study.id);
    if (active > 0)
      throw new HavreError(
        "conflict",
        `${active === 1 ? "One task" : `${active} tasks`} of this study ${active === 1 ? "is" : "are"} not over yet. Wait for them, or kill them; then remove the study.`,
        { detail: { active } },
      );
    await studies(tx).remove(study.id);
    await record(tx, actor, {
      verb: "study.removed",
      kind: "study",
      id: study.id,
      study: study.id,
      data: { code: study.code, name: study.name },
    });
  });
}

async function viewed(tx: Tx, actor: Actor, id: number): Promise<StudyView> {
  const view = await studies(tx).view(actor, id);
  if (!view) throw notFound();
  return view;
}

/** The wire's plain list of researchers: repeats and the owner in it do no harm. */
const besideOwner = (study: Study, persons: readonly number[]) => [
  { person: study.ownerId, role: "administrator" as const, active: true },
  ...[...new Set(persons)].filter(person => person !== study.ownerId).map(person => ({ person })),
];

const refuseFirst = (unknown: readonly number[]): Error => noSuch("contributors", unknown[0] ?? 0);

async function mustStayProtected(tx: Tx, before: Study, after: Pick<Study, "humanSubject" | "recipients">): Promise<void> {
  if (isProtected(after, await locations(tx).withoutPassphrase(before.id))) return;
  if (!before.humanSubject)
    throw invalid({
      human_subject: [
        "A storage of this study would get data about people unencrypted. Give each storage location a passphrase, or the study a recipient's key, first.",
      ],
    });
  throw invalid({
    recipients: [
      "This study is about people and a storage location has no passphrase: without recipients its copies would be unencrypted. Give each location a passphrase first.",
    ],
  });
}
