import { type AppPassword, listAppPasswords, makeAppPassword, removeAppPassword } from "../../core/people/index.ts";
import { noContent, nothing, type Route, route, type Wire } from "../../http/route.ts";
import { readBody, schemaOf, text } from "./fields.ts";
import { INTEGER, list, object, orNull, STAMP, STRING } from "./schemas.ts";
import { idParam, stamp, stampOrNull } from "./wire.ts";

/** Passwords for programs that mount studies as drives, one for each. */

const MAKE = { name: text({ max: 100 }), current_password: text({ keepBlanks: true }) };
const shared = { auth: "user", tag: "tokens" } as const;

const schema = { id: INTEGER, name: STRING, created_at: STAMP, last_used_at: orNull(STAMP) };
const shape = ({ id, name, createdAt, lastUsedAt }: AppPassword, { settings: { timeZone } }: Wire) => ({
  id,
  name,
  created_at: stamp(createdAt, timeZone),
  last_used_at: stampOrNull(lastUsedAt, timeZone),
});

export const appPasswordRoutes: readonly Route[] = [
  route({
    ...shared,
    method: "GET",
    path: "/api/auth/app-passwords/",
    summary: "One's own app passwords, newest first, without their secrets",
    reply: list(object(schema)),
    in: nothing,
    do: listAppPasswords,
    out: (all, wire) => all.map(one => shape(one, wire)),
  }),
  route({
    ...shared,
    method: "POST",
    path: "/api/auth/app-passwords/",
    summary: "A new app password for one program, shown this once",
    body: schemaOf(MAKE),
    status: 201,
    reply: object({ ...schema, password: STRING }),
    in: wire => {
      const { name, current_password: currentPassword } = readBody(MAKE, wire.body);
      return { name, currentPassword };
    },
    do: makeAppPassword,
    out: (made, wire) => ({ ...shape(made, wire), password: made.secret }),
  }),
  route({
    ...shared,
    method: "DELETE",
    path: "/api/auth/app-passwords/:id/",
    summary: "Take an app password back",
    status: 204,
    in: wire => idParam(wire),
    do: removeAppPassword,
    out: () => noContent(),
  }),
];
