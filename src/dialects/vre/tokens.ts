import { hawkPairByPassword } from "../../core/people/index.ts";
import { type Route, route, type Wire } from "../../http/route.ts";
import { createJwt, refreshJwt, verifyJwt } from "../../http/sign-in/jwt.ts";
import { readBody, schemaOf, text } from "./fields.ts";
import { object, STRING } from "./schemas.ts";

/** Getting tokens (contract §4.1). */
const CREDENTIALS = { username: text(), password: text({ keepBlanks: true }) };
const REFRESH = { refresh: text() };
const TOKEN = { token: text() };

const credentials = (wire: Wire) => ({ ...readBody(CREDENTIALS, wire.body), ip: wire.ip });
const tag = "tokens";

export const tokenRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/api/auth/hawk/create/",
    auth: "none",
    tag,
    summary: "The Hawk token of an account",
    body: schemaOf(CREDENTIALS),
    reply: object({ key: STRING, secret: STRING }),
    in: credentials,
    do: hawkPairByPassword,
    out: ({ key, secret }) => ({ key, secret }),
  }),
  route({
    method: "POST",
    path: "/api/auth/jwt/create/",
    auth: "none",
    tag,
    summary: "A pair of JSON Web Tokens",
    body: schemaOf(CREDENTIALS),
    reply: object({ refresh: STRING, access: STRING }),
    in: credentials,
    do: createJwt,
    out: ({ refresh, access }) => ({ refresh, access }),
  }),
  route({
    method: "POST",
    path: "/api/auth/jwt/refresh/",
    auth: "none",
    tag,
    summary: "The next access token",
    body: schemaOf(REFRESH),
    reply: object({ access: STRING }),
    in: wire => readBody(REFRESH, wire.body),
    do: refreshJwt,
    out: ({ access }) => ({ access }),
  }),
  route({
    method: "POST",
    path: "/api/auth/jwt/verify/",
    auth: "none",
    tag,
    summary: "Whether a token is good",
    body: schemaOf(TOKEN),
    reply: object({}),
    in: wire => readBody(TOKEN, wire.body),
    do: verifyJwt,
    out: () => ({}),
  }),
];
