import { readConfig } from "../../src/config.ts";
import type { Settings } from "../../src/core/world.ts";

/** The settings of a server that nobody has set anything for, and what a test wants otherwise. */
export const testSettings = (changed: Partial<Settings> = {}): Settings => ({
  ...readConfig({}),
  mailIsCaught: true,
  ...changed,
});
