import type { Mailer } from "../ports/mail.ts";
import type { OpenUrl } from "../ports/web.ts";
import type { Webhook } from "../ports/webhook.ts";
import { bulk } from "./bulk.ts";
import { deliver } from "./deliver.ts";
import { measureDrop, releaseBlob } from "./drops.ts";
import type { ErrandKind } from "./errand.ts";
import { tellFile } from "./files/tell.ts";
import { transferErrand } from "./files/transfer.ts";
import { type Clouds, endMachinesErrand, reconcileMachines, runMachine } from "./machines.ts";
import { accountsOfStudy, fulfilOrders, keepMarket, tellOrder } from "./market.ts";
import { proveAgain } from "./prove-again.ts";
import { testOneStorage, testStorages } from "./self-test.ts";
import { sendMail } from "./send-mail.ts";
import { archiveOldTasks, removeTaskFiles, removeTaskUser } from "./tasks/errands.ts";
import { forgetExpired, sealEventsErrand, selfTest, sweepExternal, sweepFiles, sweepUploadsErrand } from "./upkeep.ts";

/** Every kind of background work, listed by hand. */
export const allErrands = (
  mailer: Mailer | undefined,
  clouds: Clouds = new Map(),
  openUrl?: OpenUrl,
  webhook?: Webhook,
): readonly ErrandKind[] => [
  deliver,
  measureDrop,
  releaseBlob,
  proveAgain,
  testStorages,
  testOneStorage,
  sendMail(mailer),
  sweepUploadsErrand,
  sweepExternal,
  sweepFiles,
  sealEventsErrand,
  forgetExpired,
  accountsOfStudy,
  keepMarket,
  fulfilOrders,
  tellOrder(webhook),
  runMachine(clouds),
  endMachinesErrand,
  reconcileMachines(clouds),
  bulk,
  selfTest,
  removeTaskFiles,
  removeTaskUser,
  archiveOldTasks,
  transferErrand(openUrl),
  tellFile(webhook),
];
