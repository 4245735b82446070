import { compute } from "../../store/compute.ts";
import { people } from "../../store/people.ts";
import type { Tx } from "../../store/store.ts";
import type { ArchivedTask } from "../../store/tasks.ts";
import { addMail, layOut } from "../mail/index.ts";
import type { Language, PersonId } from "../people/model.ts";
import type { Needs } from "../world.ts";
import type { Task } from "./model.ts";

const WORDS = {
  en: {
    pending: "waits for its turn",
    running: "has begun",
    over: (code: number) => (code === 0 ? "has ended well" : `has ended with code ${code}`),
    archived: "has been archived",
    subject: (id: number, name: string, what: string) => `Task ${id} “${name}” ${what}`,
    manyArchived: (count: number) => `${count} of your tasks have been archived`,
    filesGone: "The files are gone for good. What was asked and how it ended is kept.",
    more: (count: number) => `And ${count} more.`,
    open: "Look at the task",
    openAll: "Look at your tasks",
    reason: "Reason",
    foot: "Sent by Havre, because you asked for it when you submitted the task.",
  },
  nl: {
    pending: "wacht op zijn beurt",
    running: "is begonnen",
    over: (code: number) => (code === 0 ? "is goed geëindigd" : `is geëindigd met code ${code}`),
    archived: "is gearchiveerd",
    subject: (id: number, name: string, what: string) => `Taak ${id} “${name}” ${what}`,
    manyArchived: (count: number) => `${count} van uw taken zijn gearchiveerd`,
    filesGone: "De bestanden zijn voorgoed weg. Wat er gevraagd werd en hoe het eindigde blijft bewaard.",
    more: (count: number) => `En nog ${count}.`,
    open: "Bekijk de taak",
    openAll: "Bekijk uw taken",
    reason: "Reden",
    foot: "Verstuurd door Havre, omdat u daarom vroeg toen u de taak indiende.",
  },
} satisfies Record<Language, unknown>;

/** Tells whoever submitted the task that it is in another state, when they asked for that. */
export async function mailAboutTask(
  tx: Tx,
  world: Needs<"settings">,
  task: Task,
  state: "pending" | "running" | "over",
): Promise<void> {
  const to = task.spec.notify ? await addressee(tx, task.personId) : undefined;
  if (!to) return;
  const words = WORDS[to.language];
  const what = state === "over" ? words.over(task.exitCode ?? 0) : words[state];
  const subject = words.subject(task.id, task.spec.name, what);
  const reason = task.reason ? [{ facts: [[words.reason, task.reason]] as const }] : [];
  const link = { link: `${world.settings.publicUrl}/tasks/${task.id}`, label: words.open };
  await addMail(tx, world, {
    uniqueKey: `task:${task.id}:${state}:${task.failures}:${task.startedAt?.getTime() ?? 0}`,
    kind: `task-${state}`,
    recipient: to.email,
    ...(task.studyId === undefined ? {} : { studyId: task.studyId }),
    ...layOut({ subject, parts: [`${subject}.`, ...reason, link], foot: words.foot }, to.language),
  });
}

/** A mail names no more than so many. */
const MOST_NAMED = 50;

/** The same of tasks that were archived together: each of their owners gets one mail about all of theirs that they asked it for. */
export async function mailAboutArchived(tx: Tx, world: Needs<"settings">, archived: readonly ArchivedTask[]): Promise<void> {
  const wished = archived.filter(task => task.notify);
  for (const [personId, theirs] of Map.groupBy(wished, task => task.personId)) {
    const to = await addressee(tx, personId);
    const [first, ...others] = theirs;
    if (!to || !first) continue;
    const words = WORDS[to.language];
    const isOne = others.length === 0;
    const subject = isOne ? words.subject(first.id, first.name, words.archived) : words.manyArchived(theirs.length);
    const named = theirs.slice(0, MOST_NAMED);
    const list = isOne ? [] : [{ facts: named.map(({ id, name }) => [String(id), name] as const) }];
    const rest = theirs.length > named.length ? [words.more(theirs.length - named.length)] : [];
    const link = isOne
      ? { link: `${world.settings.publicUrl}/tasks/${first.id}`, label: words.open }
      : { link: `${world.settings.publicUrl}/tasks`, label: words.openAll };
    const study = theirs.every(task => task.studyId === first.studyId) ? first.studyId : undefined;
    await addMail(tx, world, {
      // Nothing is archived twice, so the first of them names them all.
      uniqueKey: `task:${first.id}:archived`,
      kind: "task-archived",
      recipient: to.email,
      ...(study === undefined ? {} : { studyId: study }),
      ...layOut({ subject, parts: [`${subject}.`, ...list, ...rest, words.filesGone, link], foot: words.foot }, to.language),
    });
  }
}

/** Where mails about somebody's tasks go: the address that they gave for that, else their own; undefined when they have none. */
async function addressee(tx: Tx, id: PersonId): Promise<{ readonly email: string; readonly language: Language } | undefined> {
  const person = await people(tx).byId(id);
  if (!person) return undefined;
  const email = (await compute(tx).account(id))?.email ?? person.email;
  return email === "" ? undefined : { email, language: person.language };
}
