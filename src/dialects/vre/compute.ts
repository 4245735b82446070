import {
  addRecipe,
  changeOwnPublicKey,
  computeOverview,
  listRecipes,
  ownAccount,
  removeRecipe,
  replaceOwnKey,
  setMaintenance,
} from "../../core/tasks/index.ts";
import { noContent, nothing, type Route, route, type Wire } from "../../http/route.ts";
import { notFound } from "../../kernel/errors.ts";
import { bool, optional, pk, readBody, schemaOf, text } from "./fields.ts";
import { BOOLEAN, list, object, STRING } from "./schemas.ts";
import { accountSchema, accountShape, computeSchema, computeShape, recipeSchema, recipeShape } from "./task-shapes.ts";

/** Recipes, where tasks run, and one's own account there. */

const TAG = "tasks";
const RECIPE_WRITE = {
  name: text({ max: 200 }),
  description: optional(text({ max: 20_000, blank: true }), ""),
  task: pk(),
  public: optional(bool(), false),
};
const KEY_WRITE = { public_key: text({ max: 16_384, blank: true }) };
const MAINTENANCE_WRITE = { on: bool() };

function nameOf(wire: Wire): string {
  const name = wire.params.name ?? "";
  if (name === "" || name.length > 200 || name.includes("\0")) throw notFound();
  return name;
}

export const computeRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/v1/recipes/",
    auth: "user",
    tag: TAG,
    summary: "Public recipes, and one's own",
    reply: list(recipeSchema),
    in: nothing,
    do: listRecipes,
    out: recipes => recipes.map(recipeShape),
  }),
  route({
    method: "POST",
    path: "/api/v1/recipes/",
    auth: "user",
    tag: TAG,
    summary: "Make a recipe of a task",
    status: 201,
    body: schemaOf(RECIPE_WRITE),
    reply: recipeSchema,
    in: wire => {
      const { name, description, task, public: isPublic } = readBody(RECIPE_WRITE, wire.body);
      return { name, description, task, isPublic };
    },
    do: addRecipe,
    out: recipeShape,
  }),
  route({
    method: "DELETE",
    path: "/api/v1/recipes/:name/",
    auth: "user",
    tag: TAG,
    summary: "Remove a recipe",
    status: 204,
    in: wire => nameOf(wire),
    do: removeRecipe,
    out: () => noContent(),
  }),
  route({
    method: "GET",
    path: "/api/v1/compute/",
    auth: "user",
    tag: TAG,
    summary: "Where work runs, how full it is, and what may be asked for",
    reply: computeSchema,
    in: nothing,
    do: computeOverview,
    out: computeShape,
  }),
  route({
    method: "POST",
    path: "/api/v1/compute/maintenance/",
    auth: "super",
    tag: TAG,
    summary: "Begin or end maintenance: nothing new is taken and nothing starts",
    body: schemaOf(MAINTENANCE_WRITE),
    reply: object({ on: BOOLEAN }),
    in: wire => ({ node: "all", isOn: readBody(MAINTENANCE_WRITE, wire.body).on }),
    do: setMaintenance,
    out: rows => ({ on: rows[0]?.isOn ?? false }),
  }),
  route({
    method: "GET",
    path: "/api/v1/compute/account/",
    auth: "user",
    tag: TAG,
    summary: "One's own API key for the GO-Docker API, quotas, use and budget",
    reply: accountSchema,
    in: nothing,
    do: ownAccount,
    out: accountShape,
  }),
  route({
    method: "PUT",
    path: "/api/v1/compute/account/",
    auth: "user",
    tag: TAG,
    summary: "Set one's public key, with which interactive tasks let one in",
    body: schemaOf(KEY_WRITE),
    reply: object({ public_key: STRING }),
    in: wire => readBody(KEY_WRITE, wire.body).public_key,
    do: changeOwnPublicKey,
    out: ({ account }) => ({ public_key: account.publicKey }),
  }),
  route({
    method: "POST",
    path: "/api/v1/compute/account/key/",
    auth: "user",
    tag: TAG,
    summary: "Another API key instead of the one there is",
    reply: object({ api_key: STRING }),
    in: nothing,
    do: replaceOwnKey,
    out: key => ({ api_key: key }),
  }),
];
