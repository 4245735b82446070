import { randomUUID } from "node:crypto";
import type { World } from "../core/world.ts";
import { asHavreError, chainOf } from "../kernel/errors.ts";
import { type Errand, errands, REPEATING } from "../store/errands.ts";
import type { ErrandKind, Outcome } from "./errand.ts";

/** A dead process' errand goes on after this long; a living one renews its lease every third of it. */
const LEASE_MS = 15_000;
const POLL_MS = 1_000;
/** Another process may have died just before its turn. */
const LONGEST_TURN_MS = 30_000;
/** First wait after an unexpected failure; doubles up to the longest, with full jitter. */
const BACKOFF_MS = 2_000;
const LONGEST_BACKOFF_MS = 10 * 60_000;

interface Running {
  readonly errand: Errand;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

/**
 * Takes errands from the queue and runs them, in any number of processes at once. Opened by start, closed by stop.
 * Life of an errand: waiting → leased (heartbeat) → done, or again later, or parked. A lease that runs out makes it waiting.
 */
export class ErrandRunner {
  readonly holder = randomUUID();
  readonly #world: World;
  readonly #kinds: ReadonlyMap<string, ErrandKind>;
  readonly #running = new Map<number, Running>();
  readonly #nextTurn = new Map<string, number>();
  #stopping = false;
  #stopListening: (() => void) | undefined;
  #poll: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #turn: Promise<void> | undefined;
  #again = false;

  constructor(world: World, kinds: readonly ErrandKind[]) {
    this.#world = world;
    this.#kinds = new Map(kinds.map(kind => [kind.kind, kind]));
  }

  async start(): Promise<void> {
    this.#stopListening = await this.#world.store.listen("havre_errand", () => this.wake());
    this.#poll = setInterval(() => this.wake(), POLL_MS);
    this.#heartbeat = setInterval(() => void this.#renew(), LEASE_MS / 3);
    this.wake();
  }

  /** Looks for due errands now. Cheap to call often: turns do not overlap. */
  wake(): void {
    if (this.#stopping) return;
    this.#again = true;
    this.#turn ??= this.#takeTurns().finally(() => {
      this.#turn = undefined;
    });
  }

  async #takeTurns(): Promise<void> {
    while (this.#again && !this.#stopping) {
      this.#again = false;
      try {
        await this.#repeatDue();
        await this.#claimDue();
      } catch (error) {
        this.#world.log.warn({ error: chainOf(error) }, "errands: the queue cannot be read, trying again");
      }
    }
  }

  /** Asks for a turn only when it may be due, so that an idle process hardly speaks to the database. */
  async #repeatDue(): Promise<void> {
    const queue = errands(this.#world.store.db);
    for (const { kind, everyMs } of this.#kinds.values()) {
      if (everyMs === undefined || (this.#nextTurn.get(kind) ?? 0) > Date.now()) continue;
      if (await queue.claimTurn(kind, everyMs)) await queue.add(kind, { key: REPEATING });
      this.#nextTurn.set(kind, Date.now() + Math.min(everyMs, LONGEST_TURN_MS));
    }
  }

  /** One question for all kinds with room; asked again while the answer is full. */
  async #claimDue(): Promise<void> {
    for (;;) {
      const free = this.#freeByKind();
      const limit = Math.min(...free.values());
      const claimed =
        free.size === 0 ? [] : await errands(this.#world.store.db).claim(this.holder, [...free.keys()], limit, LEASE_MS);
      for (const errand of claimed) {
        const kind = this.#kinds.get(errand.kind);
        if (kind) this.#begin(kind, errand);
      }
      if (claimed.length === 0) return;
    }
  }

  #freeByKind(): Map<string, number> {
    const free = new Map([...this.#kinds.values()].map(({ kind, atOnce }) => [kind, atOnce]));
    for (const { errand } of this.#running.values()) free.set(errand.kind, (free.get(errand.kind) ?? 0) - 1);
    for (const [kind, left] of free) if (left < 1) free.delete(kind);
    return free;
  }

  #begin(kind: ErrandKind, errand: Errand): void {
    const abort = new AbortController();
    const ended = this.#runOne(kind, errand, abort.signal).finally(() => {
      this.#running.delete(errand.id);
      this.wake();
    });
    this.#running.set(errand.id, { errand, abort, ended });
  }

  async #runOne(kind: ErrandKind, errand: Errand, signal: AbortSignal): Promise<void> {
    const queue = errands(this.#world.store.db);
    try {
      const outcome = await this.#outcome(kind, errand, signal);
      if (signal.aborted && outcome !== "done") await queue.putBack([errand.id], this.holder);
      else if (outcome === "done") await queue.finish(errand, this.holder);
      else if ("park" in outcome) await queue.park(errand.id, this.holder, outcome.park);
      else await queue.retryAt(errand.id, this.holder, outcome.againAt, "error" in outcome ? String(outcome.error) : "");
    } catch (error) {
      // The queue itself failed: the lease runs out and the errand comes back.
      this.#world.log.warn(
        { error: chainOf(error), errand: errand.id, kind: kind.kind },
        "errands: the outcome could not be noted",
      );
    }
  }

  async #outcome(
    kind: ErrandKind,
    errand: Errand,
    signal: AbortSignal,
  ): Promise<Outcome | { park: string } | { againAt: Date; error: string }> {
    try {
      return await kind.run(this.#world, errand, { signal });
    } catch (thrown) {
      const error = asHavreError(thrown);
      const facts = { error: chainOf(error), errand: errand.id, kind: kind.kind, attempts: errand.attempts };
      if (signal.aborted) return { againAt: new Date(), error: "stopped" };
      if (error.kind === "bug")
        this.#world.log.error(
          { ...facts, stack: error.cause instanceof Error ? error.cause.stack : error.stack },
          "errand failed",
        );
      else this.#world.log.warn(facts, "errand failed");
      // A bug may be a passing one (the database went away): tried like anything temporary, and parked with its reason at last.
      const passing = error.retry === "temporary" || error.kind === "bug";
      if (!passing || errand.attempts >= kind.tries) return { park: error.message };
      const wait = Math.min(LONGEST_BACKOFF_MS, BACKOFF_MS * 2 ** (errand.attempts - 1)) * (0.5 + Math.random() / 2);
      return { againAt: new Date(Date.now() + wait), error: error.message };
    }
  }

  /** Renews what runs; what was taken over by another holder is told to stop. */
  async #renew(): Promise<void> {
    const ids = [...this.#running.keys()];
    if (ids.length === 0) return;
    try {
      const held = await errands(this.#world.store.db).extend(this.holder, ids, LEASE_MS);
      for (const [id, { abort }] of this.#running) if (ids.includes(id) && !held.has(id)) abort.abort();
    } catch (error) {
      this.#world.log.warn({ error: chainOf(error) }, "errands: the lease could not be renewed");
    }
  }

  /** Stops taking errands, asks the running ones to stop, gives them `graceMs`, and puts back what did not end. */
  async stop(graceMs = 5_000): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#poll);
    this.#stopListening?.();
    await this.#turn;
    const left = [...this.#running.values()];
    for (const { abort } of left) abort.abort();
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      Promise.allSettled(left.map(({ ended }) => ended)),
      new Promise(resolve => (timer = setTimeout(resolve, graceMs))),
    ]);
    clearTimeout(timer);
    clearInterval(this.#heartbeat);
    await errands(this.#world.store.db).putBack([...this.#running.keys()], this.holder);
  }
}
