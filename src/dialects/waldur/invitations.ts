import {
  acceptRoleInvitation,
  approveRoleInvitation,
  cancelRoleInvitation,
  checkRoleInvitation,
  inviteToRole,
  type JoiningState,
  listRoleInvitations,
  type RoleInvitation,
  rejectRoleInvitation,
  sendRoleInvitation,
  showRoleInvitation,
} from "../../core/joining/index.ts";
import { email, optional, readBody, schemaOf, text } from "../../http/fields.ts";
import { type Route, route, type Wire } from "../../http/route.ts";
import { invalid } from "../../kernel/errors.ts";
import { Filters, plain, uuidInLink } from "./fields.ts";
import { roleIn } from "./members.ts";
import { ROLE_WORDS, roleName, roleUuid, SCOPE_TYPES } from "./shapes.ts";
import { created, hex, link, listOut, narrowed, said, stamp, uuidParam, windowIn } from "./wire.ts";

/** Roles that people are asked by mail to take (contract §7, operations 35 to 41). */

const tag = "marketplace: invitations";
const path = "/api/user-invitations/";
const CREATE = {
  email: email(),
  role: text({ max: 150 }),
  scope: text({ max: 500 }),
  full_name: optional(plain(150), ""),
  extra_invitation_text: optional(plain(2000), ""),
};
const TOKEN = { token: text({ max: 300 }) };

const STATES = {
  requested: "requested",
  project: "project",
  pending: "pending",
  accepted: "accepted",
  canceled: "canceled",
  expired: "expired",
  rejected: "rejected",
} as const satisfies Record<JoiningState, string>;
const SENDING = { queued: "Scheduled", sending: "Processing", sent: "OK", caught: "OK", parked: "Erred" } as const;

/** What a link to a project or a customer leads to. @throws HavreError "invalid" */
function scopeIn(given: string) {
  const collection = /\/api\/([a-z-]+)\//.exec(given)?.[1];
  const kind = collection === "projects" ? "study" : collection === "customers" ? "organisation" : undefined;
  const uuid = kind && uuidInLink(kind === "study" ? "project" : "customer", given);
  if (!kind || !uuid) throw invalid({ scope: ["Invalid hyperlink - No URL match."] });
  return { kind, uuid } as const;
}

function invitationShape(invitation: RoleInvitation, wire: Wire) {
  const role = roleName(invitation.kind, invitation.role);
  return {
    url: link(wire, "user-invitations", invitation.uuid),
    uuid: hex(invitation.uuid),
    email: invitation.email,
    full_name: invitation.fullName,
    civil_number: "",
    role: hex(roleUuid(role)),
    role_name: role,
    role_description: ROLE_WORDS[role] ?? "",
    scope: link(wire, invitation.kind === "study" ? "projects" : "customers", invitation.objectUuid),
    scope_uuid: hex(invitation.objectUuid),
    scope_name: invitation.objectName,
    scope_type: SCOPE_TYPES[invitation.kind],
    customer_uuid: hex(invitation.organisationUuid),
    customer_name: invitation.organisationName,
    created_by_username: invitation.byUsername ?? "",
    created_by_full_name: invitation.byFullName ?? "",
    created: stamp(invitation.createdAt),
    expires: stamp(invitation.expiresAt),
    extra_invitation_text: invitation.text,
    state: STATES[invitation.state],
    execution_state: invitation.mail === null ? "Scheduled" : SENDING[invitation.mail],
    error_message: "",
  };
}

const act = (action: string, summary: string, verb: typeof sendRoleInvitation, words: string): Route =>
  route({
    method: "POST",
    path: `${path}:uuid/${action}/`,
    auth: "user",
    tag,
    summary,
    in: uuidParam,
    do: verb,
    out: said("detail", words),
  });

const decide = (action: string, summary: string, verb: typeof approveRoleInvitation, words: string): Route =>
  route({
    method: "POST",
    path: `${path}${action}/`,
    auth: "none",
    tag,
    summary,
    body: schemaOf(TOKEN),
    in: (wire: Wire) => readBody(TOKEN, wire.body).token,
    do: verb,
    out: said("detail", words),
  });

export const invitationRoutes: readonly Route[] = [
  route({
    method: "POST",
    path,
    auth: "user",
    tag,
    summary: "Ask somebody by mail to take a role",
    body: schemaOf(CREATE),
    status: 201,
    in: (wire: Wire) => {
      const body = readBody(CREATE, wire.body);
      const { full_name: fullName, extra_invitation_text: words } = body;
      return { email: body.email, role: roleIn(body.role), scope: scopeIn(body.scope), fullName, text: words };
    },
    do: inviteToRole,
    out: (invitation, wire) => created(invitationShape(invitation, wire)),
  }),
  route({
    method: "GET",
    path,
    auth: "user",
    tag,
    summary: "Invitations to what one gives roles on, newest first",
    in: (wire: Wire) => {
      const filters = new Filters(wire);
      return {
        window: windowIn(wire),
        filter: {
          states: filters.words("state", STATES),
          email: filters.text("email"),
          customer: filters.uuid("customer_uuid"),
          object: filters.uuid("scope_uuid"),
        },
      };
    },
    do: listRoleInvitations,
    out: (page, wire) => listOut(page, wire, invitation => invitationShape(invitation, wire)),
  }),
  route({
    method: "GET",
    path: `${path}:uuid/`,
    auth: "user",
    tag,
    summary: "One invitation",
    in: uuidParam,
    do: showRoleInvitation,
    out: (invitation, wire) => narrowed(invitationShape(invitation, wire), wire),
  }),
  act("send", "Send it again, for another week", sendRoleInvitation, "Invitation sending has been successfully scheduled."),
  act("cancel", "Take it back", cancelRoleInvitation, "Invitation has been successfully canceled."),
  act("accept", "Take the role", acceptRoleInvitation, "Invitation has been accepted."),
  route({
    method: "POST",
    path: `${path}:uuid/check/`,
    auth: "none",
    tag,
    summary: "Whether it can be accepted, for whoever has the link",
    in: uuidParam,
    do: checkRoleInvitation,
    out: invitation => ({ email: invitation.email, civil_number_required: false }),
  }),
  decide("approve", "Agree to one, by the link in a mail", approveRoleInvitation, "Invitation has been approved."),
  decide("reject", "Say no to one, by the link in a mail", rejectRoleInvitation, "Invitation has been rejected."),
];
