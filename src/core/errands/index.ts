import { type ErrandLag, errands, type ParkedErrand } from "../../store/errands.ts";
import { removeExpired } from "../../store/maintenance.ts";
import type { Needs } from "../world.ts";

export type { ErrandLag, ParkedErrand } from "../../store/errands.ts";

/** How the background work stands: for /readyz, /metrics and the doctor. */
export const errandLag = (world: Needs<"store">): Promise<ErrandLag> => errands(world.store.db).lag();

/** Sessions, nonces and failed attempts that only time has made useless. @returns how many went */
export const forgetExpiredRows = (world: Needs<"store">): Promise<number> => removeExpired(world.store.db);

/** Background work that waits for somebody to act. */
export const parkedErrands = (world: Needs<"store">): Promise<ParkedErrand[]> => errands(world.store.db).parked();

/** @returns whether there was one with this number */
export const retryParked = (world: Needs<"store">, id: number): Promise<boolean> => errands(world.store.db).unpark(id);
