import type { Dialect } from "../../http/dialect.ts";
import { signInByGodockerToken } from "../../http/sign-in/godocker-jwt.ts";
import { fileRoutes } from "./files.ts";
import { placeRoutes } from "./places.ts";
import { projectRoutes } from "./projects.ts";
import { recipeRoutes } from "./recipes.ts";
import { admit } from "./sign-in.ts";
import type { Facts } from "./task-out.ts";
import { taskRoutes } from "./tasks.ts";
import { billingRoutes } from "./usage.ts";
import { userRoutes } from "./users.ts";
import { refuse } from "./wire.ts";

/** The GO-Docker API: batch tasks in containers. Contract: docs/api/godocker.md. */
export const makeGodocker = (facts: Facts): Dialect => ({
  name: "godocker",
  signIn: signInByGodockerToken,
  admit,
  refuse,
  elsewhere: ["/api/1.0", "/api/1.0/*", "/admin/maintenance/*"],
  routes: [
    ...placeRoutes(facts),
    ...taskRoutes(facts),
    ...fileRoutes,
    ...projectRoutes,
    ...userRoutes(facts),
    ...billingRoutes,
    ...recipeRoutes,
  ],
});
