/** What staff look after, and how. Each kind of object is described in a file of `kinds`; everything else follows from that. */
export { type ActAsked, type Acted, AT_ONCE, act, add, change } from "./act.ts";
export { browse, type ExportAsked, exportRows, inspect } from "./browse.ts";
export { KINDS, snake } from "./kinds.ts";
export { runBulk } from "./run-bulk.ts";
