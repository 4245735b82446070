import { invalid } from "../../kernel/errors.ts";
import { GIB } from "../../kernel/units.ts";
import { addShare, endShare, makeShareFolder, mustBeShareable, mustHold, resizeShare } from "../storages/index.ts";
import type { Maker } from "./making.ts";
import type { Facts, Limits, Order } from "./model.ts";
import { isMaking } from "./rules.ts";

/**
 * A share of a storage: a folder of its own into which a study's drops are delivered, up to the limit `storage_gb`. Its offering names the
 * storage, by its number, and perhaps a folder in it.
 */

const COMPONENT = "storage_gb";

interface Made {
  readonly location?: number;
}
const madeOf = ({ resourceMade }: Order): Made => resourceMade as Made;

function storageIn({ storage }: Facts): number {
  if (typeof storage === "number" && Number.isSafeInteger(storage)) return storage;
  throw invalid({ offering: ["Its provider has not said yet which storage it is of: storage."] });
}

function quotaIn(limits: Limits): number {
  const gib = limits[COMPONENT] ?? 0;
  if (gib < 1) throw invalid({ limits: [`${COMPONENT}: Ensure this value is greater than or equal to 1.`] });
  if (gib > Number.MAX_SAFE_INTEGER / GIB) throw invalid({ limits: [`${COMPONENT}: This is more than can be counted.`] });
  return gib * GIB;
}

/** The same at every try, and unlike that of any other resource. */
const folderFor = ({ pluginOptions, studySlug, resourceUuid }: Order): string =>
  [typeof pluginOptions.folder === "string" ? pluginOptions.folder : "", `${studySlug}-${resourceUuid.slice(0, 8)}`]
    .filter(part => part !== "")
    .join("/");

const wishFor = (order: Pick<Order, "pluginOptions" | "providerId" | "studyId">) => ({
  storage: storageIn(order.pluginOptions),
  provider: order.providerId,
  study: order.studyId ?? 0,
});

export const shareMaker: Maker = {
  async check(tx, _world, wish) {
    const quotaBytes = quotaIn(wish.limits);
    const { location } = wish.made as Made;
    if (location === undefined) await mustBeShareable(tx, wishFor(wish));
    else await mustHold(tx, location, quotaBytes);
  },

  async prepare(world, order, signal) {
    if (!isMaking(order.type) || madeOf(order).location !== undefined) return;
    const storage = await mustBeShareable(world.store.db, wishFor(order));
    await makeShareFolder(world, storage, folderFor(order), signal);
  },

  async step(tx, _world, order) {
    const { location } = madeOf(order);
    const study = order.studyId ?? 0;
    if (order.type === "terminate") {
      if (location !== undefined) await endShare(tx, { study, location });
      return { made: JSON.stringify({}) };
    }
    const quotaBytes = quotaIn(order.limits);
    if (order.type === "update") {
      if (location === undefined) throw invalid({ limits: ["The share is gone."] });
      await resizeShare(tx, { study, location, quotaBytes });
      return {};
    }
    const folder = folderFor(order);
    const made = location ?? (await addShare(tx, { ...wishFor(order), folder, quotaBytes }));
    return { made: JSON.stringify({ location: made }), backend_id: folder };
  },

  // Whatever a step writes is written with the order's end, or not at all.
  undo: async () => ({}),
};
