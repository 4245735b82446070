import { DAY, later } from "../../kernel/clock.ts";
import { HavreError } from "../../kernel/errors.ts";
import { newSecretId } from "../../kernel/ids.ts";
import { sha256Hex } from "../../kernel/secrets.ts";
import { sessions } from "../../store/sessions.ts";
import { record } from "../events/index.ts";
import type { Needs } from "../world.ts";
import { type Actor, actorOf, type Person, type Session, type SessionFacts } from "./model.ts";
import { selfOf } from "./rules.ts";
import { type Credentials, signInByPassword } from "./sign-in.ts";

export const SESSION_MS = 14 * DAY;

/** A session as its browser knows it. */
export interface OpenSession {
  /** The secret in the cookie; the database has only its hash. */
  readonly id: string;
  readonly csrfToken: string;
  readonly person: Person;
}

export interface SessionRequest extends Credentials {
  readonly userAgent: string;
  /** The session this browser had so far; it ends. */
  readonly replaces: string | undefined;
}

/** Always a new id, so that nobody can plant one beforehand. @throws as {@link signInByPassword} */
export async function openSession(world: Needs<"store" | "clock">, _actor: Actor, request: SessionRequest): Promise<OpenSession> {
  const person = await signInByPassword(world, request);
  const [id, csrfToken, now] = [newSecretId(), newSecretId(), world.clock.now()];
  await world.store.transaction(async tx => {
    if (request.replaces) await sessions(tx).remove(sha256Hex(request.replaces));
    await sessions(tx).add(
      {
        idHash: sha256Hex(id),
        csrfToken,
        expiresAt: later(now, SESSION_MS),
        person: person.id,
        ip: request.ip,
        userAgent: request.userAgent.slice(0, 300),
      },
      now,
    );
  });
  return { id, csrfToken, person };
}

/** The running session with this id, of an active person. Use carries its end forward. */
export async function findSession(
  world: Needs<"store" | "clock">,
  id: string,
): Promise<{ session: Session; person: Person } | undefined> {
  const now = world.clock.now();
  const hash = sha256Hex(id);
  const found = await world.store.recently(`session:${hash}`, () => sessions(world.store.db).byHash(hash, now));
  if (!found?.person.isActive || found.session.expiresAt <= now) return undefined;
  // Written once a day, not with every request.
  if (found.session.expiresAt < later(now, SESSION_MS - DAY))
    await world.store.transaction(tx => sessions(tx).extend(hash, later(now, SESSION_MS)));
  return found;
}

/** The session of this browser. @throws HavreError "unauthenticated" when there is none */
export async function currentSession(
  world: Needs<"store" | "clock">,
  _actor: Actor,
  id: string | undefined,
): Promise<OpenSession> {
  const found = id === undefined ? undefined : await findSession(world, id);
  if (id === undefined || !found) throw new HavreError("unauthenticated", "Authentication credentials were not provided.");
  return { id, csrfToken: found.session.csrfToken, person: found.person };
}

/** Ends a session; one that is gone is ended. */
export async function closeSession(world: Needs<"store" | "clock">, _actor: Actor, id: string | undefined): Promise<void> {
  const found = id === undefined ? undefined : await findSession(world, id);
  if (!found) return;
  await world.store.transaction(async tx => {
    await sessions(tx).remove(found.session.idHash);
    await record(tx, actorOf(found.person), { verb: "person.signed-out", kind: "person", id: found.person.id });
  });
}

/** One's own sessions, newest first. */
export async function listSessions(world: Needs<"store" | "clock">, actor: Actor): Promise<readonly SessionFacts[]> {
  return sessions(world.store.db).ofPerson(selfOf(actor), world.clock.now());
}

/** Signs out everywhere else. @param keep hash of the session that asks; undefined for a caller without one */
export async function closeOtherSessions(world: Needs<"store">, actor: Actor, keep: string | undefined): Promise<void> {
  const id = selfOf(actor);
  await world.store.transaction(async tx => {
    const ended = await sessions(tx).removeOf(id, keep);
    if (ended > 0) await record(tx, actor, { verb: "person.signed-out", kind: "person", id, data: { sessions: ended } });
  });
}
