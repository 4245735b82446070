import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, redirect } from "@tanstack/react-router";
import { sessionQuery } from "./api/session.ts";
import { Shell } from "./shell/Shell.tsx";

/** What the routes of every area stand on. */

type Context = { client: QueryClient };

export const root = createRootRouteWithContext<Context>()({ component: Shell });

export const text = (value: unknown): string => (value === undefined ? "" : String(value));
export const pageNumber = (value: unknown): number => Math.max(1, Math.trunc(Number(value)) || 1);

/** Everything below asks for a session, and comes back here after signing in. */
export const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  beforeLoad: async ({ context, location }) => {
    const session = await context.client.ensureQueryData(sessionQuery);
    if (!session) throw redirect({ to: "/sign-in", search: { next: location.href } });
  },
});
