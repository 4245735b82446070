import { account } from "./account.ts";
import { admin } from "./admin.ts";
import { base } from "./base.ts";
import { files } from "./files.ts";
import { joining } from "./joining.ts";
import { machine } from "./machine.ts";
import { market } from "./market.ts";
import { selling } from "./selling.ts";
import { tasks } from "./tasks.ts";

/** The words of each area in a file of their own, listed here. */
export const en = { ...base, ...account, ...files, ...joining, ...machine, ...market, ...selling, ...tasks, ...admin };
