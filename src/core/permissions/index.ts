import { forbidden, notFound } from "../../kernel/errors.ts";
import { permissions } from "../../store/permissions.ts";
import type { Tx } from "../../store/store.ts";
import { studies } from "../../store/studies.ts";
import type { Actor } from "../people/model.ts";
import type { Study } from "../studies/model.ts";
import type { PermissionObject, Role, Standing, Verb } from "./model.ts";
import { allows } from "./rules.ts";

export type { PermissionObject, Role, Standing, Verb } from "./model.ts";
export { allows } from "./rules.ts";

/** The one permission question. False also for what is not there. */
export const may = async (tx: Tx, actor: Actor, verb: Verb, object: PermissionObject): Promise<boolean> =>
  allows(await permissions(tx).standing(actor, object.id), verb);

/**
 * The same question, asked by an action that goes on only when the answer is yes.
 * @throws HavreError "not-found" when the actor may not even see the object, "forbidden" when they see it and may not do this
 */
export async function mustMay(tx: Tx, actor: Actor, verb: Verb, object: PermissionObject): Promise<Standing> {
  return mustAllow(await permissions(tx).standing(actor, object.id), verb);
}

/** @throws as {@link mustMay} */
export function mustAllow(standing: Standing | undefined, verb: Verb): Standing {
  if (standing === undefined || !allows(standing, "study.see")) throw notFound();
  if (!allows(standing, verb)) throw forbidden();
  return standing;
}

/** The role as the wire shows it: an owner, and whoever may all, counts as an administrator. */
export async function roleOn(tx: Tx, actor: Actor, studyId: number): Promise<Role | undefined> {
  const standing = await permissions(tx).standing(actor, studyId);
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
