import { HOUR, MINUTE, SECOND } from "../../kernel/clock.ts";
import { type ErrorKind, HavreError, invalid } from "../../kernel/errors.ts";
import { extensionOf, safeName } from "../../kernel/paths.ts";
import { formatBytes, KIB } from "../../kernel/units.ts";
import { MOST_BYTES } from "../storages/model.ts";
import type { Delivery, DropStatus, Target } from "./model.ts";

const MAX_DECLARED_NAME = 1024;

/** @returns the safe name. @throws "invalid" when there is none or nothing is left of it, "forbidden" for a refused type */
export function acceptName(declared: string, notAllowedExtensions: readonly string[]): string {
  if (declared.trim() === "") throw invalid({ filename: ["The file has no name."] });
  if (declared.length > MAX_DECLARED_NAME)
    throw invalid({ filename: [`The file name is longer than ${MAX_DECLARED_NAME} characters.`] });
  const name = safeName(declared);
  if (name === "") throw invalid({ filename: ["Nothing usable is left of the file name."] });
  // The declared name too: "x.exe." and "x.exe " become harmless names here and are still programs elsewhere.
  if ([declared, name].some(given => notAllowedExtensions.includes(extensionOf(given))))
    throw new HavreError("forbidden", "File type not allowed");
  return name;
}

/**
 * A hook script of an external daemon puts the file where the declared name leads, below the storage's path: we cannot make the
 * name safe for it. @throws "invalid" for a name that leads elsewhere
 */
export function acceptNameInPlace(declared: string): void {
  const parts = declared.trim().split(/[/\\]/);
  if (parts[0] === "" || parts.includes("..")) throw invalid({ filename: ["The file name may not lead to another folder."] });
}

/** Room for what encrypting adds to a file of a size that matters here. */
const ENCRYPTING_BYTES = 64 * KIB;

/** The largest file that a study takes: what all of its storages take, encrypted where it encrypts. */
export function largestFor(
  { engines, recipients, encryptedLocations }: Pick<Target, "engines" | "recipients" | "encryptedLocations">,
  maxUploadBytes: number,
): number {
  const addedBytes = recipients.length > 0 || encryptedLocations > 0 ? ENCRYPTING_BYTES : 0;
  return Math.min(maxUploadBytes, ...engines.map(engine => (MOST_BYTES[engine] ?? Number.POSITIVE_INFINITY) - addedBytes));
}

export function acceptSize(sizeBytes: number | undefined, maxBytes: number): void {
  if (sizeBytes !== undefined && sizeBytes > maxBytes)
    throw new HavreError("too-large", `The file is larger than the ${formatBytes(maxBytes)} accepted here.`, {
      detail: { maxBytes },
    });
}

/** Whether a study takes a new drop now. @throws "conflict" with words for the provider */
export function acceptTarget(target: Target): void {
  const reason = closedBecause(target);
  if (reason === "closed") throw new HavreError("conflict", "This study is closed and takes no more files.");
  if (reason === "no-storage") throw new HavreError("conflict", "Study has no storage");
}

export const closedBecause = (target: Pick<Target, "isOpen" | "locations">): "" | "closed" | "no-storage" =>
  target.locations === 0 ? "no-storage" : target.isOpen ? "" : "closed";

const SHA256 = /^[0-9a-f]{64}$/i;
/** A declared SHA-256 in hex or base64, as hex. @throws "invalid" */
export function acceptDeclaredSha256(declared: string | undefined): string | undefined {
  if (declared === undefined || declared === "") return undefined;
  if (SHA256.test(declared)) return declared.toLowerCase();
  const bytes = Buffer.from(declared, "base64");
  if (bytes.length === 32) return bytes.toString("hex");
  throw invalid({ sha256: ["Not a SHA-256 in hex or base64."] });
}

/** A drop's status and words, from its deliveries. Only for a drop whose bytes have arrived. */
export function statusOf(deliveries: readonly Pick<Delivery, "state" | "storageName" | "reason">[]): {
  status: DropStatus;
  message: string;
} {
  if (deliveries.length === 0)
    return { status: "ERROR", message: "The study has no storage. The file is kept here; add a storage and press retry." };
  const parked = deliveries.filter(delivery => delivery.state === "parked");
  const open = deliveries.some(
    delivery => delivery.state === "queued" || delivery.state === "sending" || delivery.state === "verifying",
  );
  const message = parked.map(delivery => `${delivery.storageName}: ${delivery.reason}`).join(" ");
  if (parked.length > 0) return { status: "ERROR", message };
  if (!open) return { status: "DONE", message: "" };
  const waiting = deliveries.filter(delivery => delivery.state !== "done" && delivery.reason !== "");
  const started = deliveries.some(delivery => delivery.state !== "queued" || delivery.reason !== "");
  return {
    status: started ? "MOVING" : "UPLOADED",
    message: waiting.map(delivery => `${delivery.storageName}: ${delivery.reason}`).join(" "),
  };
}

/** Waits between tries of a delivery (contract §5.6), each ± 20 %. After the last the delivery is parked. */
const WAITS = [10 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 24 * HOUR];
/** What the other side says that makes no sense is tried less often: it rarely changes by itself. */
const TRIES: Partial<Record<ErrorKind, number>> = { protocol: 3, checksum: 3, conflict: 3, bug: 3 };

/**
 * When to try a failed delivery again.
 * @param attempt tries made so far, from 1
 * @param random in [0, 1)
 * @returns milliseconds, or undefined: somebody must act first
 */
export function nextTryMs(error: HavreError, attempt: number, random: number): number | undefined {
  const tries = TRIES[error.kind];
  if (error.retry === "never" && tries === undefined) return undefined;
  const wait = WAITS[attempt - 1];
  if (wait === undefined || attempt >= (tries ?? WAITS.length + 1)) return undefined;
  const jittered = wait * (0.8 + 0.4 * random);
  return Math.max(jittered, (error.retryAfterSeconds ?? 0) * SECOND);
}

/** Where the bytes are gathered before they get their name: beside it, hidden, and the same after every restart. */
export const tempName = (publicId: string, deliveryId: number): string => `.havre-${tempMark(publicId, deliveryId)}.part`;
/** What tells one temporary name from another, as the sweep of halves knows it. */
export const tempMark = (publicId: string, deliveryId: number): string => `${publicId.slice(0, 8)}-${deliveryId}`;
