import { base } from "./base.ts";

export const nl = { ...base };
