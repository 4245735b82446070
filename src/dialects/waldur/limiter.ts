import { HavreError } from "../../kernel/errors.ts";

/** What is left of somebody's calls. */
export interface Left {
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until another call is let in; 0 while some are left. */
  readonly waitSeconds: number;
}

interface Count {
  window: number;
  calls: number;
  before: number;
}

/** Subjects that are remembered; beyond that all are forgotten, which only lets somebody call a little more. */
const MOST = 100_000;

/**
 * Counts calls per subject in a window that moves: those of the window before count by the part of it that is still in sight. A class
 * because its counts live as long as the process.
 */
export class Limiter {
  readonly #counts = new Map<string, Count>();

  /** One call more. @param now milliseconds */
  count(subject: string, limit: number, windowMs: number, now: number): Left {
    const window = Math.floor(now / windowMs);
    if (this.#counts.size > MOST) this.#counts.clear();
    const known = this.#counts.get(subject) ?? { window, calls: 0, before: 0 };
    if (known.window < window) {
      known.before = known.window === window - 1 ? known.calls : 0;
      known.calls = 0;
      known.window = window;
    }
    const passed = (now % windowMs) / windowMs;
    const seen = known.calls + known.before * (1 - passed);
    this.#counts.set(subject, known);
    if (seen + 1 > limit) return { limit, remaining: 0, waitSeconds: Math.max(1, Math.ceil(((1 - passed) * windowMs) / 1000)) };
    known.calls++;
    return { limit, remaining: Math.max(0, Math.floor(limit - seen - 1)), waitSeconds: 0 };
  }
}

/** @throws HavreError "throttled" */
export function mustBeLeft({ waitSeconds }: Left): void {
  if (waitSeconds > 0) throw new HavreError("throttled", "Too many calls.", { retryAfterSeconds: waitSeconds });
}
