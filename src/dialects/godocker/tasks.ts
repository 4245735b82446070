import { Readable } from "node:stream";
import {
  type Act,
  act,
  archiveOld,
  archiveTask,
  listActive,
  listOver,
  lookAtTask,
  monitorTask,
  type OverAsked,
  removeOld,
  removeTask,
  setLifespan,
  shareTask,
  submitTask,
  type TaskView,
  taskCounts,
  unshareTask,
} from "../../core/tasks/index.ts";
import { type Reply, type Route, SpecialReply, type Wire } from "../../http/route.ts";
import { HavreError } from "../../kernel/errors.ts";
import { tokenOfTask } from "./sign-in.ts";
import { submissionOf } from "./task-in.ts";
import { type Facts, taskDocument } from "./task-out.ts";
import { answer, bodyOf, idOf, listOf, object, read, row, seconds, wrong } from "./wire.ts";

const API = "/api/1.0";
const TASK = object("A task, as docs/api/godocker.md describes it.");
const TASKS = listOf("Tasks.");
/** Longer lists go out as they are written. */
const STREAMED_FROM = 500;

/** A token that opens one task, wherever clients put it. */
export const lookOf = (wire: Wire) => {
  const header = wire.headers["x-godocker-share"];
  return { id: idOf(wire), token: wire.params.token ?? (typeof header === "string" ? header : wire.query.share) };
};

export function taskRoutes(facts: Facts): readonly Route[] {
  const shape = taskDocument(facts);
  const shapes = (views: readonly TaskView[], wire: Wire): Reply => listReply(views, view => shape(view, wire));
  /** Reads that change something are what old clients send: a token in a header is all that opens them. */
  const asking = (path: string, what: Act, summary: string, method: "GET" | "DELETE" = "GET"): Route =>
    row({
      method,
      path: `${API}/task/:task${path}`,
      auth: "user",
      tag: "tasks",
      summary,
      reply: TASK,
      in: wire => ({ id: idOf(wire), act: what }),
      do: act,
      out: shape,
    });
  return [
    row({
      method: "POST",
      path: `${API}/task`,
      auth: "user",
      tag: "tasks",
      summary: "Submit a task",
      body: TASK,
      reply: object("`msg` is `Task added`, `id` its number."),
      in: submissionOf,
      do: submitTask,
      out: id => ({ msg: "Task added", id }),
    }),
    row({
      method: "GET",
      path: `${API}/task/active`,
      auth: "user",
      tag: "tasks",
      summary: "Own tasks that are not over",
      query: { project: { type: "string" } },
      reply: TASKS,
      in: wire => ({ everybody: false, project: wire.query.project || undefined }),
      do: listActive,
      out: shapes,
    }),
    row({
      method: "GET",
      path: `${API}/task/active/all`,
      auth: "admin",
      tag: "tasks",
      summary: "Everybody's tasks that are not over",
      reply: TASKS,
      in: () => ({ everybody: true }),
      do: listActive,
      out: shapes,
    }),
    row({
      method: "GET",
      path: `${API}/task/over`,
      auth: "user",
      tag: "tasks",
      summary: "Own tasks that are over; paged, searched and ordered",
      query: Object.fromEntries(
        ["limit", "start", "start_date", "end_date", "reverse", "orderBy", "regex", "draw"].map(name => [
          name,
          { type: "string" },
        ]),
      ),
      reply: TASKS,
      in: overByQuery,
      do: listOver,
      out: ({ items, total }, wire) =>
        wire.query.draw === undefined
          ? shapes(items, wire)
          : [
              {
                draw: wire.query.draw,
                data: items.map(view => shape(view, wire)),
                recordsTotal: total ?? 0,
                recordsFiltered: total ?? 0,
              },
            ],
    }),
    row({
      method: "GET",
      path: `${API}/task/over/all`,
      auth: "admin",
      tag: "tasks",
      summary: "The last 100 tasks of everybody that are over",
      reply: TASKS,
      in: (): OverAsked => ({ everybody: true, descending: true, offset: 0, limit: 100, countAll: false }),
      do: listOver,
      out: ({ items }, wire) => shapes(items, wire),
    }),
    row({
      method: "POST",
      path: `${API}/task/over/all/:skip/:limit`,
      auth: "admin",
      tag: "tasks",
      summary: "Everybody's tasks that are over, a page; a limit of 0 is none",
      reply: TASKS,
      in: wire => overByPath(wire, true),
      do: listOver,
      out: ({ items }, wire) => shapes(items, wire),
    }),
    row({
      method: "POST",
      path: `${API}/task/over/:skip/:limit`,
      auth: "user",
      tag: "tasks",
      summary: "Own tasks that are over, a page; a limit of 0 is none",
      query: { project: { type: "string" } },
      reply: TASKS,
      in: wire => overByPath(wire, false),
      do: listOver,
      out: ({ items }, wire) => shapes(items, wire),
    }),
    row({
      method: "GET",
      path: `${API}/task/status/:status/count`,
      auth: "none",
      tag: "tasks",
      summary: "How many there are: pending, running, kill, all",
      reply: object("`total` and `status`."),
      in: statusAsked,
      do: world => taskCounts(world),
      out: (counts, wire) => ({ total: counts[statusAsked(wire)], status: wire.params.status }),
    }),
    row({
      method: "GET",
      path: `${API}/task/:task`,
      auth: "any",
      tag: "tasks",
      summary: "A task",
      query: { share: { type: "string" } },
      reply: TASK,
      in: lookOf,
      do: lookAtTask,
      out: shape,
    }),
    row({
      method: "GET",
      path: `${API}/task/:task/status`,
      auth: "any",
      tag: "tasks",
      summary: "The state of a task",
      query: { share: { type: "string" } },
      reply: object("`id` and `status`."),
      in: lookOf,
      do: lookAtTask,
      out: (view, wire) => {
        const { id, status } = shape(view, wire);
        return { id, status };
      },
    }),
    row({
      method: "PUT",
      path: `${API}/task/:task`,
      auth: "user",
      tag: "tasks",
      summary: "Change a field that may change while the task is there: maxlifespan",
      body: object("`name` and `value`."),
      reply: TASK,
      in: wire => ({ id: idOf(wire), value: fieldOf(wire) }),
      do: setLifespan,
      out: shape,
    }),
    asking("", "kill", "Kill a task with all that it started", "DELETE"),
    asking("/pending", "release", "Let a task go that was kept back"),
    asking("/suspend", "suspend", "Freeze a task"),
    asking("/resume", "resume", "Let a frozen task go on"),
    asking("/reschedule", "reschedule", "Stop a task and let it wait for its turn again"),
    row({
      method: "GET",
      path: `${API}/task/:task/archive`,
      auth: "user",
      tag: "tasks",
      summary: "Remove the files of a task that is over",
      reply: TASK,
      in: wire => idOf(wire),
      do: archiveTask,
      out: shape,
    }),
    row({
      method: "DELETE",
      path: `${API}/task/:task/archive`,
      auth: "user",
      tag: "tasks",
      summary: "Remove a task that is over, with its files",
      reply: TASK,
      in: wire => idOf(wire),
      do: removeTask,
      out: shape,
    }),
    row({
      method: "GET",
      path: `${API}/task/:task/monitor`,
      auth: "user",
      tag: "tasks",
      summary: "What a running task uses",
      reply: object("`stats`: at most 60 samples, newest last."),
      in: wire => idOf(wire),
      do: monitorTask,
      out: ({ view, samples }) => ({
        id: view.id,
        name: view.run?.remoteId || `task-${view.id}`,
        stats: samples.map(sample => ({
          timestamp: sample.at.toISOString(),
          cpu: { usage: { total: Math.round(sample.cpuSeconds * 1e9) } },
          memory: { usage: sample.memoryBytes },
          network: { rx_bytes: sample.receivedBytes, tx_bytes: sample.sentBytes },
        })),
      }),
    }),
    row({
      method: "GET",
      path: `${API}/task/:task/share`,
      auth: "user",
      tag: "tasks",
      summary: "A token with which anybody may look at the task and its files",
      reply: object("`token`."),
      in: wire => idOf(wire),
      do: shareTask,
      out: token => ({ token }),
    }),
    row({
      method: "GET",
      path: `${API}/task/:task/unshare`,
      auth: "user",
      tag: "tasks",
      summary: "Take that token back",
      reply: object("`token`: null."),
      in: wire => idOf(wire),
      do: unshareTask,
      out: () => ({ token: null }),
    }),
    row({
      method: "GET",
      path: `${API}/task/:task/token`,
      auth: "user",
      tag: "tasks",
      summary: "The task, signed, for handing it to another service",
      reply: object("`token`."),
      in: wire => idOf(wire),
      do: tokenOfTask(facts),
      out: token => ({ token }),
    }),
    row({
      method: "GET",
      path: `${API}/archive/:days`,
      auth: "user",
      tag: "tasks",
      summary: "Remove the files of one's own tasks that are over for so many days",
      reply: object("`msg` and `tasks`, the ids."),
      in: daysOf,
      do: archiveOld,
      out: ids => ({ msg: `${ids.length} tasks archived`, tasks: ids }),
    }),
    row({
      method: "DELETE",
      path: `${API}/archive/:days`,
      auth: "user",
      tag: "tasks",
      summary: "Remove one's own tasks that are over or archived for so many days",
      query: { tag: { type: "string" } },
      reply: object("`msg` and `tasks`, the ids."),
      in: wire => ({ days: daysOf(wire), tag: wire.query.tag || undefined }),
      do: removeOld,
      out: ids => ({ msg: `${ids.length} tasks removed`, tasks: ids }),
    }),
  ];
}

export function listReply<T>(items: readonly T[], shape: (item: T) => unknown): Reply {
  if (items.length < STREAMED_FROM) return answer(items.map(shape));
  const pieces = function* (): Generator<Buffer> {
    for (let from = 0; from < items.length; from += STREAMED_FROM) {
      const texts = items.slice(from, from + STREAMED_FROM).map(item => JSON.stringify(shape(item)));
      yield Buffer.from(`${from === 0 ? "[" : ","}${texts.join(",")}${from + STREAMED_FROM >= items.length ? "]" : ""}`);
    }
  };
  const { status, headers } = answer([]);
  return new SpecialReply(status, Readable.from(pieces()), headers);
}

const COUNTED = ["pending", "running", "kill", "all"] as const;
function statusAsked(wire: Wire): (typeof COUNTED)[number] {
  const status = COUNTED.find(name => name === wire.params.status);
  if (!status) throw wrong("status", `one of ${COUNTED.join(", ")}`);
  return status;
}

function wholeOf(text: string | undefined, name: string): number {
  if (text === undefined || !/^\d{1,12}$/.test(text)) throw wrong(name, "a whole number");
  return Number(text);
}
const daysOf = (wire: Wire): number => Math.min(wholeOf(wire.params.days, "days"), 100_000);

function momentOf(value: unknown, name: string): Date | undefined {
  const number = read.number(value, name);
  if (number === undefined) return undefined;
  const at = new Date(number * 1000);
  if (Number.isNaN(at.getTime()) || Math.abs(seconds(at)) > 1e11) throw wrong(name, "seconds since 1970");
  return at;
}

function overByQuery({ query }: Wire): OverAsked {
  const number = (name: string, fallback: number): number => (query[name] ? wholeOf(query[name], name) : fallback);
  const reverse = query.reverse === "true";
  return {
    everybody: false,
    from: momentOf(query.start_date, "start_date"),
    until: momentOf(query.end_date, "end_date"),
    pattern: query.regex || undefined,
    order: query.orderBy || undefined,
    descending: query.orderBy ? reverse : !reverse,
    offset: number("start", 0),
    limit: number("limit", 100),
    countAll: query.draw !== undefined,
  };
}

function overByPath(wire: Wire, everybody: boolean): OverAsked {
  const body = bodyOf(wire);
  return {
    everybody,
    project: everybody ? undefined : wire.query.project || undefined,
    from: momentOf(body.start, "start"),
    until: momentOf(body.end, "end"),
    descending: true,
    offset: wholeOf(wire.params.skip, "skip"),
    limit: wholeOf(wire.params.limit, "limit"),
    countAll: false,
  };
}

/** Fields that may change, and the only one that there is. */
export const DYNAMIC_FIELDS = [{ name: "maxlifespan", admin_only: false }] as const;

function fieldOf(wire: Wire): string {
  const { name, value } = bodyOf(wire);
  const field = read.text(name, "name") ?? "";
  if (!DYNAMIC_FIELDS.some(known => known.name === field)) throw new HavreError("forbidden", `"${field}" cannot be changed.`);
  if (typeof value !== "string" && typeof value !== "number") throw wrong("value", "a text");
  return String(value);
}
