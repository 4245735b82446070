import { account } from "./account.ts";
import { admin } from "./admin.ts";
import { base } from "./base.ts";

export const nl = { ...base, ...account, ...admin };
