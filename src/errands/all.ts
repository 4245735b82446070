import type { Mailer } from "../ports/mail.ts";
import { deliver } from "./deliver.ts";
import { measureDrop, releaseBlob } from "./drops.ts";
import type { ErrandKind } from "./errand.ts";
import { proveAgain } from "./prove-again.ts";
import { testOneStorage, testStorages } from "./self-test.ts";
import { sendMail } from "./send-mail.ts";
import { forgetExpired, sealEventsErrand, sweepExternal, sweepUploadsErrand } from "./upkeep.ts";

/** Every kind of background work, listed by hand. */
export const allErrands = (mailer: Mailer | undefined): readonly ErrandKind[] => [
  deliver,
  measureDrop,
  releaseBlob,
  proveAgain,
  testStorages,
  testOneStorage,
  sendMail(mailer),
  sweepUploadsErrand,
  sweepExternal,
  sealEventsErrand,
  forgetExpired,
];
