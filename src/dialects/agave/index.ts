import type { Dialect } from "../../http/dialect.ts";
import { readBody } from "./body.ts";
import { clientRoutes } from "./clients.ts";
import { credentialRoutes } from "./credentials.ts";
import { fileRoutes } from "./files.ts";
import { profileRoutes } from "./profiles.ts";
import { admit, signIn } from "./sign-in.ts";
import { systemRoutes } from "./systems.ts";
import { tenantRoutes } from "./tenants.ts";
import { tokenRoutes } from "./tokens.ts";
import { refuse } from "./wire.ts";

/** Headers that a page may ask to send, where it does not say which. */
const ASKED = "Authorization, Content-Type, X-Requested-With";

/** The science API of Agave: clients, tokens, systems, files, profiles. Contract: docs/api/agave.md. */
export const makeAgave = (): Dialect => ({
  name: "agave",
  signIn,
  admit,
  refuse,
  readBody,
  optionsStatus: 200,
  elsewhere: ["/clients/v2/*", "/systems/v2/*", "/files/v2/*", "/profiles/v2/*"],
  /** Any page may ask, as only who has a token is answered: no cookie counts here. */
  dress: ({ headers }) => ({
    "cache-control": "no-store",
    ...(headers.origin === undefined
      ? {}
      : {
          "access-control-allow-origin": "*",
          "access-control-allow-methods": "GET, POST, PUT, DELETE, HEAD, OPTIONS",
          "access-control-allow-headers": headers["access-control-request-headers"] ?? ASKED,
          "access-control-expose-headers": "Content-Disposition, Content-Range, Accept-Ranges",
        }),
  }),
  routes: [
    ...tenantRoutes,
    ...clientRoutes,
    ...tokenRoutes,
    ...profileRoutes,
    ...systemRoutes,
    ...credentialRoutes,
    ...fileRoutes,
  ],
});
