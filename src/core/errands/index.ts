import { type ErrandLag, errands } from "../../store/errands.ts";
import { removeExpired } from "../../store/maintenance.ts";
import type { Needs } from "../world.ts";

export type { ErrandLag } from "../../store/errands.ts";

/** How the background work stands: for /readyz, /metrics and the doctor. */
export const errandLag = (world: Needs<"store">): Promise<ErrandLag> => errands(world.store.db).lag();

/** Sessions, nonces and failed attempts that only time has made useless. @returns how many went */
export const forgetExpiredRows = (world: Needs<"store">): Promise<number> => removeExpired(world.store.db);
