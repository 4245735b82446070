import { invalid } from "../../kernel/errors.ts";
import { resources } from "../../store/resources.ts";
import type { Tx } from "../../store/store.ts";
import { type Amounts, grant, revoke, UNITS, type Unit } from "../ledger/index.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";
import type { Limits, Order, PlanPart } from "./model.ts";

/** Allocations: what was ordered is what a study may use, as grants in its books. */

const HOUR = 3600;
const MIB_IN_GB = 1024;
/** What one of a component is in the books. */
export const LEDGER_UNITS: Readonly<Record<string, readonly [Unit, number]>> = {
  cpu_k_hours: ["cpu-seconds", 1000 * HOUR],
  cpu_hours: ["cpu-seconds", HOUR],
  gpu_k_hours: ["gpu-seconds", 1000 * HOUR],
  gpu_hours: ["gpu-seconds", HOUR],
  gb_k_hours: ["storage-mib-seconds", 1000 * HOUR * MIB_IN_GB],
  gb_hours: ["storage-mib-seconds", HOUR * MIB_IN_GB],
  memory_gb_k_hours: ["memory-mib-seconds", 1000 * HOUR * MIB_IN_GB],
  memory_gb_hours: ["memory-mib-seconds", HOUR * MIB_IN_GB],
  tasks: ["tasks", 1],
  budget: ["money", 100],
};
/** Amounts beyond this are not exact any more when they come together. */
const MOST = Number.MAX_SAFE_INTEGER / 8;

/** What limits and the fixed parts of a plan come to. @throws HavreError "invalid" for what the books do not know, or cannot hold */
export function amountsOf(limits: Limits, parts: readonly PlanPart[]): Amounts {
  const amounts: Partial<Record<Unit, number>> = {};
  const all = [...Object.entries(limits), ...parts.map(({ type, quota }) => [type, quota] as const)];
  for (const [type, amount] of all) {
    if (amount === 0) continue;
    const known = Object.hasOwn(LEDGER_UNITS, type) ? LEDGER_UNITS[type] : undefined;
    if (!known) throw invalid({ limits: [`${type}: An allocation knows only ${Object.keys(LEDGER_UNITS).join(", ")}.`] });
    const [unit, each] = known;
    const sum = (amounts[unit] ?? 0) + amount * each;
    if (sum > MOST)
      throw invalid({ limits: [`${type}: Ensure this value is less than or equal to ${Math.floor(MOST / each)}.`] });
    amounts[unit] = sum;
  }
  return amounts;
}

/** Makes the order true in the study's books: grants what came, takes back what went and is not used. Known by the order. */
export async function allocate(tx: Tx, world: Needs<"clock">, actor: Actor, order: Order): Promise<void> {
  const before = (order.resourceMade.granted ?? {}) as Amounts;
  const after = order.type === "terminate" ? {} : amountsOf(order.limits, order.planParts ?? []);
  const more = differences(after, before);
  const less = differences(before, after);
  if (order.studyId !== null) {
    const books = {
      to: { kind: "study", id: order.studyId },
      from: { kind: "offering", id: order.offeringId },
      subject: `${order.offeringName}: ${order.resourceName || order.resourceUuid}`,
    } as const;
    if (Object.keys(more).length > 0) await grant(tx, world, actor, { key: `order:${order.uuid}`, amounts: more, ...books });
    if (Object.keys(less).length > 0)
      await revoke(tx, world, actor, { key: `order:${order.uuid}:back`, amounts: less, ...books });
  }
  await resources(tx).update(order.resourceId, { made: JSON.stringify({ ...order.resourceMade, granted: after }) });
}

const differences = (of: Amounts, less: Amounts): Amounts =>
  Object.fromEntries(
    UNITS.map(unit => [unit, Math.max(0, (of[unit] ?? 0) - (less[unit] ?? 0))]).filter(([, amount]) => amount !== 0),
  );
