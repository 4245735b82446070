import { HavreError, notFound } from "../../kernel/errors.ts";
import { permissions } from "../../store/permissions.ts";
import type { Tx } from "../../store/store.ts";
import { studies } from "../../store/studies.ts";
import { taskLists } from "../../store/task-lists.ts";
import { type Actor, personOf, readsAll, seesAll } from "../people/model.ts";
import { allows } from "../permissions/index.ts";
import type { Study } from "../studies/model.ts";
import type { Needs } from "../world.ts";
import type { Task, TaskView } from "./model.ts";

/** "see" is for whoever may read all, "manage" for whoever it belongs to. */
type Verb = "see" | "manage";

/** What is there and not for the caller's eyes. Dialects that must say so tell it from what is not there. */
export const hiddenTask = (): HavreError => new HavreError("not-found", "Not found.", { detail: { hidden: true } });

/** A task is its submitter's, and of who shares the study with them where the site wants that. */
export async function mayReach(
  tx: Tx,
  settings: Needs<"settings">["settings"],
  actor: Actor,
  task: Pick<Task, "personId" | "studyId">,
  verb: Verb,
): Promise<boolean> {
  if (seesAll(actor) || (verb === "see" && readsAll(actor))) return true;
  const person = personOf(actor);
  if (!person) return false;
  if (person.id === task.personId) return true;
  if (!settings.taskShareStudies || task.studyId === undefined) return false;
  return allows("study", await permissions(tx).standing(actor, { kind: "study", id: task.studyId }), "task.create");
}

/** @throws HavreError "not-found", with `detail.hidden` where there is one for others */
export async function reached(tx: Tx, world: Needs<"settings">, actor: Actor, id: number, verb: Verb): Promise<TaskView> {
  const view = Number.isSafeInteger(id) && id > 0 ? await taskLists(tx).view(id) : undefined;
  if (!view) throw notFound();
  if (!(await mayReach(tx, world.settings, actor, view.task, verb))) throw hiddenTask();
  return view;
}

/** Slug of no study. */
export const NO_PROJECT = "default";

/** The study that a task is to count for. @throws HavreError "forbidden" for what is not there as for what is not theirs */
export async function studyToSubmit(tx: Tx, actor: Actor, project: string | undefined): Promise<Study | undefined> {
  if (project === undefined || project === "" || project === NO_PROJECT) return undefined;
  const study = await studies(tx).bySlug(project);
  if (study && allows("study", await permissions(tx).standing(actor, { kind: "study", id: study.id }), "task.create"))
    return study;
  throw new HavreError("forbidden", `You are not a member of the project "${project}".`);
}
