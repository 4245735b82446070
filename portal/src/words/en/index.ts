import { account } from "./account.ts";
import { base } from "./base.ts";
import { tasks } from "./tasks.ts";

/** The words of each area in a file of their own, listed here. */
export const en = { ...base, ...account, ...tasks };
