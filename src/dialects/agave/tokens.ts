import { type ClientCredentials, type Grant, grantToken, revokeClientToken, type TokenPair } from "../../core/clients/index.ts";
import type { Actor } from "../../core/people/model.ts";
import type { World } from "../../core/world.ts";
import { type Route, route, type Schema, type Wire } from "../../http/route.ts";
import { HavreError } from "../../kernel/errors.ts";
import { bodyOf, needed, read } from "./body.ts";
import { clientOf } from "./sign-in.ts";
import { json } from "./wire.ts";

/** Tokens for programs: bare JSON, no envelope (contract §5). */

const tag = "science: sign-in";

const clientIn = (wire: Wire): ClientCredentials => ({ ...clientOf(wire.headers.authorization, bodyOf(wire)), ip: wire.ip });

function grantIn(wire: Wire): Grant {
  const form = bodyOf(wire);
  const field = (name: string): string => needed(read.text(form[name], name), name);
  const type = field("grant_type");
  if (type === "refresh_token") return { kind: "refresh", token: field("refresh_token") };
  if (type === "client_credentials") return { kind: "client" };
  const credentials = () => ({ username: field("username"), password: field("password") });
  if (type === "password") return { kind: "password", ...credentials() };
  if (type === "admin_password") return { kind: "administrator", ...credentials(), holder: field("token_username") };
  throw new HavreError("invalid", `Unsupported grant_type value: ${type}.`, { detail: { oauth: "unsupported_grant_type" } });
}

const pairShape = ({ access, refresh, lifeSeconds }: TokenPair) => ({
  access_token: access,
  ...(refresh === undefined ? {} : { refresh_token: refresh }),
  expires_in: lifeSeconds,
  token_type: "bearer",
  scope: "default",
});

const FORM: Schema = {
  type: "object",
  required: ["grant_type"],
  properties: Object.fromEntries(
    ["grant_type", "username", "password", "token_username", "refresh_token", "scope", "client_id", "client_secret"].map(name => [
      name,
      { type: "string" },
    ]),
  ),
};

export const tokenRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/token",
    auth: "none",
    tag,
    summary: "A pair of tokens: for a password, a refresh token, or the client itself",
    body: FORM,
    reply: { type: "object", description: "access_token, refresh_token, expires_in in seconds, token_type, scope." },
    in: (wire: Wire) => ({ client: clientIn(wire), grant: grantIn(wire) }),
    do: (world: World, _actor: Actor, asked) => grantToken(world, asked),
    out: (pair, wire) => json(pairShape(pair), 200, wire.url, { pragma: "no-cache" }),
  }),
  route({
    method: "POST",
    path: "/revoke",
    auth: "none",
    tag,
    summary: "A token and its pair are void from now on",
    body: { type: "object", required: ["token"], properties: { token: { type: "string" } } },
    reply: { type: "object" },
    in: (wire: Wire) => ({ client: clientIn(wire), token: needed(read.text(bodyOf(wire).token, "token"), "token") }),
    do: (world: World, _actor: Actor, asked) => revokeClientToken(world, asked),
    out: (_nothing, wire) => json({}, 200, wire.url),
  }),
];
