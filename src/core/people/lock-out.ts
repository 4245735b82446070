import { isIPv6 } from "node:net";
import { MINUTE, SECOND } from "../../kernel/clock.ts";
import { HavreError } from "../../kernel/errors.ts";
import { attempts } from "../../store/attempts.ts";
import type { Needs } from "../world.ts";
import { MAX_USERNAME } from "./rules.ts";

/** From the `failures`-th failure on, each one locks its subject: first for `firstLockMs`, then twice as long each time. */
export interface LockPolicy {
  readonly failures: number;
  readonly firstLockMs: number;
  readonly longestLockMs: number;
}

export const ACCOUNT_POLICY: LockPolicy = { failures: 5, firstLockMs: 30 * SECOND, longestLockMs: 15 * MINUTE };
/** Many people may share one address, hence more room. */
export const ADDRESS_POLICY: LockPolicy = { failures: 20, firstLockMs: 30 * SECOND, longestLockMs: 15 * MINUTE };

type World = Needs<"store" | "clock">;

/** A name nobody has is locked like any other, so that a lock says nothing about who exists. */
export const accountSubject = (username: string): string => `account:${username.slice(0, MAX_USERNAME)}`;
export const addressSubject = (ip: string): string => `address:${network(ip)}`;

/** One customer gets a whole /64 of IPv6: it counts as one address. */
function network(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const [head = "", tail] = ip.toLowerCase().split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail ? tail.split(":") : [];
  const gap = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => "0");
  return `${[...left, ...gap, ...right].slice(0, 4).join(":")}::/64`;
}

/** @throws HavreError "throttled" while any of the subjects is locked */
export async function assertNotLocked(world: World, subjects: readonly string[]): Promise<void> {
  const now = world.clock.now();
  const until = await attempts(world.store.db).lockedUntil(subjects, now);
  if (until) throw tooOften(now, until);
}

/** Counts a failure against each subject, at once: it stands although the request that failed is undone. */
export async function noteFailure(world: World, subjects: readonly string[], policy: LockPolicy): Promise<void> {
  const forgetAfterMs = 4 * policy.longestLockMs;
  for (const subject of subjects) await attempts(world.store.db).note(subject, world.clock.now(), { ...policy, forgetAfterMs });
}

export async function clearFailures(world: Pick<World, "store">, subjects: readonly string[]): Promise<void> {
  await attempts(world.store.db).clear(subjects);
}

/** At most `calls` per window and subject, good ones included. @throws HavreError "throttled" */
export async function assertRate(world: World, subject: string, calls: number, windowMs = MINUTE): Promise<void> {
  const now = world.clock.now();
  const counted = await attempts(world.store.db).count(`rate:${subject}`, now, windowMs);
  if (counted.calls > calls) throw tooOften(now, counted.endsAt);
}

const tooOften = (now: Date, until: Date): HavreError =>
  new HavreError("throttled", "Too many attempts. Wait a while and try again.", {
    retryAfterSeconds: Math.max(1, Math.ceil((until.getTime() - now.getTime()) / SECOND)),
  });
