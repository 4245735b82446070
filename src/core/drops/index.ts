export { type Announced, type Announcement, abandonDrop, announceDrop, beginDrop, checkAnnouncement } from "./announce.ts";
export { crateOf } from "./crate.ts";
export { type ReceiptDocument, type Verdict, verifyReceipt } from "./custody.ts";
export {
  claimName,
  completeDelivery,
  type DeliveryJob,
  failDelivery,
  keepDeliveryKey,
  noteName,
  noteProgress,
  noteSent,
  startDelivery,
} from "./deliver.ts";
export { giveUpDrop } from "./give-up.ts";
export { type HookAnswer, type HookCall, receiveHook, sweepExternalDrops } from "./hook.ts";
export { receiptPath, receiptSecretOf } from "./mails.ts";
export { type CodeAsked, readTarget, tryCode } from "./page.ts";
export { type CopyToProve, copyToProve, disprovedCopies, noteComparison, noteUnproved, proveDropAgain } from "./prove-again.ts";
export {
  type DropFilter,
  listDrops,
  listSigningKeys,
  type ReceiptView,
  readDrop,
  readReceipt,
  receiptDocument,
  type SeenDrop,
} from "./read.ts";
export { finishDrop, measurable, receiveMeasured } from "./receive.ts";
export { releasable, released } from "./release.ts";
export { retryDelivery, retryDrop } from "./retry.ts";
export { closedBecause, largestFor } from "./rules.ts";
