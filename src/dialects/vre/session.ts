import {
  closeOtherSessions,
  closeSession,
  currentSession,
  listSessions,
  type OpenSession,
  openSession,
} from "../../core/people/index.ts";
import type { SessionFacts } from "../../core/people/model.ts";
import { noContent, nothing, type Route, route, type Schema, SpecialReply, type Wire } from "../../http/route.ts";
import { assertSameOrigin, clearCookie, sessionHashOf, sessionIdOf, setCookie } from "../../http/sign-in/session.ts";
import { readBody, schemaOf, text } from "./fields.ts";
import { BOOLEAN, INTEGER, list, object, STAMP, STRING } from "./schemas.ts";
import { stamp } from "./wire.ts";

/** The portal's sign-in. */
const CREDENTIALS = { username: text(), password: text({ keepBlanks: true }) };
const path = "/api/auth/session/";
const tag = "session";

const reply: Schema = object({
  user: object({
    id: INTEGER,
    username: STRING,
    email: STRING,
    first_name: STRING,
    last_name: STRING,
    is_staff: BOOLEAN,
    is_superuser: BOOLEAN,
  }),
  csrf_token: { ...STRING, description: "Goes into `X-CSRFToken` of every change." },
});

function sessionReply({ id, csrfToken, person }: OpenSession, wire: Wire): SpecialReply {
  const user = {
    id: person.id,
    username: person.username,
    email: person.email,
    first_name: person.firstName,
    last_name: person.lastName,
    is_staff: person.isStaff,
    is_superuser: person.isSuperuser,
  };
  return new SpecialReply(200, { user, csrf_token: csrfToken }, setCookie(id, wire));
}

const sessionSchema = object({
  current: { ...BOOLEAN, description: "The one that asks." },
  ip: STRING,
  user_agent: STRING,
  created_at: STAMP,
  expires_at: STAMP,
});
const sessionShape = (session: SessionFacts, wire: Wire) => ({
  current: session.idHash === sessionHashOf(wire),
  ip: session.ip,
  user_agent: session.userAgent,
  created_at: stamp(session.createdAt, wire.settings.timeZone),
  expires_at: stamp(session.expiresAt, wire.settings.timeZone),
});

/** A sign-in that another site started would put the visitor into a stranger's account. */
function signInOf(wire: Wire) {
  assertSameOrigin(wire);
  const replaces = sessionIdOf(wire);
  return { ...readBody(CREDENTIALS, wire.body), ip: wire.ip, userAgent: wire.headers["user-agent"] ?? "", replaces };
}

export const sessionRoutes: readonly Route[] = [
  route({
    method: "POST",
    path,
    auth: "none",
    tag,
    summary: "Sign in with a browser",
    body: schemaOf(CREDENTIALS),
    reply,
    in: signInOf,
    do: openSession,
    out: sessionReply,
  }),
  route({
    method: "GET",
    path,
    auth: "none",
    tag,
    summary: "Who is signed in with this browser",
    reply,
    in: sessionIdOf,
    do: currentSession,
    // The cookie is given anew, so that it lasts as long as the session does.
    out: sessionReply,
  }),
  route({
    method: "DELETE",
    path,
    auth: "any",
    tag,
    summary: "Sign out with this browser",
    status: 204,
    in: sessionIdOf,
    do: closeSession,
    out: (_result, wire) => noContent(clearCookie(wire)),
  }),
  route({
    method: "GET",
    path: "/api/auth/sessions/",
    auth: "user",
    tag,
    summary: "The browsers one is signed in with, newest first",
    reply: list(sessionSchema),
    in: nothing,
    do: listSessions,
    out: (sessions, wire) => sessions.map(session => sessionShape(session, wire)),
  }),
  route({
    method: "DELETE",
    path: "/api/auth/sessions/",
    auth: "user",
    tag,
    summary: "Sign out with every other browser",
    status: 204,
    in: sessionHashOf,
    do: closeOtherSessions,
    out: () => noContent(),
  }),
];
