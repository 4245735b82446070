import { HavreError, invalid } from "../../kernel/errors.ts";
import { type Account, type AccountName, type EndedHold, ledger, type NewPosting, type Transfer } from "../../store/ledger.ts";
import type { Tx } from "../../store/store.ts";
import { type Actor, actorName } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { type Amounts, type Holder, type Purpose, UNITS, type Unit } from "./model.ts";
import { askedFor, digestOf, entriesOf, hasPrices, mustBeWhole, priceOf, settlement } from "./rules.ts";

/**
 * The verbs of the ledger, each on the caller's transaction, so that a hold and the task that needs it live or die together. Each
 * is known by its key: done twice, it changes nothing the second time. docs/ledger.md has the books in words.
 */

type Clock = Needs<"clock">;

export interface Grant {
  readonly key: string;
  readonly to: Holder;
  readonly amounts: Amounts;
  /** Whose grant it is; the receiver's own books when absent. */
  readonly from?: Holder | undefined;
  readonly subject?: string | undefined;
}

/**
 * Puts something into a budget. The first grant of a unit makes it the limit.
 * @returns false when this key was granted before
 * @throws HavreError "invalid", "conflict" when the key stands for another act
 */
export async function grant(
  tx: Tx,
  world: Clock,
  actor: Actor,
  { key, to, amounts, from = to, subject }: Grant,
): Promise<boolean> {
  mustBeWhole(amounts);
  const at = world.clock.now();
  const posting = await begin(
    tx,
    { key, verb: "grant", at, actor: actorName(actor), subject, ...about(to) },
    digestOf(to, amounts, from),
  );
  if (posting === undefined) return false;
  const entries = entriesOf(amounts);
  const accounts = await open(tx, [...names(from, ["outside"], entries), ...names(to, ["outside", "available"], entries)]);
  const transfers = entries.flatMap(([unit, amount]): Transfer[] => {
    const [outside, available] = [accounts(to, "outside", unit), accounts(to, "available", unit)];
    return [...leftovers(outside, available), { from: accounts(from, "outside", unit), to: available, amount }];
  });
  await ledger(tx).move(posting, at, transfers);
  for (const [unit, amount] of entries) await ledger(tx).setLimit(accounts(to, "available", unit).id, true, amount);
  return true;
}

/** What came back while there was no limit is no part of a new one. */
function leftovers(outside: Account, available: Account): Transfer[] {
  if (available.limited || available.balance === 0) return [];
  const amount = Math.abs(available.balance);
  return [available.balance > 0 ? { from: available, to: outside, amount } : { from: outside, to: available, amount }];
}

/**
 * Takes back what is left of a grant: never more than is still available, as what was used is used.
 * @returns what was really taken back; nothing when this key was revoked before
 */
export async function revoke(
  tx: Tx,
  world: Clock,
  actor: Actor,
  { key, to: holder, amounts, from = holder, subject }: Grant,
): Promise<Amounts> {
  mustBeWhole(amounts);
  const at = world.clock.now();
  const posting = await begin(
    tx,
    { key, verb: "revoke", at, actor: actorName(actor), subject, ...about(holder) },
    digestOf(holder, amounts, from),
  );
  if (posting === undefined) return {};
  const entries = entriesOf(amounts);
  const accounts = await open(tx, [...names(from, ["outside"], entries), ...names(holder, ["available"], entries)]);
  const taken = entries.map(
    ([unit, amount]) => [unit, Math.max(0, Math.min(amount, accounts(holder, "available", unit).balance))] as const,
  );
  const some = taken.filter(([, amount]) => amount > 0);
  await ledger(tx).move(
    posting,
    at,
    some.map(([unit, amount]) => ({ from: accounts(holder, "available", unit), to: accounts(from, "outside", unit), amount })),
  );
  for (const [unit, amount] of some) await ledger(tx).setLimit(accounts(holder, "available", unit).id, true, -amount);
  return Object.fromEntries(some);
}

export interface Limit {
  readonly key: string;
  readonly holder: Holder;
  readonly unit: Unit;
  /** What may still be taken from now on; undefined: no limit any more. */
  readonly left: number | undefined;
}

/** Sets a limit outright, whatever was granted before: for quotas that a person types in. */
export async function setLimit(tx: Tx, world: Clock, actor: Actor, { key, holder, unit, left }: Limit): Promise<void> {
  if (left !== undefined) mustBeWhole({ [unit]: left });
  const at = world.clock.now();
  const posting = await begin(
    tx,
    { key, verb: "limit", at, actor: actorName(actor), ...about(holder) },
    digestOf(holder, unit, left),
  );
  if (posting === undefined) return;
  const accounts = await open(tx, names(holder, ["outside", "available"], [[unit, 0]]));
  const [outside, available] = [accounts(holder, "outside", unit), accounts(holder, "available", unit)];
  const change = (left ?? 0) - available.balance;
  if (change > 0) await ledger(tx).move(posting, at, [{ from: outside, to: available, amount: change }]);
  if (change < 0) await ledger(tx).move(posting, at, [{ from: available, to: outside, amount: -change }]);
  if (left === undefined) await ledger(tx).setLimit(available.id, false, -available.granted);
  else await ledger(tx).resetGranted(available.id, left);
}

export interface Hold {
  /** Unlike any other: "task:17", "job:<uuid>". */
  readonly key: string;
  /** Absent: only the person's own limits count. */
  readonly study?: number | undefined;
  /** Who spends; their own limits count as well. */
  readonly person?: number | undefined;
  /** The most that it may use. Money may be left out: it is worked out from the prices of work. */
  readonly amounts: Amounts;
  /** For people: "task 17". */
  readonly subject?: string | undefined;
}

/**
 * Sets aside what work may use, before it starts. Settle or release it exactly once; both may be repeated.
 * @returns what was set aside, money included; the same again for a key that is held already
 * @throws HavreError "quota-exceeded" (retry never; `detail`: holder, unit, asked, left), "invalid", "conflict" (the key's hold has ended)
 */
export async function hold(tx: Tx, world: Needs<"clock" | "settings">, request: Hold): Promise<Amounts> {
  const amounts = priced(world, request.amounts);
  mustBeWhole(amounts);
  const { key, study, person, subject } = request;
  const at = world.clock.now();
  const entries = entriesOf(amounts);
  const holders = holdersOf(study, person);
  const { posting, limits } = await ledger(tx).postHold(
    {
      key: `hold:${key}`,
      verb: "hold",
      at,
      actor: person === undefined ? "system" : `person:${person}`,
      study,
      person,
      subject,
      digest: digestOf(study, person, amounts),
    },
    holders,
    entries.map(([unit]) => unit),
  );
  if (posting === undefined) {
    await mustBeTheSame(tx, `hold:${key}`, "hold", digestOf(study, person, amounts));
    if (await ledger(tx).posting(`end:${key}`))
      throw new HavreError("conflict", "What was held under this key has ended.", { detail: { key } });
    return amounts;
  }
  // Whoever pays must have been granted something: the study, or without one the person.
  const payer = holders[0];
  const refuses = world.settings.ledgerWithoutGrant === "refuse" && payer !== undefined && !(await ledger(tx).isLimited(payer));
  const transfers: Transfer[] = [];
  for (const holder of holders)
    for (const [unit, amount] of entries) {
      const available = limits.find(limit => limit.unit === unit && sameHolder(limit.holder, holder));
      const left = available?.balance ?? (refuses && holder === payer ? 0 : undefined);
      // Where nothing limits it nothing is set aside: its end takes what was used from outside.
      if (left === undefined) continue;
      if (left < amount) throw exceeded(holder, unit, amount, left);
      transfers.push({ from: { holder, unit, purpose: "available" }, to: { holder, unit, purpose: "held" }, amount });
    }
  await ledger(tx).move(posting, at, transfers);
  return amounts;
}

const holdersOf = (study: number | undefined, person: number | undefined): Holder[] => [
  ...(study === undefined ? [] : [{ kind: "study", id: study } as const]),
  ...(person === undefined ? [] : [{ kind: "person", id: person } as const]),
];
const sameHolder = (a: Holder, b: Holder): boolean => a.kind === b.kind && a.id === b.id;

/** A price that is not zero belongs to every hold and every end of one. */
const priced = ({ settings }: Needs<"settings">, amounts: Amounts): Amounts =>
  amounts.money !== undefined || !hasPrices(settings.workPrices)
    ? amounts
    : { ...amounts, money: priceOf(settings.workPrices, amounts) };

const exceeded = (holder: Holder, unit: Unit, asked: number, available: number): HavreError => {
  const left = Math.max(0, available);
  return new HavreError(
    "quota-exceeded",
    `This needs ${asked} ${unit}, and ${left} of ${holder.kind === "study" ? "the study's" : "your own"} budget is left.`,
    {
      detail: { holder: holder.kind, unit, asked, left },
      retry: "never",
    },
  );
};

/**
 * The work has ended: what it used is spent, the rest is available again. What it used beyond its hold is taken too, as it is used
 * already, and may bring a budget below zero: the next hold is then refused.
 * @returns false when the hold ended before, or was never there
 */
export const settle = (tx: Tx, world: Needs<"clock" | "settings">, key: string, actual: Amounts): Promise<boolean> =>
  endHolds(tx, world, [{ key, actual }]);

/** The work never ran: all of it is available again. @returns as {@link settle} */
export const release = (tx: Tx, world: Needs<"clock" | "settings">, key: string): Promise<boolean> =>
  endHolds(tx, world, [{ key, actual: undefined }]);

/**
 * Settles what ran and releases what did not (`actual` undefined), in as many statements as for one.
 * @returns whether any of them was held still
 */
export async function endHolds(
  tx: Tx,
  world: Needs<"clock" | "settings">,
  ends: readonly { readonly key: string; readonly actual: Amounts | undefined }[],
): Promise<boolean> {
  const used = new Map(ends.map(({ key, actual }) => [key, actual && priced(world, actual)]));
  for (const amounts of used.values()) mustBeWhole(amounts ?? {});
  const at = world.clock.now();
  const verbs = [...used].map(([key, amounts]) => ({ key, verb: amounts ? ("settle" as const) : ("release" as const) }));
  const ended = await ledger(tx).postEnds(verbs, at);
  await ledger(tx).moveAll(
    at,
    ended.flatMap(held => transfersOf(held, used.get(held.key) ?? {}).map(transfer => ({ ...transfer, posting: held.posting }))),
  );
  return ended.length > 0;
}

function transfersOf(held: EndedHold, used: Amounts): Transfer[] {
  const asked = askedFor(held.digest);
  const units = UNITS.filter(unit => asked[unit] || used[unit]);
  return holdersOf(held.study, held.person).flatMap(holder =>
    units.flatMap((unit): Transfer[] => {
      const isThis = (name: AccountName): boolean => name.unit === unit && sameHolder(name.holder, holder);
      const account = (purpose: Purpose): AccountName => ({ holder, unit, purpose });
      const part = held.parts.find(isThis);
      // A unit that nothing was asked of: where a limit stands by now, it counts against it.
      const limited = part ? part.purpose === "available" : !asked[unit] && held.limits.some(isThis);
      const source = account(limited ? "available" : "outside");
      const parted = settlement(part?.amount ?? 0, used[unit] ?? 0);
      return [
        ...(part ? [{ from: account("held"), to: account("spent"), amount: parted.spent }] : []),
        // Also of nothing: it locks what may be taken before what is held, as a hold does.
        ...(part ? [{ from: account("held"), to: source, amount: parted.back }] : []),
        ...(parted.beyond > 0 ? [{ from: source, to: account("spent"), amount: parted.beyond }] : []),
      ];
    }),
  );
}

export interface Adjustment {
  readonly key: string;
  readonly holder: Holder;
  readonly unit: Unit;
  /** More available when positive, less when negative. */
  readonly amount: number;
  readonly reason: string;
  /** User names of who asks and of who agrees: two different people. */
  readonly by: string;
  readonly approvedBy: string;
}

/** Corrects a budget by hand. @throws HavreError "invalid" without a reason, or with one name instead of two */
export async function adjust(
  tx: Tx,
  world: Clock,
  { key, holder, unit, amount, reason, by, approvedBy }: Adjustment,
): Promise<boolean> {
  mustBeWhole({ [unit]: Math.abs(amount) });
  if (reason.trim() === "") throw invalid({ reason: ["This field may not be blank."] });
  if (by.trim() === "" || approvedBy.trim() === "" || by === approvedBy)
    throw invalid({ approved_by: ["An adjustment needs a second person."] });
  const at = world.clock.now();
  const posting = await begin(
    tx,
    { key, verb: "adjust", at, actor: by, reason, approvedBy, ...about(holder) },
    digestOf(holder, unit, amount),
  );
  if (posting === undefined) return false;
  if (amount === 0) return true;
  const accounts = await open(tx, names(holder, ["outside", "available"], [[unit, 0]]));
  const [outside, available] = [accounts(holder, "outside", unit), accounts(holder, "available", unit)];
  await ledger(tx).move(posting, at, [
    amount > 0 ? { from: outside, to: available, amount } : { from: available, to: outside, amount: -amount },
  ]);
  await ledger(tx).setLimit(available.id, true, amount);
  return true;
}

/** One line of an invoice: the customer owes it, the provider has earned it. A negative amount goes the other way. */
export async function charge(
  tx: Tx,
  world: Clock,
  {
    key,
    customer,
    provider,
    cents,
    subject,
  }: { key: string; customer: number; provider: number; cents: number; subject: string },
): Promise<boolean> {
  const at = world.clock.now();
  const posting = await begin(tx, { key, verb: "charge", at, actor: "system", subject }, digestOf(customer, provider, cents));
  if (posting === undefined) return false;
  if (cents === 0) return true;
  const [owing, earning] = [{ kind: "organisation", id: customer } as const, { kind: "organisation", id: provider } as const];
  const accounts = await open(tx, [
    { holder: owing, purpose: "owed", unit: "money" },
    { holder: earning, purpose: "earned", unit: "money" },
  ]);
  const [owed, earned] = [accounts(owing, "owed", "money"), accounts(earning, "earned", "money")];
  await ledger(tx).move(posting, at, [
    cents > 0 ? { from: owed, to: earned, amount: cents } : { from: earned, to: owed, amount: -cents },
  ]);
  return true;
}

/** @returns undefined when this act was done before. @throws HavreError "conflict" when the key stands for another one */
async function begin(tx: Tx, posting: NewPosting, digest: string): Promise<number | undefined> {
  const id = await ledger(tx).post({ ...posting, digest });
  if (id !== undefined) return id;
  await mustBeTheSame(tx, posting.key, posting.verb, digest);
  return undefined;
}

async function mustBeTheSame(tx: Tx, key: string, verb: NewPosting["verb"], digest: string): Promise<void> {
  const before = await ledger(tx).posting(key);
  if (before?.verb !== verb || before.digest !== digest)
    throw new HavreError("conflict", "This key stands for another act in the ledger.", { detail: { key } });
}

const about = ({ kind, id }: Holder): { study?: number; person?: number } =>
  kind === "study" ? { study: id } : kind === "person" ? { person: id } : {};

const names = (holder: Holder, purposes: readonly Purpose[], entries: readonly (readonly [Unit, number])[]): AccountName[] =>
  entries.flatMap(([unit]) => purposes.map(purpose => ({ holder, purpose, unit })));

type Accounts = (holder: Holder, purpose: Purpose, unit: Unit) => Account;

/** Locks them all at once, and then finds each by its name. */
async function open(tx: Tx, wanted: readonly AccountName[]): Promise<Accounts> {
  const nameOf = (holder: Holder, purpose: Purpose, unit: Unit): string => `${holder.kind}:${holder.id}:${unit}:${purpose}`;
  const unique = new Map(wanted.map(name => [nameOf(name.holder, name.purpose, name.unit), name]));
  const held = unique.size === 0 ? [] : await ledger(tx).lock([...unique.values()]);
  const found = new Map(held.map(account => [nameOf(account.holder, account.purpose, account.unit), account]));
  return (holder, purpose, unit) => {
    const account = found.get(nameOf(holder, purpose, unit));
    if (!account) throw new HavreError("bug", "An account of the ledger was not opened.");
    return account;
  };
}
