import {
  changeMachine,
  createMachine,
  extendMachine,
  listMachines,
  listOrphans,
  rebootMachine,
  removeMachine,
  retryMachine,
  showMachine,
  startMachine,
  stopMachine,
  totalMemory,
  totalStorage,
  watchMachines,
} from "../../core/machines/index.ts";
import {
  type Access,
  type MachineInput,
  type MachineView,
  type Part,
  type RevealedAccess,
  WORKSPACE_STATUSES,
} from "../../core/machines/model.ts";
import { noContent, nothing, type Reply, type Route, route, type Schema, SpecialReply, type Wire } from "../../http/route.ts";
import { sse } from "../../http/sse.ts";
import { notFound } from "../../kernel/errors.ts";
import { instant, integer, list as listOf, nullable, optional, pk, readBody, schemaOf, text } from "./fields.ts";
import { partSchema, partShape, profileSchema, profileShape, providerSchema, providerShape } from "./machine-parts.ts";
import { BOOLEAN, INTEGER, list, media, object, orNull, STAMP, STRING, words } from "./schemas.ts";
import { researcherSchema, researcherShape } from "./shapes.ts";
import { studySchema, studyShape } from "./studies.ts";
import { idParam, PAGE_QUERY, pageAsked, pageOut, pageSchema, stamp, windowOf } from "./wire.ts";

/** Virtual machines (contract §4.6), and what the portal does with them. */

const amount = (absent: number) => optional(integer(), absent);
const maybePart = () => optional(nullable(pk()));
const MACHINE_WRITE = {
  name: text({ max: 200 }),
  provider: text(),
  study: pk(),
  profile: pk(),
  operating_system: pk(),
  base_memory_type: pk(),
  base_memory_amount: amount(1),
  base_storage_type: pk(),
  base_storage_amount: amount(1),
  additional_gpu_type: maybePart(),
  additional_gpu_amount: amount(0),
  additional_memory_type: maybePart(),
  additional_memory_amount: amount(0),
  additional_storage_type: maybePart(),
  additional_storage_amount: amount(0),
  networks: optional(listOf(pk())),
  ssh_public_key: optional(text({ max: 16_384, blank: true })),
};
const EXTENSION = { ending_at: optional(instant()) };

function machineIn(wire: Wire): MachineInput {
  const given = readBody(MACHINE_WRITE, wire.body);
  return {
    name: given.name,
    provider: given.provider,
    study: given.study,
    profile: given.profile,
    os: given.operating_system,
    baseMemory: { part: given.base_memory_type, amount: given.base_memory_amount },
    baseStorage: { part: given.base_storage_type, amount: given.base_storage_amount },
    extraGpu: { part: given.additional_gpu_type ?? undefined, amount: given.additional_gpu_amount },
    extraMemory: { part: given.additional_memory_type ?? undefined, amount: given.additional_memory_amount },
    extraStorage: { part: given.additional_storage_type ?? undefined, amount: given.additional_storage_amount },
    networks: given.networks,
    sshPublicKey: given.ssh_public_key,
  };
}

/** @throws "not-found" for a study that is no number */
function listAsked(wire: Wire) {
  const { study } = wire.query;
  if (study !== undefined && !/^[1-9]\d{0,14}$/.test(study)) throw notFound();
  return { study: study === undefined ? undefined : Number(study), window: windowOf(pageAsked(wire)) };
}

const STAMPS = { created_at: STAMP, updated_at: STAMP };
const accessSchema: Schema = object({
  id: INTEGER,
  username: STRING,
  password: STRING,
  login_key: STRING,
  virtual_machine_ip: STRING,
  public_key: STRING,
  has_secrets: BOOLEAN,
  ...STAMPS,
});
const workspaceSchema: Schema = object({
  status: words(WORKSPACE_STATUSES),
  status_message: STRING,
  power: words(["on", "off", "unknown"]),
  task: orNull(STRING),
  starting_at: STAMP,
  ending_at: STAMP,
});
const machineSchema: Schema = object({
  id: INTEGER,
  name: STRING,
  remote_id: STRING,
  provider: providerSchema,
  study: studySchema,
  researcher: researcherSchema,
  profile: profileSchema,
  operating_system: partSchema("os"),
  networks: list(partSchema("network")),
  base_memory_type: partSchema("memory"),
  base_memory_amount: INTEGER,
  base_storage_type: partSchema("storage"),
  base_storage_amount: INTEGER,
  additional_gpu_type: orNull(INTEGER),
  additional_gpu_amount: INTEGER,
  additional_memory_type: orNull(partSchema("memory")),
  additional_memory_amount: INTEGER,
  additional_storage_type: orNull(partSchema("storage")),
  additional_storage_amount: INTEGER,
  access: list(accessSchema),
  total_memory: { type: "number" },
  total_storage: { type: "number" },
  ssh_public_key: STRING,
  workspace: workspaceSchema,
  is_own: BOOLEAN,
  can: list(STRING),
  ...STAMPS,
});

/** Without what was revealed the secrets are empty: clients find the fields they know. */
const accessShape = (access: Access, revealed: RevealedAccess | undefined, { settings }: Wire) => ({
  id: access.id,
  username: access.username,
  password: revealed?.password ?? "",
  login_key: revealed?.loginKey ?? "",
  virtual_machine_ip: access.ip,
  public_key: access.publicKey,
  has_secrets: access.loginKeySealed !== undefined || access.passwordSealed !== undefined,
  created_at: stamp(access.createdAt, settings.timeZone),
  updated_at: stamp(access.updatedAt, settings.timeZone),
});

const workspaceShape = ({ workspace }: MachineView, { settings }: Wire) => ({
  status: workspace.status,
  status_message: workspace.statusMessage,
  power: workspace.power,
  task: workspace.taskFailed ? null : (workspace.task ?? null),
  starting_at: stamp(workspace.startingAt, settings.timeZone),
  ending_at: stamp(workspace.endingAt, settings.timeZone),
});

function machineShape(view: MachineView, wire: Wire) {
  const { machine, parts } = view;
  const shown = (id: number | undefined) => {
    const part = id === undefined ? undefined : parts.get(id);
    return part ? partShape(part, wire) : null;
  };
  return {
    id: machine.id,
    name: machine.name,
    remote_id: view.workspace.cloudId,
    provider: providerShape(machine.provider),
    study: studyShape(view.study, wire),
    researcher: researcherShape(view.researcher, wire.settings.timeZone),
    profile: profileShape(view.profile, wire),
    operating_system: shown(machine.osId),
    networks: networksOf(view).map(network => partShape(network, wire)),
    base_memory_type: shown(machine.baseMemory.part),
    base_memory_amount: machine.baseMemory.amount,
    base_storage_type: shown(machine.baseStorage.part),
    base_storage_amount: machine.baseStorage.amount,
    additional_gpu_type: machine.extraGpu.part ?? null,
    additional_gpu_amount: machine.extraGpu.amount,
    additional_memory_type: shown(machine.extraMemory.part),
    additional_memory_amount: machine.extraMemory.amount,
    additional_storage_type: shown(machine.extraStorage.part),
    additional_storage_amount: machine.extraStorage.amount,
    access: view.access ? [accessShape(view.access, view.revealed, wire)] : [],
    total_memory: totalMemory(machine, parts),
    total_storage: totalStorage(machine, parts),
    created_at: stamp(machine.createdAt, wire.settings.timeZone),
    updated_at: stamp(machine.updatedAt, wire.settings.timeZone),
    ssh_public_key: machine.sshPublicKey,
    workspace: workspaceShape(view, wire),
    is_own: view.isOwn,
    can: view.can,
  };
}

export const networksOf = ({ machine, parts }: Pick<MachineView, "machine" | "parts">): Part[] =>
  machine.networkIds.flatMap(id => parts.get(id) ?? []);

/** What may hold secrets stays in no cache. */
const unstored = (view: MachineView, wire: Wire, status = 200): Reply =>
  new SpecialReply(status, machineShape(view, wire), { "cache-control": "no-store" });

const shared = { auth: "user", tag: "virtual machines" } as const;
const ROOT = "/api/v1/virtualmachines/";
const ONE = `${ROOT}:id/`;

const documented: readonly Route[] = [
  route({
    ...shared,
    method: "GET",
    path: ROOT,
    summary: "The caller's machines, newest first; the administration sees everybody's. Secrets are left out.",
    query: { ...PAGE_QUERY, study: { type: "integer" } },
    reply: pageSchema(machineSchema),
    in: listAsked,
    do: listMachines,
    out: (page, wire) => pageOut(page, wire, view => machineShape(view, wire)),
  }),
  route({
    ...shared,
    method: "POST",
    path: ROOT,
    summary: "Ask for a machine; the caller becomes its researcher.",
    body: schemaOf(MACHINE_WRITE),
    reply: machineSchema,
    in: machineIn,
    do: createMachine,
    out: (view, wire) => unstored(view, wire),
  }),
  route({
    ...shared,
    method: "GET",
    path: ONE,
    summary: "One machine. Its researcher finds the secrets of its access here; that they were shown is noted.",
    query: { reveal: { type: "string", enum: ["false"], description: "Leaves the secrets out, and notes nothing." } },
    reply: machineSchema,
    in: wire => ({ id: idParam(wire), withSecrets: wire.method === "GET" && wire.query.reveal !== "false" }),
    do: showMachine,
    out: (view, wire) => unstored(view, wire),
  }),
  route({
    ...shared,
    method: "PUT",
    path: ONE,
    summary: "Change a machine; other sizes are built in.",
    body: schemaOf(MACHINE_WRITE),
    reply: machineSchema,
    in: wire => ({ id: idParam(wire), input: machineIn(wire) }),
    do: changeMachine,
    out: (view, wire) => unstored(view, wire),
  }),
  route({
    ...shared,
    method: "DELETE",
    path: ONE,
    summary: "Remove a machine with everything on it; it is gone once its provider has removed it.",
    status: 204,
    in: wire => idParam(wire),
    do: removeMachine,
    out: () => noContent(),
  }),
];

const verb = (word: string, act: typeof startMachine, summary: string): Route =>
  route({
    ...shared,
    method: "POST",
    path: `${ONE}${word}/`,
    summary,
    status: 202,
    reply: machineSchema,
    in: wire => idParam(wire),
    do: act,
    out: (view, wire) => unstored(view, wire, 202),
  });

const orphanSchema: Schema = object({ remote_id: STRING, provider: providerSchema, key: STRING, name: STRING });

const ours: readonly Route[] = [
  verb("start", startMachine, "Start a machine that is off."),
  verb("stop", stopMachine, "Shut a machine down; what is on it stays."),
  verb("reboot", rebootMachine, "Restart a machine."),
  verb("retry", retryMachine, "Try again what failed."),
  route({
    ...shared,
    method: "POST",
    path: `${ONE}extend/`,
    auth: "staff",
    summary: "More time for a machine: until a moment, or one more life from its end.",
    body: schemaOf(EXTENSION),
    reply: machineSchema,
    in: wire => ({ id: idParam(wire), endingAt: readBody(EXTENSION, wire.body).ending_at }),
    do: extendMachine,
    out: (view, wire) => unstored(view, wire),
  }),
  route({
    ...shared,
    method: "GET",
    path: `${ROOT}events/`,
    summary: "What changes in the machines that the caller sees, live (server-sent events).",
    reply: media("text/event-stream", "One event per change, until the client hangs up."),
    in: nothing,
    do: watchMachines,
    out: sse,
  }),
  route({
    ...shared,
    method: "GET",
    path: `${ROOT}orphans/`,
    auth: "staff",
    summary: "Servers in a cloud that carry our mark and belong to no machine.",
    reply: list(orphanSchema),
    in: nothing,
    do: listOrphans,
    out: orphans =>
      orphans.map(({ remoteId, provider, key, name }) => ({ remote_id: remoteId, provider: providerShape(provider), key, name })),
  }),
];

export const machineRoutes: readonly Route[] = [...documented, ...ours];
