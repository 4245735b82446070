import { actorOf, type Person } from "../../src/core/people/model.ts";
import { act, addAppToken, addRecipe, submitTask } from "../../src/core/tasks/index.ts";
import { aSpec } from "../../src/core/tasks/tasks.fixture.ts";
import type { BenchWorld } from "./bench.ts";

/** What the owner of the study has of tasks. */
export interface TaskScene {
  /** Slug of the study. */
  readonly project: string;
  readonly pending: number;
  readonly created: number;
  readonly over: number;
  /** Private. */
  readonly recipe: string;
  readonly appToken: string;
}

export async function aTaskScene(world: BenchWorld, owner: Person, study: number): Promise<TaskScene> {
  const actor = actorOf(owner);
  const submit = (isKeptBack: boolean): Promise<number> => submitTask(world, actor, { spec: aSpec(), isKeptBack });
  const [pending, created, over] = [await submit(false), await submit(true), await submit(false)];
  await act(world, actor, { id: over, act: "kill" });
  const { slug } = await world.store.db.selectFrom("study").select("slug").where("id", "=", study).executeTakeFirstOrThrow();
  const recipe = `recipe-${pending}`;
  await addRecipe(world, actor, { name: recipe, description: "", task: pending });
  const { token: appToken } = await addAppToken(world, actor, "application");
  return { project: slug, pending, created, over, recipe, appToken };
}
