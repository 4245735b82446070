import { asHavreError, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { directory } from "../../store/directory.ts";
import { offerings } from "../../store/offerings.ts";
import { organisationRecords, studyRecords } from "../../store/records.ts";
import { sshKeys } from "../../store/ssh-keys.ts";
import { noObject } from "../market/index.ts";
import { becomeProvider, type OrganisationRecord, stopProviding } from "../organisations/index.ts";
import { type Actor, type PersonRecord, type SshKey, SYSTEM } from "../people/model.ts";
import { mustMay } from "../permissions/index.ts";
import type { StudyRecord } from "../studies/model.ts";
import type { Needs } from "../world.ts";

/** Organisations as those who sell, and whom they sell to. */

type World = Needs<"store" | "clock">;

export interface ProvidersAsked {
  /** Of the organisation. */
  readonly customer?: string | undefined;
  /** Of its half as a provider. */
  readonly uuid?: string | undefined;
  readonly name?: string | undefined;
  readonly window: Window;
}

/** Who sells is known to everybody who signs in. */
export const listProviders = (
  world: Needs<"store">,
  actor: Actor,
  { customer, uuid, name, window }: ProvidersAsked,
): Promise<Page<OrganisationRecord>> =>
  organisationRecords(world.store.db).page(
    actor,
    { provides: true, uuids: customer === undefined ? undefined : [customer], providerUuid: uuid, name },
    window,
    { counts: false, everybody: true },
  );

/** @throws HavreError "not-found" */
export async function showProvider(world: Needs<"store">, actor: Actor, uuid: string): Promise<OrganisationRecord> {
  const { items } = await listProviders(world, actor, { uuid, window: { offset: 0, limit: 1 } });
  const [found] = items;
  if (!found) throw notFound();
  return found;
}

/** The organisation sells from now on. @throws HavreError "forbidden", "invalid" for one that is not seen */
export async function addProvider(
  world: World,
  actor: Actor,
  { customer, description }: { readonly customer: string; readonly description?: string | undefined },
): Promise<OrganisationRecord> {
  try {
    return await becomeProvider(world, actor, { uuid: customer, description });
  } catch (error) {
    throw asHavreError(error).kind === "not-found" ? noObject("customer") : error;
  }
}

/** @throws HavreError "not-found", "forbidden" */
export async function describeProvider(
  world: World,
  actor: Actor,
  { uuid, description }: { readonly uuid: string; readonly description?: string | undefined },
): Promise<OrganisationRecord> {
  const provider = await showProvider(world, actor, uuid);
  return becomeProvider(world, actor, { uuid: provider.uuid, description });
}

/** @throws HavreError "not-found", "forbidden", "conflict" while it has offerings */
export async function endProvider(world: World, actor: Actor, uuid: string): Promise<void> {
  const provider = await showProvider(world, actor, uuid);
  await stopProviding(world, actor, provider.uuid);
}

/** Studies that use something of a provider, for those who stand on its side. @throws HavreError "not-found", "forbidden" */
export async function listServedStudies(
  world: World,
  actor: Actor,
  { uuid, window }: { readonly uuid: string; readonly window: Window },
): Promise<Page<StudyRecord>> {
  const provider = await showProvider(world, actor, uuid);
  await mustMay(world.store.db, actor, "offerings.see", { kind: "organisation", id: provider.id });
  return studyRecords(world.store.db).page(actor, { usesProvider: provider.id }, window, true);
}

/** SSH keys of those who work in such studies. @throws HavreError "not-found", "forbidden" */
export async function listKeysOfProvider(
  world: World,
  actor: Actor,
  { uuid, window }: { readonly uuid: string; readonly window: Window },
): Promise<Page<SshKey>> {
  const provider = await showProvider(world, actor, uuid);
  await mustMay(world.store.db, actor, "offerings.see", { kind: "organisation", id: provider.id });
  return sshKeys(world.store.db).ofProvider(provider.id, window);
}

/** The same of one offering. @throws HavreError "not-found" */
export async function listStudiesOfOffering(
  world: World,
  actor: Actor,
  { uuid, window }: { readonly uuid: string; readonly window: Window },
): Promise<Page<StudyRecord>> {
  const offering = await offerings(world.store.db).seen(actor, "provider", uuid);
  if (!offering) throw notFound();
  return studyRecords(world.store.db).page(actor, { usesOffering: offering.id }, window, true);
}

/** Everybody who works in a study that uses the offering. @throws HavreError "not-found" */
export async function listPeopleOfOffering(
  world: World,
  actor: Actor,
  { uuid, window }: { readonly uuid: string; readonly window: Window },
): Promise<Page<PersonRecord>> {
  const offering = await offerings(world.store.db).seen(actor, "provider", uuid);
  if (!offering) throw notFound();
  return directory(world.store.db).page(SYSTEM, { usesOffering: offering.id, isActive: true }, window);
}
