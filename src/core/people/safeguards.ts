import { forbidden, HavreError } from "../../kernel/errors.ts";
import { people } from "../../store/people.ts";
import type { Tx } from "../../store/store.ts";
import { type Account, type Actor, type PersonId, personOf, seesAll } from "./model.ts";
import { isAdministrator } from "./rules.ts";

/** Nobody saws off the branch that they, or everybody, sit on. */

/** @throws HavreError "conflict" when the actor is this person */
export function mustBeAnother(actor: Actor, id: PersonId): void {
  if (personOf(actor)?.id === id)
    throw new HavreError("conflict", "This is your own account: you would lock yourself out. Ask another administrator.");
}

/** @throws HavreError "forbidden" for who is neither staff nor superuser */
export function mustAdminister(actor: Actor): void {
  if (!isAdministrator(actor)) throw forbidden();
}

/** @throws HavreError "forbidden" for everybody but superusers */
export function mustBeSuperuser(actor: Actor): void {
  if (!seesAll(actor)) throw forbidden("Only a superuser may do this.");
}

/**
 * For an account that is about to go, to be put out or to lose its rights. The turn is held to the end of the transaction, so that
 * two superusers cannot put each other out at the same moment.
 * @throws HavreError "conflict" when no superuser could sign in with a password any more
 */
export async function mustNotBeLastSuperuser(tx: Tx, { person, passwordHash }: Account): Promise<void> {
  const counts = person.isSuperuser && person.isActive && passwordHash !== undefined;
  if (!counts) return;
  await people(tx).lockSuperusers();
  if ((await people(tx).otherSuperusers(person.id)) === 0)
    throw new HavreError("conflict", "This is the last superuser who can sign in. Make another one first.");
}
