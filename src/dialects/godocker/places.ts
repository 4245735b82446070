import {
  addAppToken,
  type ClusterView,
  imageRuns,
  imagesOf,
  listAppTokens,
  listClusters,
  type MaintenanceRow,
  type Offer,
  offer,
  pushMetrics,
  removeAppToken,
  runsOfImage,
  setMaintenance,
  showMaintenance,
} from "../../core/tasks/index.ts";
import type { Route, Wire } from "../../http/route.ts";
import { tokenByKey } from "../../http/sign-in/godocker-jwt.ts";
import { MIB } from "../../kernel/units.ts";
import { ownerOfAppToken } from "./sign-in.ts";
import { type Facts, lifespanText } from "./task-out.ts";
import { DYNAMIC_FIELDS } from "./tasks.ts";
import { userShape } from "./users.ts";
import { bodyOf, gigabytes, listOf, object, param, read, row, seconds, wrong } from "./wire.ts";

const API = "/api/1.0";

const maintenanceShape = (rows: readonly MaintenanceRow[]) =>
  rows.map(({ name, isOn }) => ({ name, status: isOn ? "on" : "off" }));

/** Clients refuse by themselves what is not among these (contract §5.6). */
const featuresOf = ({ can }: ClusterView): readonly string[] => [
  "kill",
  ...(can.suspend ? ["pause"] : []),
  ...(can.ports ? ["interactive"] : []),
];

/** Images that some cluster runs and that may be named, those of the cluster that tasks go to by themselves in front. */
function imageNames(clusters: readonly ClusterView[], settings: Wire["settings"]): readonly string[] {
  const names = new Set(clusters.flatMap(cluster => imagesOf(cluster, settings).names));
  return names.size === 0 ? settings.taskImages : [...names];
}

/** What clients ask before nearly everything, without a token (contract §5.6). */
function configShape({ clusters, isClosed }: Offer, { settings }: Wire) {
  const labels = Map.groupBy(
    clusters.flatMap(cluster => cluster.nodes.flatMap(node => Object.entries(node.labels))),
    ([name]) => name,
  );
  return {
    images: imageNames(clusters, settings).map((name, place) => ({ name, url: name, interactive: false, default: place === 0 })),
    volumes: [{ name: "home", acl: "rw" }, ...settings.computeVolumes.map(({ name, acl }) => ({ name, acl }))],
    constraints: [...labels].map(([name, entries]) => ({ name, value: [...new Set(entries.map(([, value]) => value))].sort() })),
    // Whatever some cluster can may be asked for; another that is asked for it refuses, and says so.
    executor_features: [...new Set(["kill", ...clusters.flatMap(featuresOf)])],
    features_by_executor: Object.fromEntries(clusters.map(cluster => [cluster.name, featuresOf(cluster)])),
    dynamic_fields: DYNAMIC_FIELDS,
    defaults: { cpu: settings.taskCpu, ram: gigabytes(settings.taskMemory / MIB) },
    networks: clusters.some(({ can }) => can.networks.some(network => network !== "none")) ? ["public"] : [],
    executors: clusters.map(({ name }) => name),
    allow_root: settings.taskAllowRoot,
    allow_user_images: settings.taskOtherImages,
    maxlifespan: lifespanText(settings.taskLifespan),
    failure_policy: settings.taskRetries,
    share_project_tasks: settings.taskShareStudies,
    maintenance: isClosed,
  };
}

const nodesShape = (clusters: readonly ClusterView[]) =>
  clusters.flatMap(cluster =>
    cluster.nodes.map(node => ({
      name: node.name,
      cpu: [node.usedCpu, node.cpu],
      mem: [gigabytes(node.usedMemoryMib), gigabytes(node.memoryMib)],
      disk: [gigabytes(node.usedDiskBytes / MIB), gigabytes(node.diskBytes / MIB)],
    })),
  );

export function placeRoutes(facts: Facts): readonly Route[] {
  const ownerShape = userShape(facts);
  return [
    row({
      method: "POST",
      path: `${API}/authenticate`,
      auth: "none",
      tag: "sign-in",
      summary: "A token for an API key",
      body: object("`user` and `apikey`."),
      reply: object("`token`."),
      in: wire => {
        const body = bodyOf(wire);
        const text = (value: unknown): string => (typeof value === "string" ? value.slice(0, 1000).replaceAll("\0", "") : "");
        return { username: text(body.user), key: text(body.apikey), ip: wire.ip };
      },
      do: tokenByKey,
      out: token => ({ token }),
    }),
    row({
      method: "GET",
      path: `${API}/ping`,
      auth: "none",
      tag: "places",
      summary: "Whether the server answers",
      reply: object("`msg`."),
      in: () => undefined,
      do: async () => undefined,
      out: () => ({ msg: "pong" }),
    }),
    row({
      method: "GET",
      path: `${API}/config`,
      auth: "none",
      tag: "places",
      summary: "What may be asked for here",
      reply: object("Images, folders, labels of nodes, abilities, defaults."),
      in: () => undefined,
      do: world => offer(world),
      out: configShape,
    }),
    row({
      method: "GET",
      path: `${API}/usage`,
      auth: "none",
      tag: "places",
      summary: "Nodes, and how full they are",
      reply: listOf("Nodes."),
      in: () => undefined,
      do: world => listClusters(world),
      out: nodesShape,
    }),
    row({
      method: "GET",
      path: `${API}/image`,
      auth: "none",
      tag: "places",
      summary: "How often each image was run",
      reply: object("Image to count."),
      in: () => undefined,
      do: world => imageRuns(world),
      out: runs => Object.fromEntries(runs),
    }),
    row({
      method: "GET",
      path: `${API}/image/*`,
      auth: "none",
      tag: "places",
      summary: "How often an image was run",
      reply: object("Image to count."),
      in: param("*"),
      do: (world, _actor, name) => runsOfImage(world, name),
      out: (count, wire) => ({ [param("*")(wire)]: count }),
    }),
    row({
      method: "GET",
      path: "/admin/maintenance",
      auth: "admin",
      tag: "maintenance",
      summary: "What is in maintenance",
      reply: listOf("Names with their status, `all` first."),
      in: () => undefined,
      do: (world, actor) => showMaintenance(world, actor),
      out: maintenanceShape,
    }),
    row({
      method: "POST",
      path: "/admin/maintenance/:node/:status",
      auth: "admin",
      tag: "maintenance",
      summary: "Begin or end maintenance; with `all` nothing new is taken and nothing starts",
      reply: listOf("Names with their status, `all` first."),
      in: wire => {
        const { status } = wire.params;
        if (status !== "on" && status !== "off") throw wrong("status", "on or off");
        return { node: param("node")(wire), isOn: status === "on" };
      },
      do: setMaintenance,
      out: maintenanceShape,
    }),
    row({
      method: "POST",
      path: `${API}/prometheus`,
      auth: "none",
      tag: "places",
      summary: "Add numbers to /metrics, with a key",
      body: object("`key` and `stat`, a list of name, value and host."),
      reply: object("`msg`."),
      in: wire => {
        const body = bodyOf(wire);
        return { key: typeof body.key === "string" ? body.key : "", metrics: () => statOf(body.stat) };
      },
      do: (world, _actor, pushed) => pushMetrics(world, pushed),
      out: () => ({ msg: "ok" }),
    }),
    row({
      method: "GET",
      path: `${API}/app/token`,
      auth: "user",
      tag: "application tokens",
      summary: "One's own tokens for applications",
      reply: listOf("Tokens."),
      in: () => undefined,
      do: listAppTokens,
      out: tokens => tokens.map(({ token, name, createdAt }) => ({ token, name, date: seconds(createdAt) })),
    }),
    row({
      method: "POST",
      path: `${API}/app/token`,
      auth: "user",
      tag: "application tokens",
      summary: "A token for an application",
      body: object("`name`."),
      reply: object("`token` and `name`."),
      in: wire => read.text(bodyOf(wire).name, "name") ?? "",
      do: addAppToken,
      out: ({ token, name }) => ({ token, name }),
    }),
    row({
      method: "DELETE",
      path: `${API}/app/token/:app_token`,
      auth: "user",
      tag: "application tokens",
      summary: "Take a token back",
      reply: object("`msg`."),
      in: param("app_token"),
      do: removeAppToken,
      out: () => ({ msg: "Token removed" }),
    }),
    row({
      method: "GET",
      path: `${API}/app/token/:app_token/user`,
      auth: "none",
      tag: "application tokens",
      summary: "Whose a token is, for a service that shares a secret with Havre",
      reply: object("`id`, `uid`, `gid`, `sgids`, `email`, `homeDirectory`."),
      in: wire => ({ token: param("app_token")(wire), header: wire.headers.authorization }),
      do: ownerOfAppToken,
      out: view => {
        const { id, uid, gid, sgids, email, homeDirectory } = ownerShape(view);
        return { id, uid, gid, sgids, email, homeDirectory };
      },
    }),
  ];
}

/** Read once the key was found good. */
function statOf(stat: unknown) {
  return read.list(stat, "stat").map(item => {
    const { name, value, host } = read.object(item, "stat");
    return {
      name: read.text(name, "stat.name") ?? "",
      value: read.number(value, "stat.value") ?? Number.NaN,
      host: read.text(host, "stat.host") ?? "",
    };
  });
}
