import { SECOND } from "../../kernel/clock.ts";
import { HavreError, notFound } from "../../kernel/errors.ts";
import { newSecretId } from "../../kernel/ids.ts";
import { uploads } from "../../store/uploads.ts";
import type { Needs } from "../world.ts";
import type { Upload } from "./model.ts";

/** Only one request at a time may touch an upload's bytes, whichever process it runs in. */
export const LEASE_MS = 6 * SECOND;
const BEAT_MS = 2 * SECOND;
/** Longer than a lease: a dead process' hold lapses while the next request waits. */
const PATIENCE_MS = 9 * SECOND;
const POLL_MS = 60;
const CHANNEL = "havre_upload";

type World = Needs<"store" | "log">;

export interface Hold {
  readonly upload: Upload;
  /** False once the lease may have lapsed unnoticed, as after a long standstill: then nothing may be written any more. */
  readonly isOurs: boolean;
  /** Lets go. `expiresAt` when bytes came. */
  release(expiresAt?: Date): Promise<void>;
  /** Stops caring, without letting go: the sweeper looks at the upload when the lease has lapsed. */
  abandon(): void;
}

/**
 * The holds of this process. A newer request wins: it asks the older to yield, in this process at once and in others by NOTIFY;
 * the older stops reading, syncs and lets go. So a client that comes back is not kept waiting by its own half-dead connection,
 * and what a dead process held is free when the lease has lapsed.
 */
export class Holds {
  readonly #world: World;
  readonly #mine = new Map<string, Mine>();
  #beat: NodeJS.Timeout | undefined;
  #listening: Promise<unknown> | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /**
   * @param onYield another request wants it: stop and release soon
   * @throws "not-found", "locked" when the holder does not let go in time
   */
  async take(id: string, onYield: () => void): Promise<Hold> {
    // Refused, as by a database that is down, it is asked again by the next: a failure that stays would outlive the outage.
    this.#listening ??= this.#world.store
      .listen(CHANNEL, wanted => this.#mine.get(wanted)?.yield())
      .catch(() => {
        this.#listening = undefined;
      });
    await this.#listening;
    const deadline = performance.now() + PATIENCE_MS;
    const by = newSecretId();
    for (let tries = 0; ; tries++) {
      const own = this.#mine.get(id);
      if (own) {
        own.yield();
        await before(deadline, own.released);
      } else {
        const asked = performance.now();
        const upload = await uploads(this.#world.store.db).hold(id, by, LEASE_MS);
        if (upload) return this.#keep(upload, by, asked, onYield);
        if (!(await uploads(this.#world.store.db).byId(id))) throw notFound("Unknown upload.");
        if (tries % 16 === 0) await this.#world.store.notify(CHANNEL, id);
        await new Promise(resolve => setTimeout(resolve, POLL_MS));
      }
      if (performance.now() > deadline) throw new HavreError("locked", "Another request is still busy with this upload.");
    }
  }

  #keep(upload: Upload, by: string, asked: number, onYield: () => void): Hold {
    const mine = new Mine(this.#world, upload, by, asked, onYield, () => this.#forget(mine));
    this.#mine.set(upload.id, mine);
    this.#beat ??= setInterval(() => void this.#extend(), BEAT_MS).unref();
    return mine;
  }

  #forget(mine: Mine): void {
    if (this.#mine.get(mine.upload.id) === mine) this.#mine.delete(mine.upload.id);
    if (this.#mine.size > 0) return;
    clearInterval(this.#beat);
    this.#beat = undefined;
  }

  async #extend(): Promise<void> {
    const held = [...this.#mine.values()];
    const asked = performance.now();
    try {
      const kept = await uploads(this.#world.store.db).extend(
        held.map(mine => mine.by),
        LEASE_MS,
      );
      for (const mine of held) mine.beat(kept.has(mine.by), asked);
    } catch (error) {
      this.#world.log.warn({ error: String(error) }, "upload holds could not be kept");
      for (const mine of held) if (!mine.isOurs) mine.yield();
    }
  }

  /** Asks everything to stop and waits until it has let go. */
  async close(): Promise<void> {
    const held = [...this.#mine.values()];
    for (const mine of held) mine.yield();
    await before(performance.now() + PATIENCE_MS, Promise.all(held.map(mine => mine.released)));
    clearInterval(this.#beat);
  }
}

class Mine implements Hold {
  readonly upload: Upload;
  readonly by: string;
  readonly released: Promise<void>;
  readonly #world: World;
  readonly #onYield: () => void;
  readonly #onEnd: () => void;
  #ended: () => void = () => {};
  #until: number;
  #asked = false;

  constructor(world: World, upload: Upload, by: string, asked: number, onYield: () => void, onEnd: () => void) {
    this.#world = world;
    this.upload = upload;
    this.by = by;
    this.#until = asked + LEASE_MS;
    this.#onYield = onYield;
    this.#onEnd = onEnd;
    this.released = new Promise(resolve => {
      this.#ended = resolve;
    });
  }

  get isOurs(): boolean {
    return performance.now() < this.#until;
  }

  beat(kept: boolean, asked: number): void {
    if (kept) this.#until = asked + LEASE_MS;
    else {
      this.#until = 0;
      this.yield();
    }
  }

  yield(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#onYield();
  }

  async release(expiresAt?: Date): Promise<void> {
    try {
      await uploads(this.#world.store.db).release(this.upload.id, this.by, expiresAt);
    } finally {
      this.abandon();
    }
  }

  abandon(): void {
    this.#onEnd();
    this.#ended();
  }
}

/** Waits for it, but not beyond the deadline. */
async function before(deadline: number, awaited: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, Math.max(0, deadline - performance.now()));
  });
  await Promise.race([awaited, late]);
  clearTimeout(timer);
}
