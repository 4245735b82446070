import { sql } from "kysely";
import type { RecipeTemplate } from "../core/tasks/model.ts";
import type { Tx } from "./store.ts";

/** How to do something again: a task's submission, kept apart from the task. */
export interface Recipe {
  readonly name: string;
  readonly personId: number;
  readonly username: string;
  readonly taskId: number;
  readonly description: string;
  readonly isPublic: boolean;
  readonly template: RecipeTemplate;
}

interface Row {
  readonly name: string;
  readonly person_id: number;
  readonly username: string;
  readonly task_id: number;
  readonly description: string;
  readonly is_public: boolean;
  readonly template: RecipeTemplate;
}
const recipeOf = (row: Row): Recipe => ({
  name: row.name,
  personId: row.person_id,
  username: row.username,
  taskId: row.task_id,
  description: row.description,
  isPublic: row.is_public,
  template: row.template,
});

const columnsOf = (recipe: Recipe) => ({
  task_id: recipe.taskId,
  description: recipe.description,
  is_public: recipe.isPublic,
  template: JSON.stringify(recipe.template, (_key, value: unknown) =>
    typeof value === "string" ? value.replaceAll("\0", "").toWellFormed() : value,
  ),
});

export const recipes = (tx: Tx) => ({
  async byName(name: string): Promise<Recipe | undefined> {
    const { rows } = await sql<Row>`
      select recipe.*, username from task_recipe recipe join person on person.id = person_id where name = ${name.replaceAll("\0", "")}`.execute(
      tx,
    );
    return rows[0] && recipeOf(rows[0]);
  },
  async visible(person: number | undefined, all: boolean): Promise<Recipe[]> {
    const { rows } = await sql<Row>`
      select recipe.*, username from task_recipe recipe join person on person.id = person_id
      where ${all} or is_public or person_id = ${person ?? 0} order by name`.execute(tx);
    return rows.map(recipeOf);
  },
  async insert(recipe: Recipe): Promise<void> {
    await tx
      .insertInto("task_recipe")
      .values({ name: recipe.name, person_id: recipe.personId, ...columnsOf(recipe) })
      .execute();
  },
  async update(recipe: Recipe): Promise<void> {
    await tx.updateTable("task_recipe").set(columnsOf(recipe)).where("name", "=", recipe.name).execute();
  },
  async remove(name: string): Promise<void> {
    await tx.deleteFrom("task_recipe").where("name", "=", name).execute();
  },
});
