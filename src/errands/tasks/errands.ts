import { archiveForgotten, finishRemoval } from "../../core/tasks/index.ts";
import { later, MINUTE, SECOND } from "../../kernel/clock.ts";
import type { ErrandKind } from "../errand.ts";

/** Files of tasks that are archived or gone, and of people who are gone. */
export const removeTaskFiles: ErrandKind = {
  kind: "remove-task-files",
  atOnce: 2,
  tries: 20,
  async run(world, errand) {
    await world.folders.remove(String(errand.payload.path));
    return "done";
  },
};

/** What was theirs goes when nothing of it runs any more. */
export const removeTaskUser: ErrandKind = {
  kind: "remove-task-user",
  atOnce: 1,
  tries: 20,
  async run(world, errand) {
    return (await finishRemoval(world, Number(errand.payload.person))) ? "done" : { againAt: later(world.clock.now(), SECOND) };
  },
};

/** Files that nobody fetched for long. */
export const archiveOldTasks: ErrandKind = {
  kind: "archive-old-tasks",
  atOnce: 1,
  tries: 5,
  everyMs: 10 * MINUTE,
  async run(world) {
    await archiveForgotten(world);
    return "done";
  },
};
