/** What staff look after, and how. Each kind of object is described in a file of `kinds`; everything else follows from that. */
export { type ActAsked, type Acted, AT_ONCE, act, add, change } from "./act.ts";
export { browse, type Export, type ExportAsked, exportRows, inspect } from "./browse.ts";
export { MOST_ITEMS } from "./bulk.ts";
export { KINDS, kindNamed, snake } from "./kinds.ts";
export { offeredKinds } from "./offer.ts";
export { runBulk } from "./run-bulk.ts";
