import { invalid } from "../../kernel/errors.ts";
import type { Amounts } from "../ledger/model.ts";
import type { ArrayRange, ClusterView, Quotas, Run, Standing, Task, TaskSettings, TaskSpec, Units, Used } from "./model.ts";

/** Elements of an array that the core takes; a dialect may take fewer. */
export const MOST_ELEMENTS = 1_000_000;
/** Killed from outside: 128 + SIGKILL. */
export const KILLED = 137;
/** Ended without having run. */
export const NEVER_RAN = 1;

export const countOf = ({ first, last, step }: ArrayRange): number => Math.floor((last - first) / step) + 1;
/** The index that an element shows, from its place. */
export const indexOf = ({ first, step }: ArrayRange, place: number): number => first + place * step;
/** Numbers of elements follow that of their array. */
export const elementId = (taskId: number, place: number): number => taskId + 1 + place;

/**
 * "5:9:2" is 5, 7, 9; "5:9" has step 1; "9" is 1 to 9. Both ends count.
 * @returns undefined for what is no such range, before anything is built of it
 */
export function parseRange(text: string, most = MOST_ELEMENTS): ArrayRange | undefined {
  const match = /^\s*(?:(-?\d{1,9})\s*:\s*)?(-?\d{1,9})\s*(?::\s*(\d{1,9})\s*)?$/.exec(text);
  if (!match) return undefined;
  const [, start, end, pace] = match;
  if (start === undefined && pace !== undefined) return undefined;
  const range = {
    first: start === undefined ? 1 : Number(start),
    last: Number(end),
    step: pace === undefined ? 1 : Number(pace),
  };
  if (range.first < 0 || range.step < 1 || range.last < range.first || countOf(range) > most) return undefined;
  return range;
}

/** "6d", "12h", "90s"; bare digits are seconds. @returns seconds, undefined for anything else */
export function parseLifespan(text: string): number | undefined {
  const [, count, unit = "s"] = /^\s*(\d{1,9})\s*([dhms]?)\s*$/.exec(text) ?? [];
  const seconds = Number(count) * { d: 86_400, h: 3600, m: 60, s: 1, "": 1 }[unit as "d"]!;
  return seconds > 0 && seconds <= 10 * 366 * 86_400 ? seconds : undefined;
}

/** What a task may use at most: set aside before it starts. */
export const mostOf = (spec: Pick<TaskSpec, "cpu" | "memoryMib" | "gpus" | "walltimeSeconds">, elements: number): Amounts =>
  amountsOf(spec, spec.walltimeSeconds * Math.max(1, elements), Math.max(1, elements));

/** What was set aside for it while it ran: that is what others could not have. */
export const amountsOf = (
  { cpu, memoryMib, gpus }: Pick<TaskSpec, "cpu" | "memoryMib" | "gpus">,
  seconds: number,
  tasks: number,
): Amounts => ({
  "cpu-seconds": cpu * seconds,
  "memory-mib-seconds": memoryMib * seconds,
  "gpu-seconds": gpus * seconds,
  tasks,
});

const isName = (text: string, most: number): boolean => text.trim() !== "" && text.length <= most && !text.includes("\0");
const MOST_TEXT = 4000;
/** The label that asks for units instead of a label. */
const UNIT_LABEL = "resource";

/** @throws HavreError "invalid" with every field that is wrong */
export function mustBeSpec(spec: TaskSpec): void {
  const problems: Record<string, string[]> = {};
  const check = (good: boolean, field: string, message: string): void => {
    if (!good) problems[field] = [...(problems[field] ?? []), message];
  };
  const whole = (value: number, least: number, most: number): boolean =>
    Number.isSafeInteger(value) && value >= least && value <= most;
  check(isName(spec.name, 300), "name", "A task needs a name of at most 300 characters.");
  check(isName(spec.image, 500) && !/[\s]/.test(spec.image.trim()), "image", "A task needs the name of an image.");
  check(spec.description.length <= MOST_TEXT && !spec.description.includes("\0"), "description", "The description is too long.");
  check(
    spec.tags.length <= 100 && spec.tags.every(tag => isName(tag, 200)),
    "tags",
    "At most 100 tags, of at most 200 characters each.",
  );
  check(spec.interactive || spec.script.length > 0, "command", "A task needs a command.");
  check(spec.script.length <= 1024 * 1024, "command", "A command has at most 1 MiB.");
  check(whole(spec.cpu, 1, 100_000), "cpu", "A whole number of cores, at least 1.");
  check(whole(spec.memoryMib, 1, 2 ** 40), "ram", "Memory is a number above 0.");
  check(whole(spec.gpus, 0, 10_000), "gpus", "A whole number of GPUs, at least 0.");
  check(whole(spec.walltimeSeconds, 1, 10 * 366 * 86_400), "maxlifespan", "A lifespan is such as 6d, 12h or 90s.");
  check(
    spec.ports.length <= 50 && spec.ports.every(port => whole(port, 1, 65_535)),
    "ports",
    "Ports are numbers from 1 to 65535, 50 at most.",
  );
  check(spec.uris.length <= 10_000 && spec.uris.every(uri => isName(uri, MOST_TEXT)), "uris", "Each address is a line of text.");
  check(
    spec.labels.every(label => /^[^=\0]{1,200}==[^=\0]{0,200}$/.test(label)),
    "label",
    "A label is name==value.",
  );
  check(whole(spec.retries, 0, 1000), "failure_policy", "A whole number of retries, at least 0.");
  check(spec.after.length <= 10_000 && spec.after.every(id => whole(id, 1, 1e15)), "tasks", "Parents are numbers of tasks.");
  check(spec.volumes.length <= 100 && spec.volumes.every(({ name }) => name.length <= 200), "volumes", "At most 100 volumes.");
  check(whole(spec.scratchMib, 0, 2 ** 40), "tmpstorage", 'Temporary storage has a size such as "10g".');
  if (Object.keys(problems).length > 0) throw invalid(problems);
}

/**
 * Whether a quota lets a task start, by what was used in the window. Time is looked at alone, the others with what is asked.
 * @returns the quota that is used up, in words
 */
export function quotaReached(
  quotas: Quotas,
  used: Used,
  asked: Pick<TaskSpec, "cpu" | "memoryMib" | "gpus">,
): string | undefined {
  if (quotas.seconds > 0 && quotas.seconds < used.seconds) return "time";
  if (quotas.cpu > 0 && quotas.cpu < used.cpu + asked.cpu) return "cpu";
  if (quotas.memoryMib > 0 && quotas.memoryMib < used.memoryMib + asked.memoryMib) return "memory";
  if (quotas.gpus > 0 && asked.gpus > 0 && quotas.gpus < used.gpus + asked.gpus) return "gpu";
  return undefined;
}

/** How the task, or the element whose latest run this is, stands. @param place of the element; undefined: the task itself */
export function standingOf(task: Task, place: number | undefined, run: Run | undefined): Standing {
  if (place === undefined)
    return {
      state: task.state,
      wish: task.wish,
      mark: task.mark,
      reason: task.reason,
      startedAt: task.startedAt,
      endedAt: task.endedAt,
      exitCode: task.exitCode,
      runSeconds: task.runSeconds,
      isSuspended: run?.state === "suspended",
    };
  const none = { startedAt: undefined, endedAt: undefined, exitCode: undefined, runSeconds: 0, isSuspended: false };
  // Its last try came to nothing, and another is to come, or was until the array was killed.
  const isAgain = run?.state === "ended" && run.mark === "rescheduled";
  const isOver = task.state === "over" || task.state === "archived";
  if (!run || isAgain) {
    if (isOver)
      return {
        ...none,
        state: task.state,
        wish: undefined,
        mark: "killed",
        reason: task.reason,
        endedAt: task.endedAt,
        exitCode: task.mark === "quota" || task.mark === "refused" ? NEVER_RAN : KILLED,
      };
    const state = task.state === "created" ? "created" : "pending";
    const mark = task.elementMarks[place] ?? (isAgain ? "rescheduled" : "");
    return { ...none, state, wish: task.wish, mark, reason: undefined };
  }
  const state =
    run.state === "ended"
      ? task.state === "archived"
        ? "archived"
        : "over"
      : run.state === "running" || run.state === "suspended"
        ? "running"
        : "starting";
  return {
    state,
    wish: run.state === "ended" ? undefined : (run.wish ?? task.wish),
    mark: run.mark,
    reason: run.reason,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    exitCode: run.state === "ended" ? (run.exitCode ?? NEVER_RAN) : undefined,
    runSeconds: secondsOf(run),
    isSuspended: run.state === "suspended",
  };
}

/** Whole seconds that a run took: begun ones count. */
export const secondsOf = ({ startedAt, endedAt }: Pick<Run, "startedAt" | "endedAt">): number =>
  startedAt && endedAt ? Math.max(0, Math.ceil((endedAt.getTime() - startedAt.getTime()) / 1000)) : 0;

/** "1234" → "12/34", "7" → "7": so that no folder has many. */
export const pairtree = (id: number): string => (String(id).match(/.{1,2}/g) ?? []).join("/");
/** Below the folder of tasks: where a task's files lie, and an element's in its array's. @param index as the element shows it */
export const taskFolder = (taskId: number, index?: number): string =>
  `tasks/pairtree_root/${pairtree(taskId)}/task${index === undefined ? "" : `/${index}`}`;

/** The same for a task, or one place of an array. */
export const folderOf = (task: Pick<Task, "id" | "spec">, place: number | undefined): string =>
  taskFolder(task.id, place === undefined || !task.spec.array ? undefined : indexOf(task.spec.array, place));

/** Which images a cluster runs, as far as it can tell: those that are offered first in front, and whether others may be named. */
export function imagesOf(
  { images, can }: Pick<ClusterView, "images" | "can">,
  { taskImages, taskOtherImages }: Pick<TaskSettings, "taskImages" | "taskOtherImages">,
): { readonly names: readonly string[]; readonly takesOthers: boolean } {
  const runs = (image: string): boolean => images.includes(image) || (can.images && image !== "host");
  const names = [...taskImages.filter(runs), ...(taskOtherImages ? images : [])];
  return { names: [...new Set(names)], takesOthers: can.images && taskOtherImages };
}

/** What labels ask for: that a node has them, and a unit of x for each "resource==x". */
export function askedOf(labels: readonly string[]): {
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly units: Units | undefined;
} {
  const pairs = labels.map(label => [label.slice(0, label.indexOf("==")), label.slice(label.indexOf("==") + 2)] as const);
  const names = pairs.flatMap(([name, value]) => (name === UNIT_LABEL ? [value] : []));
  const units =
    names.length === 0
      ? undefined
      : Object.fromEntries(
          Map.groupBy(names, name => name)
            .entries()
            .map(([name, all]) => [name, all.length]),
        );
  return { labels: pairs.filter(([name]) => name !== UNIT_LABEL), units };
}

/** A node's labels that are whole numbers count units. */
export const unitsOffered = (labels: Readonly<Record<string, string>>): Units =>
  Object.fromEntries(Object.entries(labels).flatMap(([name, value]) => (/^\d{1,9}$/.test(value) ? [[name, Number(value)]] : [])));
