import { listQueue, type Reported, reportWorkspace, showQueued, totalMemory, totalStorage } from "../../core/machines/index.ts";
import { type Part, type QueueView, type ReportedAccess, WORKSPACE_STATUSES } from "../../core/machines/model.ts";
import { type Route, route, type Schema, type Wire } from "../../http/route.ts";
import { notFound } from "../../kernel/errors.ts";
import { address, choice, nested, optional, readBody, schemaOf, text } from "./fields.ts";
import { networksOf } from "./machines.ts";
import { INTEGER, list, object, orNull, STAMP, STRING, words } from "./schemas.ts";
import { idParam, PAGE_QUERY, pageAsked, pageOut, pageSchema, stamp, windowOf } from "./wire.ts";

/** The queue that the system behind the VRW provider fetches its work from (contract §4.7). */

const secret = () => optional(text({ max: 16_384, blank: true, keepBlanks: true }));
/** Our addition: how the researcher gets in. */
const ACCESS = {
  virtual_machine_ip: address(),
  username: optional(text({ max: 150, blank: true })),
  login_key: secret(),
  password: secret(),
};
const PATCH = {
  status: optional(choice(WORKSPACE_STATUSES)),
  remote_id: optional(text({ max: 200, blank: true })),
  access: optional(nested(ACCESS)),
};
const PUT = { ...PATCH, status: choice(WORKSPACE_STATUSES) };

function reportIn(shape: typeof PUT | typeof PATCH, wire: Wire) {
  const { status, remote_id: remoteId, access } = readBody(shape, wire.body);
  return { id: idParam(wire), status, remoteId, access: access && accessOf(access) };
}
const accessOf = (given: {
  virtual_machine_ip: string;
  username: string | undefined;
  login_key: string | undefined;
  password: string | undefined;
}): ReportedAccess => ({
  ip: given.virtual_machine_ip,
  username: given.username,
  loginKey: given.login_key,
  password: given.password,
});

/** @throws "not-found" for a word that is no status */
function queueAsked(wire: Wire) {
  const { status } = wire.query;
  const known = WORKSPACE_STATUSES.find(word => word === status);
  if (status !== undefined && !known) throw notFound();
  return { status: known, window: windowOf(pageAsked(wire)) };
}

const partOut = (part: Part | undefined) => (part ? { name: part.name, code: part.vmCode } : null);

function queueShape(view: QueueView, { settings }: Wire) {
  const { workspace, machine, researcher, profile, parts } = view;
  const ends = stamp(workspace.endingAt, settings.timeZone);
  return {
    id: workspace.id,
    study: view.study,
    researcher: {
      first_name: researcher.firstName,
      last_name: researcher.lastName,
      email_address: researcher.email,
    },
    type: profile.name,
    disk: totalStorage(machine, parts),
    memory: totalMemory(machine, parts),
    gpu: machine.extraGpu.amount,
    request_date: stamp(workspace.createdAt, settings.timeZone),
    start_date: stamp(workspace.startingAt, settings.timeZone),
    end_date: ends,
    // As the original spelt it.
    end_data: ends,
    status: workspace.status,
    remote_id: workspace.cloudId,
    name: machine.name,
    username: researcher.username,
    operating_system: partOut(parts.get(machine.osId)),
    networks: networksOf(view).map(partOut),
    ssh_public_key: machine.sshPublicKey,
  };
}

const reportShape = ({ status, cloudId }: Reported) => ({ status, remote_id: cloudId });

const NUMBER: Schema = { type: "number" };
const STATUS = words(WORKSPACE_STATUSES);
const partSchema: Schema = object({ name: STRING, code: STRING });
const queueSchema: Schema = object({
  id: INTEGER,
  study: object({ id: INTEGER, name: STRING }),
  researcher: object({ first_name: STRING, last_name: STRING, email_address: STRING }),
  type: STRING,
  disk: NUMBER,
  memory: NUMBER,
  gpu: INTEGER,
  request_date: STAMP,
  start_date: STAMP,
  end_date: STAMP,
  end_data: STAMP,
  status: STATUS,
  remote_id: STRING,
  name: STRING,
  username: STRING,
  operating_system: orNull(partSchema),
  networks: list(partSchema),
  ssh_public_key: STRING,
});
const reportSchema: Schema = object({ status: STATUS, remote_id: STRING });

const shared = { auth: "vrw", tag: "workspaces" } as const;
const ROOT = "/api/v1/vrw/workspaces/";

const report = (method: "PUT" | "PATCH", shape: typeof PUT | typeof PATCH, summary: string): Route =>
  route({
    ...shared,
    method,
    path: `${ROOT}:id/status/`,
    summary,
    body: schemaOf(shape),
    reply: reportSchema,
    in: wire => reportIn(shape, wire),
    do: reportWorkspace,
    out: reportShape,
  });

export const workspaceRoutes: readonly Route[] = [
  route({
    ...shared,
    method: "GET",
    path: ROOT,
    summary: "Workspaces, oldest first.",
    query: { ...PAGE_QUERY, status: STATUS },
    reply: pageSchema(queueSchema),
    in: queueAsked,
    do: listQueue,
    out: (page, wire) => pageOut(page, wire, view => queueShape(view, wire)),
  }),
  route({
    ...shared,
    method: "GET",
    path: `${ROOT}:id/`,
    summary: "One workspace.",
    reply: queueSchema,
    in: wire => idParam(wire),
    do: showQueued,
    out: queueShape,
  }),
  report("PUT", PUT, "Take a workspace up (UPDATING, once), or report what became of it."),
  report("PATCH", PATCH, "The same, of some fields only."),
];
