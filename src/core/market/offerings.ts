import { forbidden, HavreError, invalid, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { components } from "../../store/components.ts";
import { facetsOf } from "../../store/facets.ts";
import type { OfferingSide } from "../../store/offering-visibility.ts";
import { isCountedByIndex, type NewOffering, type OfferingFilter, type OfferingParts, offerings } from "../../store/offerings.ts";
import { permissions } from "../../store/permissions.ts";
import { isReferenced, isTaken, type Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import { organisationFor } from "../organisations/index.ts";
import { type Actor, personOf, readsAll, seesAll } from "../people/model.ts";
import { mustAllow, type StandingOn, type Verb } from "../permissions/index.ts";
import type { Needs } from "../world.ts";
import type { Category, Component, Facet, Facts, Offering, OfferingView } from "./model.ts";
import { mustBeUsable, nextOfferingState, type OfferingEvent, refusal } from "./rules.ts";

type World = Needs<"store" | "secrets">;

/** What sealed options are bound to. */
const SECRET_SEAL = "offering.secret-options";

export const listCategories = (
  world: Needs<"store">,
  _actor: Actor,
  asked: { readonly title?: string | undefined; readonly uuid?: string | undefined; readonly window: Window },
): Promise<Page<Category>> => offerings(world.store.db).categories(asked.title, asked.window, asked.uuid);

/** @throws HavreError "not-found" */
export async function showCategory(world: Needs<"store">, actor: Actor, uuid: string): Promise<Category> {
  const { items } = await listCategories(world, actor, { uuid, window: { offset: 0, limit: 1 } });
  const [found] = items;
  if (!found) throw notFound();
  return found;
}

export interface OfferingsAsked {
  readonly side: OfferingSide;
  readonly filter: OfferingFilter;
  readonly window: Window;
  readonly parts: OfferingParts;
}

/** The catalogue, or what one sells oneself; by name. */
export async function listOfferings(world: World, actor: Actor, asked: OfferingsAsked): Promise<Page<OfferingView>> {
  const { side, filter, window, parts } = asked;
  const count = side === "public" && isCountedByIndex(filter) ? () => countOfCatalogue(world, actor, filter) : undefined;
  const { total, items } = await offerings(world.store.db).page(actor, side, filter, window, parts, count);
  return { total, items: items.map(offering => opened(world, offering, side)) };
}

/** What is for everybody is the same number for everybody, and what else somebody sees is few: neither is counted for each page. */
async function countOfCatalogue(world: World, actor: Actor, { sort: _, ...asked }: OfferingFilter): Promise<number> {
  const { store } = world;
  const [question, who] = [`offerings:${JSON.stringify(asked)}`, readsAll(actor) ? "all" : (personOf(actor)?.id ?? "nobody")];
  const [open, guarded] = await Promise.all([
    store.recently(question, () => offerings(store.db).countOpen(asked)),
    store.recently(`${question}:${who}`, () => offerings(store.db).countGuarded(actor, asked)),
  ]);
  return open + guarded;
}

/** How many offerings of the catalogue have which value, under a filter. */
export const countOfferings = (world: Needs<"store">, actor: Actor, filter: OfferingFilter): Promise<Facet[]> =>
  facetsOf(world.store.db, actor, filter);

/** @throws HavreError "not-found" */
export async function showOffering(
  world: World,
  actor: Actor,
  { side, uuid }: { readonly side: OfferingSide; readonly uuid: string },
): Promise<OfferingView> {
  const found = await offerings(world.store.db).seen(actor, side, uuid);
  if (!found) throw notFound();
  return opened(world, found, side);
}

const opened = (world: Needs<"secrets">, offering: Offering, side: OfferingSide): OfferingView =>
  side === "public"
    ? offering
    : {
        ...offering,
        secretOptions: offering.secretSealed
          ? (JSON.parse(world.secrets.openText(offering.secretSealed, SECRET_SEAL)) as Facts)
          : {},
      };

/** What a provider writes of an offering. Absent parts stay as they are. */
export interface OfferingChanges {
  readonly name?: string | undefined;
  readonly category?: string | undefined;
  readonly description?: string | undefined;
  readonly termsOfService?: string | undefined;
  readonly texts?: Readonly<Record<string, string>> | undefined;
  readonly attributes?: Facts | undefined;
  readonly options?: Facts | undefined;
  readonly resourceOptions?: Facts | undefined;
  readonly pluginOptions?: Facts | undefined;
  readonly secretOptions?: Facts | undefined;
  readonly backendId?: string | undefined;
  readonly backendMetadata?: Facts | undefined;
  readonly latitude?: number | null | undefined;
  readonly longitude?: number | null | undefined;
  readonly country?: string | undefined;
  readonly shared?: boolean | undefined;
  readonly billable?: boolean | undefined;
}

export interface OfferingInput extends OfferingChanges {
  readonly name: string;
  readonly type: string;
  /** Uuid of the organisation that sells it. */
  readonly customer: string;
  readonly category: string;
  readonly components: readonly Omit<Component, "uuid">[];
}

/**
 * A new offering, as a draft; `beside` writes what else belongs to it in the same transaction.
 * @throws HavreError "forbidden", "invalid"
 */
export async function createOffering(
  world: World,
  actor: Actor,
  input: OfferingInput,
  beside: (tx: Tx, offering: Offering) => Promise<void> = async () => {},
): Promise<OfferingView> {
  return world.store.transaction(async tx => {
    const provider = await organisationFor(tx, actor, input.customer, "offering.create").catch(cause => {
      if ((cause as HavreError).kind === "not-found") throw noObject("customer");
      throw cause;
    });
    if (provider.providerUuid === null) throw invalid({ customer: ["The organization is not a service provider."] });
    mustBeUsable(provider);
    mustBeDifferent(input.components);
    const { category, ...changes } = await rowOf(tx, world, input);
    const id = await offerings(tx).insert({
      ...changes,
      organisation_id: provider.id,
      category_id: category ?? 0,
      name: input.name,
      type: input.type,
    });
    for (const component of input.components) await components(tx).insert(id, component);
    const made = await offerings(tx).byId(id);
    if (!made) throw notFound();
    await beside(tx, made);
    await record(tx, actor, { verb: "offering.created", kind: "offering", id, data: { name: input.name, type: input.type } });
    return opened(world, (await offerings(tx).byId(id)) ?? made, "provider");
  });
}

export const noObject = (field: string): HavreError => invalid({ [field]: ["Invalid hyperlink - Object does not exist."] });

/** The offering, held to the end of the transaction, for an actor who may do this. @throws HavreError "not-found", "forbidden" */
export async function offeringFor(tx: Tx, actor: Actor, uuid: string, verb: Verb<"offering">): Promise<Offering> {
  const found = await offerings(tx).lock(uuid);
  const standing = found && (await permissions(tx).standing(actor, { kind: "offering", id: found.id }));
  if (!found) throw notFound();
  mustAllow("offering", standing as StandingOn<"offering"> | undefined, verb);
  return found;
}

/** @throws HavreError "not-found", "forbidden", "invalid" */
export async function changeOffering(
  world: World,
  actor: Actor,
  { uuid, changes }: { readonly uuid: string; readonly changes: OfferingChanges },
): Promise<OfferingView> {
  return world.store.transaction(async tx => {
    const before = await changeable(tx, actor, uuid);
    const { category, ...row } = await rowOf(tx, world, changes, before);
    await offerings(tx).update(before.id, { ...row, ...(category === undefined ? {} : { category_id: category }) });
    await record(tx, actor, {
      verb: "offering.changed",
      kind: "offering",
      id: before.id,
      data: { changed: Object.keys(row).filter(name => name !== "secret_options_sealed") },
    });
    return opened(world, (await offerings(tx).byId(before.id)) ?? before, "provider");
  });
}

export async function changeable(tx: Tx, actor: Actor, uuid: string): Promise<Offering> {
  const offering = await offeringFor(tx, actor, uuid, "offering.change");
  if (offering.state === "archived") throw refusal("It is not possible to update an archived offering.");
  return offering;
}

async function rowOf(
  tx: Tx,
  world: Needs<"secrets">,
  changes: OfferingChanges,
  before?: Offering,
): Promise<Partial<NewOffering> & { category?: number }> {
  const json = (value: Facts | undefined): string | undefined => value && JSON.stringify(value);
  const category = changes.category === undefined ? undefined : await offerings(tx).categoryId(changes.category);
  if (changes.category !== undefined && category === undefined) throw noObject("category");
  const row = {
    name: changes.name,
    description: changes.description,
    terms_of_service: changes.termsOfService,
    texts: json(changes.texts && { ...before?.texts, ...changes.texts }),
    attributes: json(changes.attributes),
    options: json(changes.options),
    resource_options: json(changes.resourceOptions),
    plugin_options: json(changes.pluginOptions),
    secret_options_sealed: changes.secretOptions && world.secrets.seal(JSON.stringify(changes.secretOptions), SECRET_SEAL),
    backend_id: changes.backendId,
    backend_metadata: json(changes.backendMetadata),
    latitude: changes.latitude,
    longitude: changes.longitude,
    country: changes.country,
    shared: changes.shared,
    billable: changes.billable,
    category,
  };
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as Partial<NewOffering> & {
    category?: number;
  };
}

/** Puts it before the public, or takes it away. Making it public, or a draft again, is a superuser's. @throws HavreError "invalid" */
export async function moveOffering(
  world: World,
  actor: Actor,
  { uuid, event, reason }: { readonly uuid: string; readonly event: OfferingEvent; readonly reason?: string | undefined },
): Promise<OfferingView> {
  return world.store.transaction(async tx => {
    const before = await offeringFor(tx, actor, uuid, "offering.state");
    if ((event === "activate" || event === "draft") && !seesAll(actor)) throw forbidden();
    const state = nextOfferingState(event, before);
    await offerings(tx).update(before.id, { state, paused_reason: event === "pause" ? (reason ?? "") : "" });
    await record(tx, actor, { verb: `offering.${state}`, kind: "offering", id: before.id, data: { from: before.state } });
    return opened(world, { ...before, state }, "provider");
  });
}

/** @throws HavreError "not-found", "forbidden" for whoever is no superuser unless it is a draft that nobody has, "conflict" */
export async function removeOffering(world: World, actor: Actor, uuid: string): Promise<void> {
  try {
    await world.store.transaction(async tx => {
      const { id, state, name } = await offeringFor(tx, actor, uuid, "offering.remove");
      if (!seesAll(actor) && state !== "draft") throw forbidden("Only a draft can be removed.");
      await offerings(tx).remove(id);
      await record(tx, actor, { verb: "offering.removed", kind: "offering", id, data: { name } });
    });
  } catch (error) {
    if (!isReferenced(error)) throw error;
    if (!seesAll(actor)) throw forbidden("An offering that was ordered can not be removed.");
    throw new HavreError("conflict", "An offering that was ordered can not be removed: archive it.", { cause: error });
  }
}

const mustBeDifferent = (all: readonly Pick<Component, "type">[]): void => {
  if (new Set(all.map(({ type }) => type)).size < all.length)
    throw invalid({ components: ["Component types of an offering must be unlike each other."] });
};

/** @throws HavreError "not-found", "forbidden", "invalid" */
export async function addComponent(
  world: World,
  actor: Actor,
  { uuid, component }: { readonly uuid: string; readonly component: Omit<Component, "uuid"> },
): Promise<void> {
  await unlessTwice(() =>
    world.store.transaction(async tx => {
      const offering = await changeable(tx, actor, uuid);
      await components(tx).insert(offering.id, component);
      await noted(tx, actor, offering, "added", component.type);
    }),
  );
}

/** What has been used or limited keeps how it is counted. @throws as {@link addComponent} */
export async function changeComponent(
  world: World,
  actor: Actor,
  {
    uuid,
    component,
    changes,
  }: { readonly uuid: string; readonly component: string; readonly changes: Partial<Omit<Component, "uuid">> },
): Promise<void> {
  await unlessTwice(() =>
    world.store.transaction(async tx => {
      const offering = await changeable(tx, actor, uuid);
      const before = offering.components.find(one => one.uuid === component);
      if (!before) throw invalid({ uuid: ["Component is not found."] });
      const moves = (["type", "billingType"] as const).filter(key => changes[key] !== undefined && changes[key] !== before[key]);
      if (moves.length > 0 && (await components(tx).isUsed(component)))
        throw refusal("Resources have this component: its type and its way of billing can not be changed any more.");
      await components(tx).update(offering.id, component, changes);
      await noted(tx, actor, offering, "changed", before.type);
    }),
  );
}

/** @throws as {@link addComponent}, also while resources have it */
export async function removeComponent(
  world: World,
  actor: Actor,
  { uuid, component }: { readonly uuid: string; readonly component: string },
): Promise<void> {
  await world.store.transaction(async tx => {
    const offering = await changeable(tx, actor, uuid);
    const before = offering.components.find(one => one.uuid === component);
    if (!before) throw invalid({ uuid: ["Component is not found."] });
    if (await components(tx).isUsed(component)) throw refusal("Resources have this component: it can not be removed.");
    await components(tx).remove(offering.id, component);
    await noted(tx, actor, offering, "removed", before.type);
  });
}

const noted = (tx: Tx, actor: Actor, offering: Offering, what: string, type: string): Promise<void> =>
  record(tx, actor, { verb: `component.${what}`, kind: "offering", id: offering.id, data: { type } });

async function unlessTwice(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isTaken(error)) throw error;
    throw invalid({ type: ["The offering has a component of this type already."] });
  }
}
