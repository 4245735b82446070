import type { Dialect, SignInRequest } from "../../http/dialect.ts";
import { accountRoutes } from "./accounts.ts";
import { catalogueRoutes } from "./catalogue.ts";
import { customerRoutes } from "./customers.ts";
import { invitationRoutes } from "./invitations.ts";
import { keyRoutes } from "./keys.ts";
import { type Left, Limiter, mustBeLeft } from "./limiter.ts";
import { memberRoutes } from "./members.ts";
import { orderRoutes } from "./orders.ts";
import { planRoutes } from "./plans.ts";
import { projectRoutes } from "./projects.ts";
import { providerOfferingRoutes } from "./provider-offerings.ts";
import { providerResourceRoutes } from "./provider-resources.ts";
import { providerRoutes } from "./providers.ts";
import { resourceRoutes } from "./resources.ts";
import { sessionRoutes } from "./session.ts";
import { admit, signIn, tokenOf } from "./sign-in.ts";
import { usageRoutes } from "./usages.ts";
import { userRoutes } from "./users.ts";
import { refuse } from "./wire.ts";

/** Headers that every answer has (contract §1.5). */
const HEADERS = {
  "content-language": "en",
  vary: "Accept-Language, Cookie",
  "access-control-allow-origin": "*",
  "access-control-allow-credentials": "true",
  "access-control-allow-headers":
    "Accept, Accept-Encoding, Authorization, Content-Type, Origin, User-Agent, X-CSRFToken, X-Requested-With, X-Impersonated-User-Uuid, sentry-trace, baggage",
  "access-control-allow-methods": "DELETE, GET, OPTIONS, PATCH, POST, PUT",
  "access-control-expose-headers": "Link, X-Result-Count",
  "x-xss-protection": "1; mode=block",
  "referrer-policy": "strict-origin-when-cross-origin",
  "content-security-policy": "form-action 'self'; frame-ancestors 'self'",
} as const;

/** The customer, project and marketplace API of Waldur. Contract: docs/api/waldur.md. */
export function makeWaldur({ version }: { readonly version: string }): Dialect {
  const limiter = new Limiter();
  const left = new WeakMap<object, Left>();
  const count = (asked: SignInRequest): Left => {
    const { marketRate, marketRateSeconds } = asked.settings;
    const subject = tokenOf(asked) ?? asked.headers.cookie ?? asked.ip;
    return limiter.count(subject, marketRate, marketRateSeconds * 1000, Date.now());
  };
  return {
    name: "waldur",
    admit,
    refuse,
    optionsStatus: 200,
    dress(asked, methods) {
      const now = count(asked);
      left.set(asked, now);
      return {
        ...HEADERS,
        allow: methods.join(", "),
        ...(asked.origin.startsWith("https:") ? { "strict-transport-security": "max-age=31536000; preload" } : {}),
        "x-rate-limit-limit": String(now.limit),
        "x-rate-limit-remaining": String(now.remaining),
      };
    },
    async signIn(world, asked) {
      const now = left.get(asked);
      if (now) mustBeLeft(now);
      return signIn(world, asked);
    },
    routes: [
      ...sessionRoutes(version),
      ...userRoutes,
      ...keyRoutes,
      ...invitationRoutes,
      ...customerRoutes,
      ...projectRoutes,
      ...memberRoutes,
      ...catalogueRoutes,
      ...providerOfferingRoutes,
      ...planRoutes,
      ...providerRoutes,
      ...orderRoutes,
      ...resourceRoutes,
      ...providerResourceRoutes,
      ...usageRoutes,
      ...accountRoutes,
    ],
  };
}
