import { type Credentials, dropKey, keyByPassword, type OwnKey, renewKey, showKey } from "../../core/people/index.ts";
import type { Actor } from "../../core/people/model.ts";
import { showSelf } from "../../core/permissions/index.ts";
import type { World } from "../../core/world.ts";
import { readBody, schemaOf, text } from "../../http/fields.ts";
import { nothing, type Route, route, type Wire } from "../../http/route.ts";
import { asHavreError, HavreError } from "../../kernel/errors.ts";
import { permissionShape, userShape } from "./shapes.ts";
import { empty, narrowed, stamp, uuidParam } from "./wire.ts";

/** Signing in, and who one is (contract §2, operations 1 to 7). */

const tag = "marketplace: sign-in";
const CREDENTIALS = { username: text({ max: 128 }), password: text({ max: 128, keepBlanks: true }) };

/** The words that clients know; a lock-out is 401 here, with its end in its words. */
async function signIn(world: World, actor: Actor, credentials: Credentials): Promise<string> {
  try {
    return await keyByPassword(world, actor, credentials);
  } catch (error) {
    const { kind, retryAfterSeconds = 60 } = asHavreError(error);
    if (kind === "unauthenticated") throw new HavreError("unauthenticated", "Invalid username/password.", { cause: error });
    if (kind !== "throttled") throw error;
    const minutes = Math.max(1, Math.ceil(retryAfterSeconds / 60));
    const words = `Username is locked out. Try in ${minutes} minute${minutes === 1 ? "" : "s"}.`;
    throw new HavreError("unauthenticated", words, { cause: error });
  }
}

const keyShape = ({ person, key, createdAt }: OwnKey) => ({
  token: key,
  created: stamp(createdAt),
  user_first_name: person.firstName,
  user_last_name: person.lastName,
  user_username: person.username,
  user_is_active: person.isActive,
  user_token_lifetime: null,
});

export const sessionRoutes = (version: string): readonly Route[] => [
  route({
    method: "POST",
    path: "/api-auth/password/",
    auth: "none",
    tag,
    summary: "The token of an account",
    body: schemaOf(CREDENTIALS),
    in: (wire: Wire) => ({ ...readBody(CREDENTIALS, wire.body), ip: wire.ip }),
    do: signIn,
    out: token => ({ token }),
  }),
  route({
    method: "POST",
    path: "/api-auth/logout/",
    auth: "user",
    tag,
    summary: "The token is void from now on",
    status: 204,
    in: nothing,
    do: dropKey,
    out: empty(204),
  }),
  route({
    method: "GET",
    path: "/api/users/me/",
    auth: "user",
    tag,
    summary: "Whoever asks",
    in: nothing,
    do: showSelf,
    out: ({ person, grants, key }, wire) =>
      narrowed(
        {
          ...userShape(person, wire, true),
          permissions: grants.map(permissionShape),
          ...(key === undefined ? {} : { token: key }),
          token_lifetime: person.tokenLifetimeSeconds,
        },
        wire,
      ),
  }),
  route({
    method: "GET",
    path: "/api/users/:uuid/token/",
    auth: "user",
    tag,
    summary: "One's own token, or a user's for the staff",
    in: uuidParam,
    do: showKey,
    out: keyShape,
  }),
  route({
    method: "POST",
    path: "/api/users/:uuid/refresh_token/",
    auth: "user",
    tag,
    summary: "A new token; the old one is void",
    in: uuidParam,
    do: renewKey,
    out: keyShape,
  }),
  route({
    method: "GET",
    path: "/api/version/",
    auth: "user",
    tag,
    summary: "The version of the server",
    in: nothing,
    do: async () => version,
    out: found => ({ version: found }),
  }),
  route({
    method: "GET",
    path: "/api/configuration/",
    auth: "none",
    tag,
    summary: "What anybody may know of this server",
    in: nothing,
    do: async () => version,
    out: (found, wire) => ({
      WALDUR_CORE: {
        SITE_NAME: "Havre",
        SITE_DESCRIPTION: "A Virtual Research Environment",
        HOMEPORT_URL: wire.settings.publicUrl,
      },
      CURRENCY_NAME: wire.settings.currency,
      VERSION: found,
    }),
  }),
];
