import { forbidden, HavreError, invalid, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { type AccountFilter, accounts, type Wanted } from "../../store/accounts.ts";
import { offerings } from "../../store/offerings.ts";
import { people } from "../../store/people.ts";
import { isTaken, type Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import { offeringFor } from "../market/index.ts";
import { type Actor, SYSTEM } from "../people/model.ts";
import { may } from "../permissions/index.ts";
import type { Needs } from "../world.ts";
import type { AccountState, OfferingAccount } from "./model.ts";

/** Accounts of people in the services of providers: asked for by Havre, made by the provider. */

type World = Needs<"store">;

export const listAccounts = (
  world: World,
  actor: Actor,
  { filter, window }: { readonly filter: AccountFilter; readonly window: Window },
): Promise<Page<OfferingAccount>> => accounts(world.store.db).page(actor, filter, window);

/** @throws HavreError "not-found" */
export async function showAccount(world: World, actor: Actor, uuid: string): Promise<OfferingAccount> {
  const { items } = await listAccounts(world, actor, { filter: { uuid }, window: { offset: 0, limit: 1 } });
  const [found] = items;
  if (!found) throw notFound();
  return found;
}

/** @throws HavreError "forbidden", "invalid" */
export async function createAccount(
  world: World,
  actor: Actor,
  {
    person: personUuid,
    offering: uuid,
    username,
  }: { readonly person: string; readonly offering: string; readonly username: string },
): Promise<OfferingAccount> {
  return refusingTwice(() =>
    world.store.transaction(async tx => {
      const offering = await offeringFor(tx, actor, uuid, "resource.report").catch(cause => {
        if ((cause as HavreError).kind !== "not-found") throw cause;
        throw invalid({ offering: ["Invalid hyperlink - Object does not exist."] });
      });
      if (offering.pluginOptions.service_provider_can_create_offering_user !== true)
        throw new HavreError("invalid", "It is not allowed to create users for current offering.", {
          detail: { list: ["It is not allowed to create users for current offering."] },
        });
      const person = await people(tx).byUuid(personUuid);
      if (!person?.isActive) throw invalid({ user: ["Invalid hyperlink - Object does not exist."] });
      const made = await accounts(tx).insert(offering.id, person.id, username, username === "" ? "requested" : "ok");
      const found = await accounts(tx).lock(actor, made);
      if (!found) throw notFound();
      await noted(tx, actor, found, "created");
      return found;
    }),
  );
}

async function refusingTwice<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!isTaken(error)) throw error;
    throw invalid({ non_field_errors: ["The fields offering, user must make a unique set."] });
  }
}

/** The account, held, for whoever provides the offering. @throws HavreError "not-found", "forbidden" */
async function accountFor(tx: Tx, actor: Actor, uuid: string): Promise<OfferingAccount> {
  const found = await accounts(tx).lock(actor, uuid);
  if (!found) throw notFound();
  if (!(await may(tx, actor, "resource.report", { kind: "offering", id: found.offeringId }))) throw forbidden();
  return found;
}

const noted = (tx: Tx, actor: Actor, account: OfferingAccount, what: string): Promise<void> =>
  record(tx, actor, {
    verb: `account.${what}`,
    kind: "offering",
    id: account.offeringId,
    data: { account: account.uuid, person: account.personUsername },
  });

/** An account with a name is there. @throws HavreError "not-found", "forbidden" */
export async function nameAccount(
  world: World,
  actor: Actor,
  { uuid, username }: { readonly uuid: string; readonly username: string | undefined },
): Promise<OfferingAccount> {
  return world.store.transaction(async tx => {
    const account = await accountFor(tx, actor, uuid);
    if (username === undefined || username === account.username) return account;
    const waits = username !== "" && (UNNAMED as readonly AccountState[]).includes(account.state);
    await accounts(tx).update(account.id, { username, ...(waits ? { state: "ok" } : {}) });
    await noted(tx, actor, account, "named");
    return (await accounts(tx).lock(actor, uuid)) ?? account;
  });
}
const UNNAMED = ["requested", "creating", "pending-linking", "pending-validation", "error-creating"] as const;

/** @throws HavreError "not-found", "forbidden" */
export async function removeAccount(world: World, actor: Actor, uuid: string): Promise<void> {
  await world.store.transaction(async tx => {
    const account = await accountFor(tx, actor, uuid);
    await accounts(tx).remove(account.id);
    await noted(tx, actor, account, "removed");
  });
}

export const ACCOUNT_EVENTS = {
  begin_creating: { from: ["requested", "error-creating"], to: "creating" },
  set_pending_account_linking: { from: [...UNNAMED, "ok"], to: "pending-linking" },
  set_pending_additional_validation: { from: [...UNNAMED, "ok"], to: "pending-validation" },
  set_validation_complete: { from: ["pending-linking", "pending-validation"], to: "ok" },
  set_ok: { from: UNNAMED, to: "ok" },
  set_error_creating: { from: ["requested", "creating", "pending-linking", "pending-validation"], to: "error-creating" },
  request_deletion: { from: ["ok", "error-deleting"], to: "deletion-requested" },
  set_deleting: { from: ["deletion-requested", "error-deleting"], to: "deleting" },
  set_deleted: { from: ["deletion-requested", "deleting", "error-deleting"], to: "deleted" },
  set_error_deleting: { from: ["deletion-requested", "deleting"], to: "error-deleting" },
} as const satisfies Record<string, { readonly from: readonly AccountState[]; readonly to: AccountState }>;
export type AccountEvent = keyof typeof ACCOUNT_EVENTS;

/** @throws HavreError "not-found", "forbidden", "conflict" (`detail.states`) */
export async function moveAccount(
  world: World,
  actor: Actor,
  asked: { readonly uuid: string; readonly event: AccountEvent; readonly comment?: string; readonly commentUrl?: string },
): Promise<void> {
  await world.store.transaction(async tx => {
    const account = await accountFor(tx, actor, asked.uuid);
    const { from, to } = ACCOUNT_EVENTS[asked.event];
    if (!(from as readonly AccountState[]).includes(account.state))
      throw new HavreError("conflict", `Valid states for operation: ${from.join(", ")}.`, { detail: { states: from } });
    await accounts(tx).update(account.id, { state: to, comment: asked.comment ?? "", comment_url: asked.commentUrl ?? "" });
    await noted(tx, actor, account, to);
  });
}

/** @throws HavreError "not-found", "forbidden" */
export async function restrictAccount(
  world: World,
  actor: Actor,
  { uuid, isRestricted }: { readonly uuid: string; readonly isRestricted: boolean },
): Promise<void> {
  await world.store.transaction(async tx => {
    const account = await accountFor(tx, actor, uuid);
    await accounts(tx).update(account.id, { is_restricted: isRestricted });
    await noted(tx, actor, account, isRestricted ? "restricted" : "unrestricted");
  });
}

/** Everybody in the study gets an account where its resources want one, and whoever left loses theirs. Done again, it changes nothing. */
export async function provideAccounts(world: World, study: number): Promise<void> {
  await world.store.transaction(async tx => {
    for (const wanted of await accounts(tx).missing(study)) {
      const offering = await offerings(tx).byId(wanted.offeringId as OfferingAccount["offeringId"]);
      if (!offering) continue;
      // Held, so that no two people get the same name.
      await offerings(tx).lock(offering.uuid);
      const username = await nameFor(tx, wanted);
      await accounts(tx).insert(wanted.offeringId, wanted.personId, username, username === "" ? "requested" : "ok");
      await record(tx, SYSTEM, {
        verb: "account.requested",
        kind: "offering",
        id: wanted.offeringId,
        data: { person: wanted.username },
      });
    }
    for (const { id, state } of await accounts(tx).spare(study))
      await accounts(tx).update(id, { state: state === "ok" ? "deletion-requested" : "deleted" });
  });
}

/** As the offering wants names to be made; "": the provider makes it. */
async function nameFor(tx: Tx, { offeringId, pluginOptions, username, firstName, lastName }: Wanted): Promise<string> {
  const policy = pluginOptions.username_generation_policy;
  const prefix = pluginOptions.username_anonymized_prefix;
  const base =
    policy === "waldur_username"
      ? plain(username)
      : policy === "full_name"
        ? plain(`${firstName}_${lastName}`)
        : policy === "anonymized"
          ? `${typeof prefix === "string" ? plain(prefix) : "user_"}${String((await accounts(tx).count(offeringId)) + 1).padStart(5, "0")}`
          : "";
  if (base === "") return "";
  for (let n = 1; n < 10_000; n++) {
    const name = n === 1 ? base : `${base}_${n}`;
    if (!(await accounts(tx).isTaken(offeringId, name))) return name;
  }
  return "";
}
const plain = (text: string): string =>
  text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, "_")
    .replace(/^_+|_+$/g, "");
