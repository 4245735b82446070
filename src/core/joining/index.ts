import { createHmac } from "node:crypto";
import { DAY, later } from "../../kernel/clock.ts";
import { asHavreError, forbidden, type HavreError, invalid, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { sameSecret } from "../../kernel/secrets.ts";
import { type JoiningFilter, joining } from "../../store/joining.ts";
import { people } from "../../store/people.ts";
import type { Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import { addMail } from "../mail/index.ts";
import { type Actor, actorOf, type Person, type PersonId, personOf } from "../people/model.ts";
import { giveRoleIn, mustGive, type RoleRequest } from "../permissions/index.ts";
import type { Needs } from "../world.ts";
import type { RoleInvitation } from "./model.ts";
import { approvalMail, type JoiningFacts, joiningMail, roleIn } from "./words.ts";

/**
 * Roles that people without an account are asked by mail to take. Whoever may give a role may ask somebody to take it; who takes it must
 * have the address that it was sent to, and whoever asked must still be able to give it then.
 */

export type { JoiningState, RoleInvitation } from "./model.ts";
export { JOINING_STATES } from "./model.ts";

type World = Needs<"store" | "clock" | "settings" | "secrets">;
const LIFE_DAYS = 7;

const whole = (message: string): HavreError => invalid({ non_field_errors: [message] });
const until = ({ clock }: Needs<"clock">): Date => later(clock.now(), LIFE_DAYS * DAY);

export interface JoiningInput {
  readonly email: string;
  readonly role: RoleRequest["role"];
  /** Kind and uuid of what the role is on. */
  readonly scope: { readonly kind: "study" | "organisation"; readonly uuid: string };
  readonly fullName: string;
  readonly text: string;
}

/** @throws HavreError "not-found", "forbidden", "invalid" */
export async function inviteToRole(world: World, actor: Actor, input: JoiningInput): Promise<RoleInvitation> {
  const { kind, uuid } = input.scope;
  return world.store.transaction(async tx => {
    if (!input.role) throw invalid({ role: ["Role is not found."] });
    if (input.role.kind !== kind) throw whole("Role and scope should belong to the same content type.");
    const { object, needsApproval } = await mustGive(tx, world, actor, { kind, uuid, role: input.role }).catch(cause => {
      throw asHavreError(cause).kind === "not-found" ? invalid({ scope: ["Invalid hyperlink - Object does not exist."] }) : cause;
    });
    const made = await joining(tx).insert({
      email: input.email,
      full_name: input.fullName,
      text: input.text,
      object_kind: kind,
      object_id: object.id,
      role: input.role.role,
      state: needsApproval ? "requested" : "pending",
      created_by_id: personOf(actor)?.id ?? null,
      expires_at: until(world),
    });
    const invitation = await found(tx, made);
    if (invitation.organisationBlocked) throw whole("Customer is not available.");
    await note(tx, actor, invitation, "created");
    if (needsApproval) await askForApproval(tx, world, invitation);
    else await goOut(tx, world, invitation);
    return found(tx, made);
  });
}

async function found(tx: Tx, uuid: string, lock = false): Promise<RoleInvitation> {
  const invitation = await joining(tx).byUuid(uuid, lock);
  if (!invitation) throw notFound();
  return invitation;
}

const note = (tx: Tx, actor: Actor, { id, kind, objectUuid, role }: RoleInvitation, what: string): Promise<void> =>
  record(tx, actor, { verb: `role-invitation.${what}`, kind: "role-invitation", id, data: { kind, object: objectUuid, role } });

/** To who is invited; or, before the study has begun, when that day comes. */
async function goOut(tx: Tx, world: World, invitation: RoleInvitation): Promise<void> {
  const now = world.clock.now();
  if (invitation.startDate !== null && invitation.startDate > now.toISOString().slice(0, 10))
    return joining(tx).update(invitation.id, { state: "project" });
  const expiresAt = until(world);
  const mailKey = `role-invitation:${invitation.uuid}:${now.getTime()}`;
  await joining(tx).update(invitation.id, { state: "pending", expires_at: expiresAt, mail_key: mailKey });
  const inviter = await inviterOf(tx, invitation);
  const facts = factsOf(world, invitation, inviter, expiresAt, `${world.settings.publicUrl}/join/${invitation.uuid}`);
  await addMail(tx, world, { uniqueKey: mailKey, kind: "role-invitation", recipient: invitation.email, ...joiningMail(facts) });
}

/** To whoever runs the server, each with a link of their own. */
async function askForApproval(tx: Tx, world: World, invitation: RoleInvitation): Promise<void> {
  const inviter = await inviterOf(tx, invitation);
  for (const approver of await people(tx).superusers()) {
    if (approver.email === "" || approver.id === inviter?.id) continue;
    const link = `${world.settings.publicUrl}/join/approve/${tokenFor(world, invitation.uuid, approver.uuid)}`;
    const facts = { ...factsOf(world, invitation, inviter, invitation.expiresAt, link), language: approver.language };
    await addMail(tx, world, {
      uniqueKey: `role-approval:${invitation.uuid}:${approver.uuid}`,
      // Of these only superusers see the links in the outbox.
      kind: "account-role-approval",
      recipient: approver.email,
      ...approvalMail(facts),
    });
  }
}

const inviterOf = async (tx: Tx, { byId }: RoleInvitation): Promise<Person | undefined> =>
  byId === null ? undefined : people(tx).byId(byId as PersonId);

function factsOf(
  { settings }: Needs<"settings">,
  invitation: RoleInvitation,
  inviter: Person | undefined,
  expiresAt: Date,
  link: string,
): JoiningFacts {
  const language = inviter?.language ?? "en";
  return {
    language,
    inviter: inviter ? `${inviter.firstName} ${inviter.lastName}`.trim() || inviter.username : "Havre",
    email: invitation.email,
    role: roleIn(language, invitation.kind, invitation.role),
    where: invitation.objectName,
    organisation: invitation.organisationName,
    text: invitation.text,
    until: expiresAt.toLocaleString(language === "nl" ? "nl-NL" : "en-GB", {
      dateStyle: "long",
      timeStyle: "short",
      timeZone: settings.timeZone,
    }),
    link,
  };
}

/** What proves that somebody read the mail: bound to the invitation and to its reader, and nothing to keep. */
function tokenFor({ secrets }: Needs<"secrets">, invitation: string, approver: string): string {
  const name = `${invitation}.${approver}`.replaceAll("-", "");
  return `${name}.${createHmac("sha256", secrets.derive("role-approval")).update(name).digest("base64url")}`;
}

/** Of what the actor gives roles on, newest first. */
export const listRoleInvitations = (
  world: Needs<"store">,
  actor: Actor,
  { filter, window }: { readonly filter: JoiningFilter; readonly window: Window },
): Promise<Page<RoleInvitation>> => joining(world.store.db).page(actor, filter, window);

/** @throws HavreError "not-found" */
export const showRoleInvitation = (world: Needs<"store">, actor: Actor, uuid: string): Promise<RoleInvitation> =>
  seen(world.store.db, actor, uuid);

async function seen(tx: Tx, actor: Actor, uuid: string): Promise<RoleInvitation> {
  const { items } = await joining(tx).page(actor, { uuid }, { offset: 0, limit: 1 });
  const [invitation] = items;
  if (!invitation) throw notFound();
  return invitation;
}

/** Held, for somebody who may give the role. */
async function managed(tx: Tx, actor: Actor, uuid: string): Promise<RoleInvitation> {
  await found(tx, uuid, true);
  return seen(tx, actor, uuid);
}

const mustBe = ({ state }: RoleInvitation, ...states: readonly RoleInvitation["state"][]): void => {
  if (!states.includes(state)) throw whole(`The invitation is ${state}: only one that is ${states.join(" or ")} can be.`);
};

/** Once more, and for another week. @throws HavreError "not-found", "forbidden", "invalid" unless pending, expired or canceled */
export async function sendRoleInvitation(world: World, actor: Actor, uuid: string): Promise<void> {
  await world.store.transaction(async tx => {
    const invitation = await managed(tx, actor, uuid);
    mustBe(invitation, "pending", "expired", "canceled");
    const { needsApproval } = await mustGive(tx, world, actor, requestOf(invitation));
    if (needsApproval && invitation.approvedById === null) throw forbidden();
    await goOut(tx, world, invitation);
    await note(tx, actor, invitation, "sent");
  });
}

const requestOf = ({ kind, objectUuid, role }: RoleInvitation) => ({ kind, uuid: objectUuid, role: { kind, role } });

/** @throws HavreError "not-found", "invalid" unless pending */
export async function cancelRoleInvitation(world: World, actor: Actor, uuid: string): Promise<void> {
  await world.store.transaction(async tx => {
    const invitation = await managed(tx, actor, uuid);
    mustBe(invitation, "pending");
    await joining(tx).update(invitation.id, { state: "canceled" });
    await note(tx, actor, invitation, "canceled");
  });
}

/** For whoever has the link. @throws HavreError "not-found" when it cannot be accepted (any more) */
export async function checkRoleInvitation(world: World, _actor: Actor, uuid: string): Promise<RoleInvitation> {
  const invitation = await found(world.store.db, uuid);
  if (invitation.state !== "pending") throw notFound();
  return invitation;
}

/**
 * Whoever has the address takes the role, given by whoever asked or approved: somebody who could not give it any more gives nothing.
 * @throws HavreError "not-found", "invalid"
 */
export async function acceptRoleInvitation(world: World, actor: Actor, uuid: string): Promise<void> {
  const self = personOf(actor);
  if (!self) throw forbidden();
  await world.store.transaction(async tx => {
    const invitation = await found(tx, uuid, true);
    mustBe(invitation, "pending");
    const person = await people(tx).byId(self.id);
    if (!person || person.email.toLowerCase() !== invitation.email.toLowerCase())
      throw whole("This invitation was sent to another e-mail address than that of your account.");
    const giverId = invitation.approvedById ?? invitation.byId;
    const giver = giverId === null ? undefined : await people(tx).byId(giverId as PersonId);
    if (!giver?.isActive) throw whole(LAPSED);
    try {
      await giveRoleIn(tx, world, actorOf(giver), { ...requestOf(invitation), person: person.uuid });
    } catch (error) {
      const { kind } = asHavreError(error);
      throw kind === "forbidden" || kind === "not-found" ? whole(LAPSED) : error;
    }
    await joining(tx).update(invitation.id, { state: "accepted", accepted_by_id: person.id });
    await note(tx, actor, invitation, "accepted");
  });
}
const LAPSED = "Whoever invited you cannot give this role any more: ask for another invitation.";

/** By the link in the mail to somebody who runs the server. @throws HavreError "invalid" for a token that is none, or of one that is decided */
export const approveRoleInvitation = (world: World, _actor: Actor, token: string): Promise<void> => decide(world, token, true);
/** @throws as {@link approveRoleInvitation} */
export const rejectRoleInvitation = (world: World, _actor: Actor, token: string): Promise<void> => decide(world, token, false);

async function decide(world: World, token: string, approved: boolean): Promise<void> {
  const wrong = invalid({ token: ["This token is not valid, or no longer."] });
  const [invitation = "", approver = ""] = token.split(".").map(dashed);
  if (!sameSecret(token, tokenFor(world, invitation, approver))) throw wrong;
  await world.store.transaction(async tx => {
    const held = await joining(tx).byUuid(invitation, true);
    const by = await people(tx).byUuid(approver);
    if (held?.state !== "requested" || held.expiresAt <= world.clock.now() || !by?.isActive || !by.isSuperuser) throw wrong;
    const actor = actorOf(by);
    await joining(tx).update(held.id, approved ? { approved_by_id: by.id } : { state: "rejected", approved_by_id: by.id });
    await note(tx, actor, held, approved ? "approved" : "rejected");
    if (approved) await goOut(tx, world, held);
  });
}

const dashed = (hex: string): string =>
  /^[0-9a-f]{32}$/.test(hex) ? hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5") : "";

/** What a day brings: studies that begin, and invitations whose time is over. */
export async function keepRoleInvitations(world: World): Promise<void> {
  const now = world.clock.now();
  for (const uuid of await joining(world.store.db).begun(now.toISOString().slice(0, 10)))
    await world.store.transaction(async tx => {
      const invitation = await joining(tx).byUuid(uuid, true);
      if (invitation?.state === "project") await goOut(tx, world, invitation);
    });
  await joining(world.store.db).expire(now);
}
