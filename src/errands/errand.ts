import type { World } from "../core/world.ts";
import type { Errand } from "../store/errands.ts";

/** One kind of background work. Runs at least once per request; so running it again must change nothing. */
export interface ErrandKind {
  readonly kind: string;
  /** How many of this kind one process runs at a time. */
  readonly atOnce: number;
  /** Tries before it is parked, when the handler does not decide itself. */
  readonly tries: number;
  /** Also run by itself this often, by one process of all. */
  readonly everyMs?: number;
  run(world: World, errand: Errand, hold: Hold): Promise<Outcome>;
}

/** What a running errand has. */
export interface Hold {
  /** Aborted when the process stops or the lease was lost: stop soon, the next holder goes on. */
  readonly signal: AbortSignal;
}

export type Outcome = "done" | { readonly againAt: Date };
