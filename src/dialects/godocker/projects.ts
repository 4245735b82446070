import {
  changeProject,
  createProject,
  listProjects,
  type ProjectInput,
  type ProjectView,
  removeProject,
  resetProject,
  showProject,
  usageOfProject,
} from "../../core/tasks/index.ts";
import type { Route, Wire } from "../../http/route.ts";
import { HavreError } from "../../kernel/errors.ts";
import { usageShape } from "./usage.ts";
import { bodyOf, gigabytes, listOf, mebibytes, object, param, read, row, wrong } from "./wire.ts";

const API = "/api/1.0/project";
const PROJECT = object("A project: a study, by its slug.");

export const projectShape = ({ slug, description, members, owner, quotas, volumes }: ProjectView) => ({
  id: slug,
  description,
  members,
  owner: owner === "" ? null : owner,
  prio: quotas.prio,
  quota_time: quotas.seconds,
  quota_cpu: quotas.cpu,
  quota_ram: gigabytes(quotas.memoryMib),
  quota_gpu: quotas.gpus,
  volumes,
});

/** Quotas as both users and projects have them; what is absent stays. */
export function quotasOf(body: Readonly<Record<string, unknown>>): ProjectInput["quotas"] {
  const ram = read.number(body.quota_ram, "quota_ram");
  const numbers = {
    prio: read.whole(body.prio, "prio"),
    seconds: roundedUp(read.number(body.quota_time, "quota_time")),
    cpu: roundedUp(read.number(body.quota_cpu, "quota_cpu")),
    memoryMib: ram === undefined ? undefined : mebibytes(ram),
    gpus: roundedUp(read.number(body.quota_gpu, "quota_gpu")),
  };
  return Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined));
}
const roundedUp = (value: number | undefined): number | undefined => (value === undefined ? undefined : Math.ceil(value));

function inputOf(wire: Wire): ProjectInput {
  const body = bodyOf(wire);
  return {
    description: read.text(body.description, "description"),
    members: body.members === undefined || body.members === null ? undefined : read.texts(body.members, "members"),
    owner: read.text(body.owner, "owner"),
    quotas: quotasOf(body),
    volumes: body.volumes === undefined || body.volumes === null ? undefined : read.list(body.volumes, "volumes").map(volumeOf),
  };
}

function volumeOf(item: unknown): NonNullable<ProjectInput["volumes"]>[number] {
  const volume = read.object(item, "volumes");
  const name = read.text(volume.name, "volumes.name") ?? "";
  const path = read.text(volume.path, "volumes.path") ?? "";
  const mount = read.text(volume.mount, "volumes.mount") || path;
  const isWhole = (text: string): boolean => /^\/[^\0]*$/.test(text) && !text.split("/").includes("..");
  if (!/^[\w.-]{1,100}$/.test(name) || !isWhole(path) || !isWhole(mount))
    throw wrong("volumes", "a list of name, path, mount and acl; paths are absolute");
  return { name, path, mount, acl: volume.acl === "rw" ? "rw" : "ro" };
}

export const projectRoutes: readonly Route[] = [
  row({
    method: "GET",
    path: API,
    auth: "user",
    tag: "projects",
    summary: "Projects that the caller owns; all, for administrators",
    reply: listOf("Projects."),
    in: () => undefined,
    do: listProjects,
    out: projects => projects.map(projectShape),
  }),
  row({
    method: "POST",
    path: API,
    auth: "admin",
    tag: "projects",
    summary: "Make a project",
    body: PROJECT,
    reply: PROJECT,
    in: wire => {
      const slug = read.text(bodyOf(wire).id, "id");
      if (!slug) throw new HavreError("invalid", '"id" is missing.');
      return { slug, input: inputOf(wire) };
    },
    do: createProject,
    out: projectShape,
  }),
  row({
    method: "GET",
    path: `${API}/:project`,
    auth: "user",
    tag: "projects",
    summary: "A project, for its owner and administrators",
    reply: PROJECT,
    in: param("project"),
    do: showProject,
    out: projectShape,
  }),
  row({
    method: "POST",
    path: `${API}/:project`,
    auth: "user",
    tag: "projects",
    summary: "Change a project; administrators its folders and owner as well",
    body: PROJECT,
    reply: PROJECT,
    in: wire => ({ slug: param("project")(wire), input: inputOf(wire) }),
    do: changeProject,
    out: projectShape,
  }),
  row({
    method: "DELETE",
    path: `${API}/:project`,
    auth: "admin",
    tag: "projects",
    summary: "Remove a project",
    reply: PROJECT,
    in: param("project"),
    do: removeProject,
    out: projectShape,
  }),
  row({
    method: "DELETE",
    path: `${API}/:project/quota`,
    auth: "admin",
    tag: "projects",
    summary: "Start a project's counters of use again from 0",
    reply: object("`msg`."),
    in: param("project"),
    do: resetProject,
    out: () => ({ msg: "Project usage reset" }),
  }),
  row({
    method: "GET",
    path: `${API}/:project/usage`,
    auth: "user",
    tag: "projects",
    summary: "Use of a project, day by day",
    reply: listOf("Days."),
    in: param("project"),
    do: usageOfProject,
    out: days => days.map(usageShape),
  }),
];
