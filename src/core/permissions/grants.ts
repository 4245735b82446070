import { forbidden, HavreError, invalid, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { errands } from "../../store/errands.ts";
import { type GrantFilter, grants } from "../../store/grants.ts";
import { people } from "../../store/people.ts";
import { permissions } from "../../store/permissions.ts";
import type { Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import { type Actor, type Person, personOf, seesAll } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { type NamedKind, type PermissionObject, ROLES, type RoleGrant, type RoleOn, type StandingOn } from "./model.ts";
import { allows, holds, SEE, type Verb } from "./rules.ts";

type World = Needs<"store" | "clock" | "settings">;

/** A role that is to be given, changed or taken. */
export interface RoleRequest {
  readonly kind: NamedKind;
  /** Of the object. */
  readonly uuid: string;
  /** NamedKind and name of the role; undefined: there is no role of the name that was sent. */
  readonly role: { readonly kind: NamedKind; readonly role: string } | undefined;
  /** Of the person. */
  readonly person: string;
  /** Absent: it does not end by itself. */
  readonly expiresAt?: Date | undefined;
}

/** What it takes to give roles on an object of each kind. Who may own organisations is the server's own affair, unless it says otherwise. */
const GIVES: { readonly [K in NamedKind]: Verb<K> } = {
  study: "contributors.change",
  organisation: "organisation.change",
  offering: "managers.change",
};
const ownersAreOurs = (world: World, kind: NamedKind, actor: Actor): boolean =>
  kind === "organisation" && world.settings.organisationOwners === "superuser" && !seesAll(actor);

/**
 * Gives a role, or lets one that is held last longer.
 * @throws HavreError "not-found", "forbidden", "invalid" as clients of the marketplace know it
 */
export const giveRole = (world: World, actor: Actor, request: RoleRequest): Promise<Date | undefined> =>
  world.store.transaction(tx => giveRoleIn(tx, world, actor, request));

/** The same, in the caller's transaction. */
export async function giveRoleIn(tx: Tx, world: World, actor: Actor, request: RoleRequest): Promise<Date | undefined> {
  const { object, person, role } = await asked(tx, world, actor, request);
  const expiresAt = futureOf(world, request.expiresAt);
  const subject = { object, personId: person.id, role };
  const held = await grants(tx).held(subject);
  const reaches = held?.live && (held.expiresAt === null || (expiresAt !== undefined && held.expiresAt >= expiresAt));
  if (reaches) throw whole("User has already the same role in this scope.");
  await grants(tx).give(subject, expiresAt, personOf(actor)?.id);
  await noted(tx, actor, held?.live ? "changed" : "added", object, person, role, expiresAt);
  return expiresAt;
}

/**
 * Whether the actor may give this role there, to whomever it may be.
 * @returns the object, and whether whoever runs the server must agree
 * @throws HavreError "not-found", "forbidden", "invalid" for a role that is none of such an object
 */
export async function mustGive(
  tx: Tx,
  world: World,
  actor: Actor,
  { kind, uuid, role: wanted }: Pick<RoleRequest, "kind" | "uuid"> & { readonly role: { kind: NamedKind; role: string } },
): Promise<{ object: PermissionObject; needsApproval: boolean }> {
  const { object, standing } = await seenObject(tx, actor, kind, uuid);
  if (!allows(kind, standing as never, GIVES[kind] as never)) throw forbidden();
  if (wanted.kind !== kind || !(ROLES[kind] as readonly string[]).includes(wanted.role))
    throw whole("Role is not valid for this scope.");
  if (!holds(kind, standing as never, wanted.role as RoleOn<NamedKind> as never)) throw forbidden(ABOVE);
  return { object, needsApproval: ownersAreOurs(world, kind, actor) };
}
const ABOVE = "You cannot give a role that is above your own.";

/** Changes when a role ends. @throws as {@link giveRole}, also when nobody has it */
export async function changeRole(world: World, actor: Actor, request: RoleRequest): Promise<Date | undefined> {
  return world.store.transaction(async tx => {
    const { object, person, role } = await asked(tx, world, actor, request);
    const expiresAt = futureOf(world, request.expiresAt);
    if (!(await grants(tx).setEnd({ object, personId: person.id, role }, expiresAt)))
      throw whole("User does not have this role in this scope.");
    await noted(tx, actor, "changed", object, person, role, expiresAt);
    return expiresAt;
  });
}

/** Taking what nobody has is done already. @throws as {@link giveRole} */
export async function takeRole(world: World, actor: Actor, request: RoleRequest): Promise<void> {
  await world.store.transaction(async tx => {
    const { object, person, role } = await asked(tx, world, actor, request);
    if (await grants(tx).take({ object, personId: person.id, role }))
      await noted(tx, actor, "removed", object, person, role, undefined);
  });
}

/** Who has roles on an object. @throws HavreError "not-found" */
export async function listRoles(
  world: Needs<"store">,
  actor: Actor,
  asked: { readonly kind: NamedKind; readonly uuid: string; readonly filter: GrantFilter; readonly window: Window },
): Promise<Page<RoleGrant>> {
  const { object, standing } = await seenObject(world.store.db, actor, asked.kind, asked.uuid);
  // A visitor of an organisation sees that it is there, and not who is in it.
  if (asked.kind === "organisation" && !allows("organisation", standing as StandingOn<"organisation">, "members.see"))
    return { total: 0, items: [] };
  return grants(world.store.db).on(object, { ...asked.filter, live: true }, asked.window);
}

/** Roles anywhere: one's own, or everybody's. */
export const listGrants = (
  world: Needs<"store">,
  actor: Actor,
  asked: { readonly filter: GrantFilter; readonly window: Window },
): Promise<Page<RoleGrant>> => grants(world.store.db).of(actor, asked.filter, asked.window);

async function seenObject(
  tx: Tx,
  actor: Actor,
  kind: NamedKind,
  uuid: string,
): Promise<{ object: PermissionObject; standing: StandingOn<NamedKind> }> {
  const id = await grants(tx).objectId(kind, uuid);
  const object = id === undefined ? undefined : { kind, id };
  const standing = object && (await permissions(tx).standing(actor, object));
  if (!object || standing === undefined || !allows(kind, standing as never, SEE[kind] as never)) throw notFound();
  return { object, standing };
}

async function asked(
  tx: Tx,
  world: World,
  actor: Actor,
  request: RoleRequest,
): Promise<{ object: PermissionObject; person: Person; role: string }> {
  const { object, standing } = await seenObject(tx, actor, request.kind, request.uuid);
  const { kind } = request;
  if (!allows(kind, standing as never, GIVES[kind] as never) || ownersAreOurs(world, kind, actor))
    throw new HavreError("forbidden", "You do not have permission to perform this action.");
  const person = await people(tx).byUuid(request.person);
  const fields: Record<string, string[]> = {};
  if (!request.role) fields.role = ["Role is not found."];
  if (!person?.isActive) fields.user = ["User is not found."];
  if (!request.role || !person || Object.keys(fields).length > 0) throw invalid(fields);
  const { role } = request.role;
  if (request.role.kind !== kind || !(ROLES[kind] as readonly string[]).includes(role))
    throw whole("Role is not valid for this scope.");
  const isOwner = standing === "owner";
  if (personOf(actor)?.id === person.id && !isOwner) throw whole("User can not manage own role.");
  if (!holds(kind, standing as never, role as RoleOn<NamedKind> as never)) throw forbidden(ABOVE);
  return { object, person, role };
}

const whole = (message: string): HavreError => invalid({ non_field_errors: [message] });

function futureOf({ clock }: Needs<"clock">, at: Date | undefined): Date | undefined {
  if (at !== undefined && at <= clock.now())
    throw invalid({ expiration_time: ["Expiration time should be greater than current time."] });
  return at;
}

/** Who may use what a study has changes with its members: accounts at providers follow. */
async function noted(
  tx: Tx,
  actor: Actor,
  what: "added" | "changed" | "removed",
  object: PermissionObject,
  person: Person,
  role: string,
  expiresAt: Date | undefined,
): Promise<void> {
  await record(tx, actor, {
    verb: object.kind === "study" ? `contributor.${what}` : `role.${what}`,
    kind: object.kind === "study" ? "contributor" : object.kind,
    id: object.kind === "study" ? person.id : object.id,
    ...(object.kind === "study" ? { study: object.id } : {}),
    data: { role, active: what !== "removed", person: person.id, ...(expiresAt ? { until: expiresAt.toISOString() } : {}) },
  });
  if (object.kind === "study")
    await errands(tx).add("provide-accounts", { payload: { study: object.id }, key: String(object.id) });
}
