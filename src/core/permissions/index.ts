import { forbidden, notFound } from "../../kernel/errors.ts";
import { permissions } from "../../store/permissions.ts";
import type { Tx } from "../../store/store.ts";
import { studies } from "../../store/studies.ts";
import type { Actor } from "../people/model.ts";
import type { Study } from "../studies/model.ts";
import type { Kind, PermissionObject, Role, StandingOn } from "./model.ts";
import { allows, SEE, type Verb } from "./rules.ts";

export { changeRole, giveRole, giveRoleIn, listGrants, listRoles, mustGive, type RoleRequest, takeRole } from "./grants.ts";
export type { Kind, NamedKind, PermissionObject, Role, RoleGrant, RoleOn, Standing, StandingOn } from "./model.ts";
export { listOrganisationMembers, type OrganisationMember } from "./people.ts";
export { allows, holds, roleNamed, type Verb } from "./rules.ts";
export { type Self, showPersonWithRoles, showSelf } from "./self.ts";

/** The one permission question. False also for what is not there. */
export const may = async <K extends Kind>(tx: Tx, actor: Actor, verb: Verb<K>, object: PermissionObject<K>): Promise<boolean> =>
  allows(object.kind, await permissions(tx).standing(actor, object), verb);

/**
 * The same question, asked by an action that goes on only when the answer is yes.
 * @throws HavreError "not-found" when the actor may not even see the object, "forbidden" when they see it and may not do this
 */
export async function mustMay<K extends Kind>(
  tx: Tx,
  actor: Actor,
  verb: Verb<K>,
  object: PermissionObject<K>,
): Promise<StandingOn<K>> {
  return mustAllow(object.kind, await permissions(tx).standing(actor, object), verb);
}

/** @throws as {@link mustMay} */
export function mustAllow<K extends Kind>(kind: K, standing: StandingOn<K> | undefined, verb: Verb<K>): StandingOn<K> {
  if (standing === undefined || !allows(kind, standing, SEE[kind] as string as Verb<K>)) throw notFound();
  if (!allows(kind, standing, verb)) throw forbidden();
  return standing;
}

/** The role as the wire shows it: an owner, and whoever may all, counts as an administrator. */
export async function roleOn(tx: Tx, actor: Actor, studyId: number): Promise<Role | undefined> {
  const standing = await permissions(tx).standing(actor, { kind: "study", id: studyId });
  return standing === "owner" ? "administrator" : standing;
}

/** The study, for an actor who may do this on it. @throws as {@link mustMay} */
export async function studyFor(tx: Tx, actor: Actor, studyId: number, verb: Verb): Promise<Study> {
  await mustMay(tx, actor, verb, { kind: "study", id: studyId });
  return found(await studies(tx).byId(studyId));
}

/** The same, held to the end of the transaction: for changes that must not cross. */
export async function lockStudyFor(tx: Tx, actor: Actor, studyId: number, verb: Verb): Promise<Study> {
  const study = await studies(tx).lock(studyId);
  await mustMay(tx, actor, verb, { kind: "study", id: studyId });
  return found(study);
}

function found(study: Study | undefined): Study {
  if (!study) throw notFound();
  return study;
}
