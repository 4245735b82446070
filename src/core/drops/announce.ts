import { HavreError, notFound } from "../../kernel/errors.ts";
import { newSecretId, newUuid, normalCode } from "../../kernel/ids.ts";
import { safeFolders } from "../../kernel/paths.ts";
import { sameSecret, sha256Hex } from "../../kernel/secrets.ts";
import { drops } from "../../store/drops.ts";
import type { Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import { assertNotLocked, type LockPolicy, noteFailure } from "../people/index.ts";
import type { Language } from "../people/model.ts";
import type { Needs } from "../world.ts";
import type { Drop, DropId, Provider, Target } from "./model.ts";
import { acceptDeclaredSha256, acceptName, acceptNameInPlace, acceptSize, acceptTarget, largestFor } from "./rules.ts";

/** What a provider says before the first byte. Nothing of it is believed that the server can know better. */
export interface Announcement {
  readonly studyUuid: string;
  readonly uploadCode: string | undefined;
  /** As declared: any text. */
  readonly filename: string;
  /** Where it lay when a folder was dropped, as declared: "week/sub/x.csv" or "week/sub/"; "" when by itself. */
  readonly folder: string;
  readonly mediaType: string;
  readonly sizeBytes: number | undefined;
  readonly declaredSha256: string | undefined;
  readonly ip: string;
  readonly language: Language;
  readonly blobKey: string | undefined;
  /** Bytes that an external upload daemon holds. */
  readonly external?: Readonly<Record<string, unknown>>;
}

export interface Announced {
  readonly drop: Drop;
  readonly dropId: DropId;
  readonly studyId: number;
  readonly receiptSecret: string;
}

type World = Needs<"store" | "clock" | "secrets" | "settings">;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A guesser gets few tries per study from one address; a second and third typing error costs nothing. */
const CODE_POLICY: LockPolicy = { failures: 10, firstLockMs: 30_000, longestLockMs: 15 * 60_000 };

/** The drop-off page's question: is this code right? @throws "not-found", "forbidden", "throttled" */
export async function checkCode(world: World, ip: string, studyUuid: string, code: string): Promise<Provider | undefined> {
  const target = await findTarget(world.store.db, studyUuid);
  return acceptCode(world.store.db, world, target, code, ip);
}

/** Every check that makes sense without a drop, in the contract's order; for the parts of a parallel upload. */
export async function checkAnnouncement(world: World, said: Announcement): Promise<{ studyId: number }> {
  const target = await findTarget(world.store.db, said.studyUuid);
  await acceptCode(world.store.db, world, target, said.uploadCode, said.ip);
  acceptSize(said.sizeBytes, largestFor(target, world.settings.maxUploadBytes));
  acceptTarget(target);
  return { studyId: target.studyId };
}

/**
 * Checks what a provider announces and notes the drop, in the caller's transaction.
 * @throws "not-found" unknown study, "forbidden" code or file type, "invalid" name, "too-large", "conflict" closed or without
 *   storage, "throttled" too many wrong codes. Order and words: contract vre-broker §5.3.
 */
export async function announceDrop(tx: Tx, world: World, said: Announcement): Promise<Announced> {
  const target = await findTarget(tx, said.studyUuid);
  const provider = await acceptCode(tx, world, target, said.uploadCode, said.ip);
  const filename = acceptName(said.filename, world.settings.notAllowedExtensions);
  if (said.external) acceptNameInPlace(said.filename);
  acceptSize(said.sizeBytes, largestFor(target, world.settings.maxUploadBytes));
  acceptTarget(target);
  const declaredSha256 = acceptDeclaredSha256(said.declaredSha256);

  const receiptSecret = newSecretId();
  const drop = await drops(tx).add({
    publicId: newUuid(),
    studyId: target.studyId,
    invitationId: provider?.invitationId,
    filename,
    folder: safeFolders(said.folder).join("/"),
    mediaType: said.mediaType.slice(0, 255),
    sizeBytes: said.sizeBytes ?? 0,
    ip: said.ip,
    declaredSha256,
    encrypted: target.recipients.length > 0 || target.encryptedLocations > 0,
    blobKey: said.blobKey,
    external: said.external,
    receiptHash: sha256Hex(receiptSecret),
    receiptSealed: world.secrets.seal(receiptSecret, "drop.receipt"),
    language: provider?.language ?? said.language,
  });
  await record(tx, provider ? `invitation:${provider.invitationId}` : "provider", {
    verb: "drop.announced",
    kind: "drop",
    id: drop.id,
    study: target.studyId,
    data: { filename, ip: said.ip },
  });
  return { drop, dropId: drop.id, studyId: target.studyId, receiptSecret };
}

/** The first byte has come. */
export async function beginDrop(tx: Tx, dropId: number): Promise<void> {
  const drop = await drops(tx).lock(dropId);
  if (drop?.status !== "NEW") return;
  await drops(tx).change(dropId, { status: "UPLOADING" });
  await record(tx, "provider", { verb: "drop.uploading", kind: "drop", id: dropId, study: drop.studyId });
}

const ABANDONED = {
  expired: "The upload was not finished in time and was removed.",
  terminated: "The provider cancelled the upload.",
  checksum: "The bytes that arrived are not the bytes that the provider declared. They were not delivered.",
};

/** The upload will never be finished; what arrived of it is worth nothing. */
export async function abandonDrop(tx: Tx, _world: Needs<"clock">, dropId: number, why: keyof typeof ABANDONED): Promise<void> {
  const drop = await drops(tx).lock(dropId);
  if (drop?.status !== "NEW" && drop?.status !== "UPLOADING") return;
  await drops(tx).change(dropId, { status: "ERROR", statusMessage: ABANDONED[why], blobKey: null });
  await record(tx, why === "terminated" ? "provider" : "system", {
    verb: `drop.${why}`,
    kind: "drop",
    id: dropId,
    study: drop.studyId,
  });
}

async function findTarget(tx: Tx, studyUuid: string): Promise<Target> {
  const target = UUID.test(studyUuid) ? await drops(tx).target({ uploadUuid: studyUuid.toLowerCase() }) : undefined;
  if (!target) throw notFound("Unknown study");
  return target;
}

/** @returns the invited provider, or undefined for the study's general code */
async function acceptCode(
  tx: Tx,
  world: World,
  target: Target,
  given: string | undefined,
  ip: string,
): Promise<Provider | undefined> {
  const subjects = [`code:${target.studyId}:${ip}`];
  await assertNotLocked(world, subjects);
  const code = normalCode(given ?? "").slice(0, 64);
  const provider = code === "" ? undefined : await drops(tx).providerByCode(target.studyId, code);
  if (provider) return provider;
  if (code !== "" && sameSecret(code, normalCode(target.uploadCode))) return undefined;
  if (code !== "") await noteFailure(world, subjects, CODE_POLICY);
  throw new HavreError("forbidden", "Invalid upload code");
}
