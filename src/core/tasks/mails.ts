import type { Tx } from "../../store/store.ts";
import { addMail, layOut } from "../mail/index.ts";
import type { Language } from "../people/model.ts";
import type { Needs } from "../world.ts";
import type { Task } from "./model.ts";

const WORDS = {
  en: {
    pending: "waits for its turn",
    running: "has begun",
    over: (code: number) => (code === 0 ? "has ended well" : `has ended with code ${code}`),
    subject: (id: number, name: string, what: string) => `Task ${id} “${name}” ${what}`,
    open: "Look at the task",
    reason: "Reason",
    foot: "Sent by Havre, because you asked for it when you submitted the task.",
  },
  nl: {
    pending: "wacht op zijn beurt",
    running: "is begonnen",
    over: (code: number) => (code === 0 ? "is goed geëindigd" : `is geëindigd met code ${code}`),
    subject: (id: number, name: string, what: string) => `Taak ${id} “${name}” ${what}`,
    open: "Bekijk de taak",
    reason: "Reden",
    foot: "Verstuurd door Havre, omdat u daarom vroeg toen u de taak indiende.",
  },
} satisfies Record<Language, unknown>;

/** Tells whoever submitted the task that it is in another state, when they asked for that. */
export async function mailAboutTask(
  tx: Tx,
  world: Needs<"settings">,
  task: Task,
  to: { readonly email: string; readonly language: Language },
  state: "pending" | "running" | "over",
): Promise<void> {
  if (!task.spec.notify || to.email === "") return;
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
