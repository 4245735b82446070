import { account } from "./account.ts";
import { base } from "./base.ts";
import { tasks } from "./tasks.ts";

export const nl = { ...base, ...account, ...tasks };
