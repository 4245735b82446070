import { forbidden, notFound } from "../../kernel/errors.ts";
import { grants } from "../../store/grants.ts";
import { organisationRecords } from "../../store/records.ts";
import { type Actor, readsAll } from "../people/model.ts";
import type { Needs } from "../world.ts";
import type { RoleGrant } from "./model.ts";
import { allows } from "./rules.ts";

/** Somebody with a role in an organisation or in one of its studies. */
export interface OrganisationMember {
  readonly uuid: string;
  readonly username: string;
  readonly fullName: string;
  readonly email: string;
  /** In the organisation itself. */
  readonly role: string | null;
  readonly expiresAt: Date | null;
  readonly studies: readonly { readonly uuid: string; readonly name: string; readonly role: string }[];
}

const MOST = 10_000;

/** @throws HavreError "not-found", "forbidden" for whoever is no owner */
export async function listOrganisationMembers(
  world: Needs<"store">,
  actor: Actor,
  uuid: string,
): Promise<readonly OrganisationMember[]> {
  const { db } = world.store;
  const organisation = await organisationRecords(db).seen(actor, uuid);
  if (!organisation) throw notFound();
  if (!readsAll(actor) && !allows("organisation", organisation.standing ?? undefined, "organisation.change")) throw forbidden();
  const { items } = await grants(db).within(uuid, { offset: 0, limit: MOST });
  const people = new Map<string, OrganisationMember>();
  for (const grant of items) {
    const before = people.get(grant.personUuid) ?? emptyMember(grant);
    people.set(grant.personUuid, withGrant(before, grant));
  }
  return [...people.values()];
}

const emptyMember = ({ personUuid, username, fullName, email }: RoleGrant): OrganisationMember => ({
  uuid: personUuid,
  username,
  fullName,
  email,
  role: null,
  expiresAt: null,
  studies: [],
});

const withGrant = (
  member: OrganisationMember,
  { kind, role, expiresAt, objectUuid, objectName }: RoleGrant,
): OrganisationMember =>
  kind === "study"
    ? { ...member, studies: [...member.studies, { uuid: objectUuid, name: objectName, role }] }
    : { ...member, role: member.role === "owner" ? "owner" : role, expiresAt };
