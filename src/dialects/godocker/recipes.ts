import { addRecipe, changeRecipe, listRecipes, type Recipe, removeRecipe, showRecipe } from "../../core/tasks/index.ts";
import type { Route, Wire } from "../../http/route.ts";
import { templateShape } from "./task-out.ts";
import { bodyOf, listOf, object, param, read, row, wrong } from "./wire.ts";

const API = "/api/1.0/marketplace/recipe";
const RECIPE = object("A recipe: how to do something again.");

const shape = ({ name, description, taskId, username, isPublic, template }: Recipe) => ({
  id: name,
  description,
  task: taskId,
  user: username,
  visibility: isPublic ? "public" : "private",
  template: templateShape(template),
});

function inputOf(wire: Wire) {
  const body = bodyOf(wire);
  const visibility = read.text(body.visibility, "visibility");
  if (visibility !== undefined && visibility !== "public" && visibility !== "private")
    throw wrong("visibility", "public or private");
  return {
    name: param("recipe")(wire),
    description: read.text(body.description, "description"),
    task: read.whole(body.task, "task"),
    isPublic: visibility === undefined ? undefined : visibility === "public",
  };
}

export const recipeRoutes: readonly Route[] = [
  row({
    method: "GET",
    path: API,
    auth: "any",
    tag: "recipes",
    summary: "Public recipes, and one's own",
    reply: listOf("Recipes."),
    in: () => undefined,
    do: listRecipes,
    out: recipes => recipes.map(shape),
  }),
  row({
    method: "GET",
    path: `${API}/:recipe`,
    auth: "any",
    tag: "recipes",
    summary: "A recipe",
    reply: RECIPE,
    in: param("recipe"),
    do: showRecipe,
    out: shape,
  }),
  row({
    method: "POST",
    path: `${API}/:recipe`,
    auth: "user",
    tag: "recipes",
    summary: "Make a recipe of a task",
    body: RECIPE,
    reply: RECIPE,
    in: inputOf,
    do: addRecipe,
    out: shape,
  }),
  row({
    method: "PUT",
    path: `${API}/:recipe`,
    auth: "user",
    tag: "recipes",
    summary: "Change a recipe",
    body: RECIPE,
    reply: RECIPE,
    in: inputOf,
    do: changeRecipe,
    out: shape,
  }),
  row({
    method: "DELETE",
    path: `${API}/:recipe`,
    auth: "user",
    tag: "recipes",
    summary: "Remove a recipe",
    reply: object("`msg`."),
    in: param("recipe"),
    do: removeRecipe,
    out: () => ({ msg: "Recipe removed" }),
  }),
];
