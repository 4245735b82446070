import { hawkPairByPassword, listOwnTokens, type NewOwnToken, renewOwnToken } from "../../core/people/index.ts";
import type { OwnTokenKind, TokenFacts } from "../../core/people/model.ts";
import { nothing, type Route, route, type Schema, type Wire } from "../../http/route.ts";
import { createJwt, refreshJwt, verifyJwt } from "../../http/sign-in/jwt.ts";
import { readBody, schemaOf, text } from "./fields.ts";
import { list, object, orNull, STAMP, STRING, words } from "./schemas.ts";
import { stamp, stampOrNull } from "./wire.ts";

/** Getting tokens (contract §4.1). */
const CREDENTIALS = { username: text(), password: text({ keepBlanks: true }) };
const REFRESH = { refresh: text() };
const TOKEN = { token: text() };

const PASSWORD = { current_password: text({ keepBlanks: true }) };

const credentials = (wire: Wire) => ({ ...readBody(CREDENTIALS, wire.body), ip: wire.ip });
const tag = "tokens";

const tokenSchema = object({ kind: words(["api", "hawk"]), key: STRING, last_used_at: orNull(STAMP), created_at: STAMP });
const tokenShape = ({ kind, key, lastUsedAt, createdAt }: TokenFacts, { settings: { timeZone } }: Wire) => ({
  kind,
  key,
  last_used_at: stampOrNull(lastUsedAt, timeZone),
  created_at: stamp(createdAt, timeZone),
});

/** A new token, shown this once. */
const renewal = (kind: OwnTokenKind, what: string, reply: Schema): Route =>
  route({
    method: "POST",
    path: `/api/auth/tokens/${kind}/`,
    auth: "user",
    tag,
    summary: `A new ${what} of one's own, shown this once; the old one is void`,
    body: schemaOf(PASSWORD),
    reply,
    in: wire => ({ kind, currentPassword: readBody(PASSWORD, wire.body).current_password }),
    do: renewOwnToken,
    out: (token: NewOwnToken) => token,
  });

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
  route({
    method: "GET",
    path: "/api/auth/tokens/",
    auth: "user",
    tag,
    summary: "One's own tokens, without their secrets",
    reply: list(tokenSchema),
    in: nothing,
    do: listOwnTokens,
    out: (tokens, wire) => tokens.map(token => tokenShape(token, wire)),
  }),
  renewal("hawk", "Hawk token", object({ kind: words(["hawk"]), key: STRING, secret: STRING })),
  renewal("api", "API token", object({ kind: words(["api"]), key: STRING, token: STRING })),
];
