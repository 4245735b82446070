import { deliveries } from "../../store/deliveries.ts";
import { drops } from "../../store/drops.ts";
import { errands } from "../../store/errands.ts";
import type { Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import type { Needs } from "../world.ts";
import { mailAboutDrop } from "./mails.ts";
import { statusOf } from "./rules.ts";

/**
 * Derives a drop's status from its deliveries and does what the new status asks for: the last proof sends the mail and frees the
 * blob. Called in the transaction of every change of a delivery, with the drop locked.
 */
export async function settle(tx: Tx, world: Needs<"clock" | "secrets" | "settings">, dropId: number): Promise<void> {
  const drop = await drops(tx).lock(dropId);
  if (!drop) return;
  const { status, message } = statusOf(await deliveries(tx).ofDrops([dropId]));
  if (status === drop.status && message === drop.statusMessage) return;
  const done = status === "DONE";
  await drops(tx).change(dropId, { status, statusMessage: message, finishedAt: done ? world.clock.now() : null });
  if (status !== drop.status)
    await record(tx, "system", {
      verb: `drop.${status.toLowerCase()}`,
      kind: "drop",
      id: dropId,
      study: drop.studyId,
      data: { message },
    });
  if (!done || drop.status === "DONE") return;
  const target = await drops(tx).target({ studyId: drop.studyId });
  if (target) await mailAboutDrop(tx, world, "delivered", drop, target);
  if (drop.blobKey !== undefined && world.settings.autoClean !== "never")
    await errands(tx).add("release-blob", { payload: { drop: dropId, blob: drop.blobKey }, key: String(dropId) });
}
