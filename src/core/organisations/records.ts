import { forbidden, HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { newUuid } from "../../kernel/ids.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { type OrganisationFilter, type OrganisationRow, organisationRecords } from "../../store/records.ts";
import { isReferenced, isTaken, type Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import { eyesOf } from "../people/index.ts";
import { type Actor, personOf, readsAll, seesAll } from "../people/model.ts";
import { mustAllow, type Verb } from "../permissions/index.ts";
import type { Needs } from "../world.ts";
import type { OrganisationChanges, OrganisationRecord } from "./model.ts";

type World = Needs<"store">;

/**
 * Organisations that the actor has anything to do with, by name.
 * @param asked.person uuid of somebody who sees them too; only for whoever sees all, others are not told
 */
export async function listOrganisationRecords(
  world: World,
  actor: Actor,
  asked: {
    readonly filter: OrganisationFilter;
    readonly window: Window;
    readonly counts?: boolean;
    readonly person?: string | undefined;
  },
): Promise<Page<OrganisationRecord>> {
  const { db } = world.store;
  const seenBy = asked.person !== undefined && readsAll(actor) ? await eyesOf(db, { uuid: asked.person }) : undefined;
  return organisationRecords(db).page(actor, { ...asked.filter, seenBy }, asked.window, { counts: asked.counts ?? true });
}

/** @throws HavreError "not-found" */
export const showOrganisationRecord = (world: World, actor: Actor, uuid: string): Promise<OrganisationRecord> =>
  seenOrganisation(world.store.db, actor, uuid);

/** @throws HavreError "not-found" */
export async function seenOrganisation(tx: Tx, actor: Actor, uuid: string): Promise<OrganisationRecord> {
  const found = await organisationRecords(tx).seen(actor, uuid);
  if (!found) throw notFound();
  return found;
}

/** The same, held to the end of the transaction, for an actor who may do this. @throws HavreError "not-found", "forbidden" */
export async function organisationFor(
  tx: Tx,
  actor: Actor,
  uuid: string,
  verb: Verb<"organisation">,
): Promise<OrganisationRecord> {
  const found = await organisationRecords(tx).lock(actor, uuid);
  if (!found) throw notFound();
  mustAllow("organisation", found.standing ?? undefined, verb);
  return found;
}

/** Only a superuser makes organisations. @throws HavreError "forbidden", "invalid" */
export async function createOrganisationRecord(
  world: World,
  actor: Actor,
  input: OrganisationChanges & { readonly name: string },
): Promise<OrganisationRecord> {
  if (!seesAll(actor)) throw forbidden();
  return unlessTaken(() =>
    world.store.transaction(async tx => {
      const uuid = await organisationRecords(tx).insert({ ...rowOf(actor, input), name: input.name });
      const made = await seenOrganisation(tx, actor, uuid);
      await record(tx, actor, { verb: "organisation.created", kind: "organisation", id: made.id, data: { name: made.name } });
      return made;
    }),
  );
}

/** @throws HavreError "not-found", "forbidden", "invalid" */
export async function changeOrganisationRecord(
  world: World,
  actor: Actor,
  { uuid, changes }: { readonly uuid: string; readonly changes: OrganisationChanges },
): Promise<OrganisationRecord> {
  return unlessTaken(() =>
    world.store.transaction(async tx => {
      const before = await organisationFor(tx, actor, uuid, "organisation.change");
      const row = rowOf(actor, {
        ...changes,
        ...(changes.details ? { details: { ...before.details, ...changes.details } } : {}),
      });
      if (Object.keys(row).length === 0) return before;
      await organisationRecords(tx).update(before.id, row);
      await record(tx, actor, {
        verb: "organisation.changed",
        kind: "organisation",
        id: before.id,
        data: { changed: Object.keys(row) },
      });
      return seenOrganisation(tx, actor, uuid);
    }),
  );
}

/** @throws HavreError "not-found", "forbidden", "conflict" while anything belongs to it */
export async function removeOrganisationRecord(world: World, actor: Actor, uuid: string): Promise<void> {
  try {
    await world.store.transaction(async tx => {
      const { id, name } = await organisationFor(tx, actor, uuid, "organisation.change");
      await organisationRecords(tx).remove(id);
      await record(tx, actor, { verb: "organisation.removed", kind: "organisation", id, data: { name } });
    });
  } catch (error) {
    if (!isReferenced(error)) throw error;
    throw new HavreError("conflict", "Cannot delete organization with existing projects", { cause: error });
  }
}

/** It sells from now on, or has before. @throws HavreError "not-found", "forbidden" */
export async function becomeProvider(
  world: Needs<"store" | "clock">,
  actor: Actor,
  { uuid, description }: { readonly uuid: string; readonly description?: string | undefined },
): Promise<OrganisationRecord> {
  return world.store.transaction(async tx => {
    const before = await organisationFor(tx, actor, uuid, "organisation.change");
    if (before.providerUuid === null)
      await record(tx, actor, {
        verb: "organisation.provides",
        kind: "organisation",
        id: before.id,
        data: { name: before.name },
      });
    await organisationRecords(tx).update(before.id, {
      ...(before.providerUuid === null ? { provider_uuid: newUuid(), provider_since: world.clock.now() } : {}),
      ...(description === undefined ? {} : { provider_description: description }),
    });
    return seenOrganisation(tx, actor, uuid);
  });
}

/** It sells nothing any more. @throws HavreError "not-found", "forbidden", "conflict" while it has offerings */
export async function stopProviding(world: World, actor: Actor, uuid: string): Promise<void> {
  await world.store.transaction(async tx => {
    const before = await organisationFor(tx, actor, uuid, "organisation.change");
    if ((await organisationRecords(tx).offerings(before.id)) > 0)
      throw new HavreError("conflict", "This organization still has offerings.");
    await organisationRecords(tx).update(before.id, { provider_uuid: null, provider_since: null });
    await record(tx, actor, { verb: "organisation.sells-nothing", kind: "organisation", id: before.id });
  });
}

/** What only superusers change is left as it is for everybody else. */
function rowOf(actor: Actor, changes: OrganisationChanges): OrganisationRow {
  const { name, abbreviation, nativeName, email, country, backendId, details } = changes;
  return {
    ...(name === undefined ? {} : { name }),
    ...(abbreviation === undefined ? {} : { abbreviation }),
    ...(nativeName === undefined ? {} : { native_name: nativeName }),
    ...(email === undefined ? {} : { email }),
    ...(country === undefined ? {} : { country }),
    ...(backendId === undefined ? {} : { backend_id: backendId }),
    ...(details === undefined ? {} : { details: JSON.stringify(details) }),
    ...(seesAll(actor) ? ours(changes) : {}),
  };
}
const ours = ({ slug, blocked, archived, taxPercent, accountingStartAt }: OrganisationChanges): OrganisationRow => ({
  ...(slug === undefined || slug === "" ? {} : { slug }),
  ...(blocked === undefined ? {} : { blocked }),
  ...(archived === undefined ? {} : { archived }),
  ...(taxPercent === undefined ? {} : { tax_percent: taxPercent }),
  ...(accountingStartAt === undefined ? {} : { accounting_start_at: accountingStartAt }),
});

async function unlessTaken<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!isTaken(error)) throw error;
    const field = /slug/.test(String((error as { constraint?: unknown }).constraint)) ? "slug" : "name";
    throw invalid({ [field]: [`Organization with this ${field} already exists.`] });
  }
}

/** Organisations that the actor owns. */
export const ownedBy = (actor: Actor): OrganisationFilter => ({ ownedBy: personOf(actor)?.id ?? 0 });
