import { workspaces } from "../../store/workspaces.ts";
import type { Needs } from "../world.ts";
import type { Orphan } from "./model.ts";

export interface MachineCounts {
  readonly byStatus: readonly { readonly provider: string; readonly status: string; readonly count: number }[];
  /** Servers in a cloud that carry our mark and belong to no machine. */
  readonly orphans: number;
}

/** For the metrics. */
export async function machineCounts(world: Needs<"store">): Promise<MachineCounts> {
  const { db } = world.store;
  return { byStatus: await workspaces(db).counts(), orphans: (await workspaces(db).orphans()).length };
}

/** For a person to look at: they are never removed by themselves. */
export const listOrphans = (world: Needs<"store">): Promise<readonly Orphan[]> => workspaces(world.store.db).orphans();
