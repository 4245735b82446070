import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { type Recipe, recipes } from "../../store/recipes.ts";
import { isTaken } from "../../store/store.ts";
import { record } from "../events/index.ts";
import { type Actor, personOf, seesAll } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { reached } from "./access.ts";
import type { RecipeTemplate, TaskView } from "./model.ts";

export type { Recipe } from "../../store/recipes.ts";

type World = Needs<"store" | "settings">;

export interface RecipeInput {
  readonly name: string;
  readonly description?: string | undefined;
  readonly task?: number | undefined;
  readonly isPublic?: boolean | undefined;
}

/** What a task was submitted with: without what it waited for. */
const templateOf = ({ task: { spec } }: TaskView): RecipeTemplate => ({
  ...spec,
  script: spec.script.toString("utf8"),
  after: [],
  said: Object.fromEntries(Object.entries(spec.said).filter(([name]) => name !== "publicKey" && name !== "quotas")),
});

/** @throws HavreError "not-found", "unauthenticated" or "forbidden" for a private one of another */
export async function showRecipe(world: World, actor: Actor, name: string): Promise<Recipe> {
  const recipe = await recipes(world.store.db).byName(name);
  if (!recipe) throw notFound("There is no such recipe.");
  if (recipe.isPublic || owns(actor, recipe)) return recipe;
  if (actor.kind === "nobody") throw new HavreError("unauthenticated", "This recipe is not public.");
  throw new HavreError("forbidden", "This recipe is not public.");
}

const owns = (actor: Actor, recipe: Recipe): boolean => seesAll(actor) || personOf(actor)?.id === recipe.personId;

/** All public ones, and the caller's own. */
export const listRecipes = (world: World, actor: Actor): Promise<readonly Recipe[]> =>
  recipes(world.store.db).visible(personOf(actor)?.id, seesAll(actor));

/** @throws HavreError "invalid", "not-found" for an unknown task, "forbidden" for one that they may not read, "conflict" for a taken name */
export async function addRecipe(world: World, actor: Actor, input: RecipeInput): Promise<Recipe> {
  const person = personOf(actor);
  if (!person) throw new HavreError("forbidden", "A recipe needs an owner.");
  if (input.name.length > 200 || !/^[\p{L}\p{N}][^/\\\p{C}]*$/u.test(input.name) || !/\p{L}/u.test(input.name))
    throw invalid({ name: ["A recipe needs a name of letters and digits, without slashes."] });
  if (input.task === undefined || input.description === undefined)
    throw invalid({
      ...(input.task === undefined ? { task: ["Required."] } : {}),
      ...(input.description === undefined ? { description: ["Required."] } : {}),
    });
  mustBeText(input.description);
  const { task, description } = input;
  try {
    return await world.store.transaction(async tx => {
      const view = await reached(tx, world, actor, task, "see");
      const recipe = {
        name: input.name,
        personId: person.id,
        username: person.username,
        taskId: task,
        description,
        isPublic: input.isPublic ?? false,
        template: templateOf(view),
      };
      await recipes(tx).insert(recipe);
      await record(tx, actor, { verb: "recipe.added", kind: "recipe", id: recipe.name });
      return recipe;
    });
  } catch (cause) {
    if (!isTaken(cause)) throw cause;
    throw new HavreError("conflict", "There is a recipe of this name already.", { cause });
  }
}

const mustBeText = (text: string): void => {
  if (text.length > 20_000 || text.includes("\0")) throw invalid({ description: ["This description is too long."] });
};

/** What is absent stays. @throws HavreError "not-found", "forbidden" */
export async function changeRecipe(world: World, actor: Actor, input: RecipeInput): Promise<Recipe> {
  if (input.description !== undefined) mustBeText(input.description);
  return world.store.transaction(async tx => {
    const recipe = await recipes(tx).byName(input.name);
    if (!recipe) throw notFound("There is no such recipe.");
    if (!owns(actor, recipe)) throw new HavreError("forbidden", "Only its owner may change a recipe.");
    const view =
      input.task === undefined || input.task === recipe.taskId ? undefined : await reached(tx, world, actor, input.task, "see");
    const changed = {
      ...recipe,
      description: input.description ?? recipe.description,
      isPublic: input.isPublic ?? recipe.isPublic,
      ...(view ? { taskId: view.id, template: templateOf(view) } : {}),
    };
    await recipes(tx).update(changed);
    await record(tx, actor, { verb: "recipe.changed", kind: "recipe", id: recipe.name });
    return changed;
  });
}

/** @throws HavreError "not-found", "forbidden" */
export async function removeRecipe(world: World, actor: Actor, name: string): Promise<void> {
  await world.store.transaction(async tx => {
    const recipe = await recipes(tx).byName(name);
    if (!recipe) throw notFound("There is no such recipe.");
    if (!owns(actor, recipe)) throw new HavreError("forbidden", "Only its owner may remove a recipe.");
    await recipes(tx).remove(name);
    await record(tx, actor, { verb: "recipe.removed", kind: "recipe", id: name });
  });
}
