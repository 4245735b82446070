import { HavreError, invalid } from "../../kernel/errors.ts";
import { people } from "../../store/people.ts";
import { resources } from "../../store/resources.ts";
import { sshKeys } from "../../store/ssh-keys.ts";
import type { Tx } from "../../store/store.ts";
import {
  type Extras,
  endOrdered,
  machineNow,
  mustBeMakeable,
  orderMachine,
  resizeOrdered,
  SIZES,
  type Sizes,
  undoResize,
  wishIn,
} from "../machines/index.ts";
import { actorOf, type PersonActor, type PersonId } from "../people/model.ts";
import { may } from "../permissions/index.ts";
import type { Needs } from "../world.ts";
import type { Maker, Step, Wish } from "./making.ts";
import type { Facts, Limits, Order } from "./model.ts";
import { isMaking } from "./rules.ts";

/**
 * A virtual machine. Its offering names a provider and a profile of the catalogue; limits make it larger than the profile. Whoever
 * ordered it is its researcher.
 */

interface Made {
  readonly machine?: number;
  /** The order whose size was asked for, and what there was before it. */
  readonly resize?: { readonly order: string; readonly before: Extras };
}
const madeOf = ({ resourceMade }: Order): Made => resourceMade as Made;

/** Only components of these names are sizes; others are counted and priced, and change nothing of the machine. */
const sizesIn = (limits: Limits): Sizes =>
  Object.fromEntries(SIZES.flatMap(size => (limits[size] ? [[size, limits[size]]] : [])));
const wishFor = ({ pluginOptions, attributes, limits }: { pluginOptions: Facts; attributes: Facts; limits: Limits }) =>
  wishIn(pluginOptions, attributes.operating_system, sizesIn(limits));

async function create(tx: Tx, world: Needs<"store" | "clock" | "settings">, order: Order): Promise<Step> {
  const { machine } = madeOf(order);
  if (machine === undefined) {
    const made = await orderMachine(tx, world, await whoOrdered(tx, order.createdById), {
      ...wishFor(order),
      name: order.resourceName || `${order.offeringName} ${order.resourceUuid.slice(0, 8)}`,
      study: order.studyId ?? 0,
      sshPublicKey: await keyFor(tx, order),
    });
    await resources(tx).update(order.resourceId, { made: JSON.stringify({ machine: made }) });
    return "later";
  }
  const now = await machineNow(tx, machine);
  if (now.state === "working") return "later";
  if (now.state !== "ready") throw new HavreError("invalid", now.message || "The machine could not be built.");
  return {
    backend_id: now.cloudId || `machine-${machine}`,
    endpoints: JSON.stringify(now.address === "" ? [] : [{ uuid: order.resourceUuid, name: "ssh", url: now.address }]),
  };
}

async function mustBelong(tx: Tx, { orderedBy, studyId }: Wish): Promise<void> {
  const person = await whoOrdered(tx, orderedBy);
  if (!(await may(tx, person, "study.see", { kind: "study", id: studyId ?? 0 })))
    throw invalid({ project: ["Whoever ordered the machine is not in the study any more."] });
}

/** The right to a machine is that of whoever ordered it, as it is now: somebody who left the study gets none. */
async function whoOrdered(tx: Tx, orderedBy: number | null): Promise<PersonActor> {
  const person = orderedBy === null ? undefined : await people(tx).byId(orderedBy as PersonId);
  if (!person?.isActive) throw invalid({ project: ["Whoever ordered the machine has no account any more."] });
  return actorOf(person);
}

/** The key of the order, or the first that its person keeps; none: a pair is made with the machine. */
async function keyFor(tx: Tx, { attributes, createdById }: Order): Promise<string> {
  if (typeof attributes.ssh_public_key === "string" && attributes.ssh_public_key.trim() !== "") return attributes.ssh_public_key;
  const [own] = createdById === null ? [] : await sshKeys(tx).ofPerson(createdById);
  return own?.publicKey ?? "";
}

async function resize(tx: Tx, world: Needs<"store" | "clock" | "settings">, order: Order): Promise<Step> {
  const { machine, resize: asked } = madeOf(order);
  if (machine === undefined) throw invalid({ limits: ["The machine is gone."] });
  const now = await machineNow(tx, machine);
  if (now.state === "gone") throw invalid({ limits: [now.message] });
  if (asked?.order !== order.uuid) {
    if (now.state === "working") return "later";
    const before = await resizeOrdered(tx, world, machine, wishFor(order));
    const made: Made = { machine, resize: { order: order.uuid, before } };
    await resources(tx).update(order.resourceId, { made: JSON.stringify(made) });
    return "later";
  }
  if (now.state === "working") return "later";
  if (now.state === "failed") throw new HavreError("invalid", now.message || "The machine could not be changed.");
  return { made: JSON.stringify({ machine }) };
}

async function end(tx: Tx, world: Needs<"store" | "clock" | "settings">, order: Order): Promise<Step> {
  const { machine } = madeOf(order);
  if (machine === undefined) return {};
  if ((await machineNow(tx, machine)).state !== "gone") {
    await endOrdered(tx, world, machine);
    if ((await machineNow(tx, machine)).state !== "gone") return "later";
  }
  return { made: JSON.stringify({}), endpoints: JSON.stringify([]) };
}

export const machineMaker: Maker = {
  async check(tx, world, wish) {
    const { ssh_public_key: key } = wish.attributes;
    if (key !== undefined && key !== null && typeof key !== "string") throw invalid({ ssh_public_key: ["Not a valid string."] });
    if (isMaking(wish.type)) await mustBelong(tx, wish);
    await mustBeMakeable(tx, world, wishFor(wish), (wish.made as Made).machine);
  },

  step: (tx, world, order) =>
    isMaking(order.type) ? create(tx, world, order) : order.type === "update" ? resize(tx, world, order) : end(tx, world, order),

  async undo(tx, world, order) {
    const { machine, resize: asked } = madeOf(order);
    if (machine === undefined) return {};
    if (isMaking(order.type)) {
      await endOrdered(tx, world, machine);
      return { made: JSON.stringify({}) };
    }
    if (order.type === "update" && asked?.order === order.uuid) await undoResize(tx, world, machine, asked.before);
    return { made: JSON.stringify({ machine }) };
  },
};
