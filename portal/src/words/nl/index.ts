import { account } from "./account.ts";
import { base } from "./base.ts";

export const nl = { ...base, ...account };
