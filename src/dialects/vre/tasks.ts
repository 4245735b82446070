import {
  type Act,
  act,
  archiveTask,
  type Found,
  monitorTask,
  pageElements,
  pageTasks,
  parseRange,
  readTaskLog,
  removeTask,
  type Submission,
  shareTask,
  showTask,
  submitTask,
  taskFile,
  unshareTask,
  whyWaiting,
} from "../../core/tasks/index.ts";
import { noContent, type Reply, type Route, route, SpecialReply, type Wire } from "../../http/route.ts";
import { invalid, notFound } from "../../kernel/errors.ts";
import { bool, list as fieldList, integer, optional, pk, readBody, schemaOf, text } from "./fields.ts";
import { BOOLEAN, INTEGER, list, media, object, STAMP, STRING } from "./schemas.ts";
import { taskSchema, taskShape, whySchema, whyShape } from "./task-shapes.ts";
import { idParam, PAGE_QUERY, pageAsked, pageOut, pageSchema, stamp, windowOf } from "./wire.ts";

const TAG = "tasks";
const TASK_WRITE = {
  name: text({ max: 300 }),
  image: text({ max: 500 }),
  script: text({ max: 1024 * 1024, blank: true, keepBlanks: true }),
  description: optional(text({ max: 4000, blank: true }), ""),
  tags: optional(fieldList(text({ max: 200 })), []),
  project: optional(text({ max: 300, blank: true }), ""),
  cluster: optional(text({ max: 100, blank: true }), ""),
  cpu: optional(integer({ min: 1 })),
  memory_mib: optional(integer({ min: 1 })),
  gpus: optional(integer({ min: 0 }), 0),
  lifespan_seconds: optional(integer({ min: 1 })),
  array: optional(text({ max: 50, blank: true }), ""),
  after: optional(fieldList(pk()), []),
  volumes: optional(fieldList(text({ max: 200 })), []),
  network: optional(bool(), true),
  interactive: optional(bool(), false),
  notify: optional(bool(), false),
  keep_back: optional(bool(), false),
};

function submissionOf(wire: Wire): Submission {
  const { settings } = wire;
  const body = readBody(TASK_WRITE, wire.body);
  const array = body.array.trim() === "" ? undefined : parseRange(body.array);
  if (body.array.trim() !== "" && !array) throw invalid({ array: ["Such as 1:100, or 0:10:2."] });
  return {
    project: body.project || undefined,
    cluster: body.cluster || undefined,
    isKeptBack: body.keep_back,
    spec: {
      name: body.name,
      description: body.description,
      tags: body.tags,
      image: body.image,
      script: Buffer.from(body.script.replaceAll("\r\n", "\n"), "utf8"),
      interactive: body.interactive,
      cpu: body.cpu ?? settings.taskCpu,
      memoryMib: body.memory_mib ?? Math.ceil(settings.taskMemory / 1024 / 1024),
      gpus: body.gpus,
      walltimeSeconds: body.lifespan_seconds ?? settings.taskLifespan,
      array,
      after: body.after,
      labels: [],
      ports: body.interactive ? [22] : [],
      uris: [],
      retries: settings.taskRetries,
      scratchMib: 0,
      volumes: body.volumes.map(name => ({ name, writable: true })),
      asRoot: false,
      network: body.network,
      notify: body.notify,
      said: array ? { values: body.array.trim() } : {},
    },
  };
}

const WHICH = ["active", "over", "all"] as const;
const whichOf = ({ query }: Wire): (typeof WHICH)[number] => WHICH.find(which => which === query.which) ?? "all";

const ACTS: readonly (readonly [Act, string])[] = [
  ["kill", "Kill a task with all that it started"],
  ["suspend", "Freeze a task"],
  ["resume", "Let a frozen task go on"],
  ["reschedule", "Stop a task and let it wait for its turn again"],
  ["release", "Let a task go that was kept back"],
];
const acting = ([what, summary]: (typeof ACTS)[number]): Route =>
  route({
    method: "POST",
    path: `/api/v1/tasks/:id/${what}/`,
    auth: "user",
    tag: TAG,
    summary,
    reply: taskSchema,
    in: wire => ({ id: idParam(wire), act: what }),
    do: act,
    out: taskShape,
  });

const pathOf = (wire: Wire): string => (wire.query.path ?? "").replaceAll("\0", "");
const look = (wire: Wire) => ({ look: { id: idParam(wire), token: undefined }, path: pathOf(wire) });

function download(found: Found): Reply {
  if (found.kind === "dir") throw notFound("This is a folder.");
  return new SpecialReply(200, found.body, {
    "content-type": "application/octet-stream",
    "content-length": String(found.sizeBytes),
    "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(found.name)}`,
    "content-security-policy": "sandbox",
  });
}

export const taskRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/v1/tasks/",
    auth: "user",
    tag: TAG,
    summary: "Tasks, newest first, an array as one",
    query: { which: { type: "string", enum: WHICH }, everybody: STRING, search: STRING, ...PAGE_QUERY },
    reply: pageSchema(taskSchema),
    in: wire => ({
      which: whichOf(wire),
      everybody: wire.query.everybody === "1",
      search: wire.query.search ?? "",
      window: windowOf(pageAsked(wire)),
    }),
    do: pageTasks,
    out: (page, wire) => pageOut(page, wire, view => taskShape(view, wire)),
  }),
  route({
    method: "POST",
    path: "/api/v1/tasks/",
    auth: "user",
    tag: TAG,
    summary: "Submit a task",
    status: 201,
    body: schemaOf(TASK_WRITE),
    reply: object({ id: INTEGER }),
    in: submissionOf,
    do: submitTask,
    out: id => ({ id }),
  }),
  route({
    method: "GET",
    path: "/api/v1/tasks/:id/",
    auth: "user",
    tag: TAG,
    summary: "A task, or an element of an array",
    reply: taskSchema,
    in: wire => idParam(wire),
    do: showTask,
    out: taskShape,
  }),
  route({
    method: "DELETE",
    path: "/api/v1/tasks/:id/",
    auth: "user",
    tag: TAG,
    summary: "Remove a task that is over, with its files",
    status: 204,
    in: wire => idParam(wire),
    do: removeTask,
    out: () => noContent(),
  }),
  route({
    method: "GET",
    path: "/api/v1/tasks/:id/elements/",
    auth: "user",
    tag: TAG,
    summary: "Elements of an array, in order",
    query: PAGE_QUERY,
    reply: pageSchema(taskSchema),
    in: wire => ({ id: idParam(wire), window: windowOf(pageAsked(wire)) }),
    do: pageElements,
    out: (page, wire) => pageOut(page, wire, view => taskShape(view, wire)),
  }),
  route({
    method: "GET",
    path: "/api/v1/tasks/:id/why/",
    auth: "user",
    tag: TAG,
    summary: "What a task waits for, and when it should start at the latest",
    reply: whySchema,
    in: wire => idParam(wire),
    do: whyWaiting,
    out: whyShape,
  }),
  route({
    method: "GET",
    path: "/api/v1/tasks/:id/log/",
    auth: "user",
    tag: TAG,
    summary: "A piece of what a task prints; `from` negative for its end",
    query: { stream: { type: "string", enum: ["stdout", "stderr"] }, from: INTEGER },
    reply: object({ text: STRING, from: INTEGER, next: INTEGER, size: INTEGER }),
    in: wire => ({
      id: idParam(wire),
      stream: wire.query.stream === "stderr" ? ("stderr" as const) : ("stdout" as const),
      from: /^-?\d{1,15}$/.test(wire.query.from ?? "") ? Number(wire.query.from) : 0,
    }),
    do: readTaskLog,
    out: ({ text: said, from, next, size }) => ({ text: said, from, next, size }),
  }),
  route({
    method: "GET",
    path: "/api/v1/tasks/:id/usage/",
    auth: "user",
    tag: TAG,
    summary: "What a running task uses, of late",
    reply: list(object({ at: STAMP, cpu_seconds: { type: "number" }, memory_bytes: INTEGER })),
    in: wire => idParam(wire),
    do: monitorTask,
    out: ({ samples }, { settings }) =>
      samples.map(({ at, cpuSeconds, memoryBytes }) => ({
        at: stamp(at, settings.timeZone),
        cpu_seconds: cpuSeconds,
        memory_bytes: memoryBytes,
      })),
  }),
  route({
    method: "GET",
    path: "/api/v1/tasks/:id/files/",
    auth: "user",
    tag: TAG,
    summary: "A folder of a task",
    query: { path: STRING },
    reply: list(object({ name: STRING, folder: BOOLEAN, size: INTEGER })),
    in: look,
    do: taskFile,
    out: found => {
      if (found.kind === "dir")
        return found.entries.map(({ name, kind, sizeBytes }) => ({ name, folder: kind === "dir", size: sizeBytes }));
      found.body.destroy();
      throw notFound("This is no folder.");
    },
  }),
  route({
    method: "GET",
    path: "/api/v1/tasks/:id/file/",
    auth: "user",
    tag: TAG,
    summary: "A file of a task",
    query: { path: STRING },
    reply: media("application/octet-stream", "The bytes."),
    in: look,
    do: taskFile,
    out: download,
  }),
  ...ACTS.map(acting),
  route({
    method: "POST",
    path: "/api/v1/tasks/:id/archive/",
    auth: "user",
    tag: TAG,
    summary: "Remove the files of a task that is over",
    reply: taskSchema,
    in: wire => idParam(wire),
    do: archiveTask,
    out: taskShape,
  }),
  route({
    method: "POST",
    path: "/api/v1/tasks/:id/share/",
    auth: "user",
    tag: TAG,
    summary: "A link with which anybody may look at the task's files",
    reply: object({ url: STRING }),
    in: wire => idParam(wire),
    do: shareTask,
    out: (token, wire) => ({ url: `${wire.settings.publicUrl}/api/1.0/task/${idParam(wire)}/share/${token}/files/god.log` }),
  }),
  route({
    method: "DELETE",
    path: "/api/v1/tasks/:id/share/",
    auth: "user",
    tag: TAG,
    summary: "Take that link back",
    status: 204,
    in: wire => idParam(wire),
    do: unshareTask,
    out: () => noContent(),
  }),
];
