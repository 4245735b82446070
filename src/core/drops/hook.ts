import { HavreError, notFound } from "../../kernel/errors.ts";
import { safeName } from "../../kernel/paths.ts";
import { sameSecret } from "../../kernel/secrets.ts";
import { deliveries } from "../../store/deliveries.ts";
import { drops } from "../../store/drops.ts";
import { externalDrops } from "../../store/external-drops.ts";
import type { Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import { type Actor, personOf } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { announceDrop } from "./announce.ts";
import { addHop } from "./custody.ts";
import { parkDelivery } from "./deliver.ts";
import { receiptSecretOf } from "./mails.ts";
import type { Delivery, Destination, Drop, Provider } from "./model.ts";
import { settle } from "./settle.ts";

/**
 * An external upload daemon (tusd) asks and reports here; its hook script, not Havre, moves the bytes. Same verbs as the native
 * way where they exist. Contract vre-broker §5.3, with the weaknesses of the old script that it lists.
 */
export interface HookCall {
  readonly hook: "pre-create" | "post-finish";
  readonly uploadId: string;
  readonly sizeBytes: number | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** Path of the finished file on the daemon's machine. */
  readonly path: string;
  readonly done: boolean;
  readonly failed: boolean;
  readonly errorMessage: string;
  /** The delivery that a report is about, from callers that know it. */
  readonly deliveryId: number | undefined;
  readonly sharedSecret: string;
}

export interface HookAnswer {
  readonly drop: Drop;
  readonly provider: Provider | undefined;
  /** Empty for callers who are no supertoken: they get no credentials. */
  readonly storages: readonly HookStorage[];
  readonly receiptSecret: string;
}

export interface HookStorage {
  readonly deliveryId: number;
  readonly engine: string;
  readonly location: string;
  readonly username: string;
  readonly password: string;
  readonly path: string;
  readonly encryptionPassword: string;
}

type World = Needs<"store" | "clock" | "secrets" | "settings">;
const UNKNOWN_NAME = "We_Do_Not_Know_The_Original_Name.unknown";

/** @throws what the checks of an announcement throw; "conflict" when there is no storage to send to */
export async function receiveHook(world: World, actor: Actor, call: HookCall): Promise<HookAnswer> {
  const trusted = mustBeHook(world, actor, call.sharedSecret);
  return world.store.transaction(async tx => {
    if (call.hook === "pre-create") return preCreate(tx, world, call);
    const drop = await findOrAnnounce(tx, world, call);
    if (call.done || call.failed) await report(tx, world, drop, call);
    else await finish(tx, world, drop, call);
    return answer(tx, world, drop, trusted);
  });
}

/** @returns whether the caller may be told the storages' credentials */
function mustBeHook(world: World, actor: Actor, given: string): boolean {
  const person = personOf(actor);
  if (person?.isSuperuser) return true;
  if (person) throw new HavreError("forbidden", "You do not have permission to perform this action.");
  const { webhookSharedSecret } = world.settings;
  if (webhookSharedSecret !== "" && given !== "" && sameSecret(given, webhookSharedSecret)) return false;
  throw new HavreError("unauthenticated", "Authentication credentials were not provided.");
}

const announcementOf = (call: HookCall, filename: string) => ({
  studyUuid: call.metadata.study ?? "",
  uploadCode: call.metadata.upload_code ?? call.metadata.code,
  filename,
  folder: call.metadata.relativePath ?? "",
  mediaType: call.metadata.filetype ?? call.metadata.type ?? "",
  sizeBytes: call.sizeBytes,
  declaredSha256: call.metadata.sha256,
  ip: call.metadata.ip ?? "",
  language: "en" as const,
  blobKey: undefined,
});
const nameOf = (call: HookCall): string => call.metadata.filename ?? call.metadata.name ?? "";

async function preCreate(tx: Tx, world: World, call: HookCall): Promise<HookAnswer> {
  const { drop, receiptSecret } = await announceDrop(tx, world, {
    ...announcementOf(call, nameOf(call)),
    external: { daemon: "tusd" },
  });
  return { drop, provider: undefined, storages: [], receiptSecret };
}

/** At pre-create there is no id, at post-finish no drop number: paired by what both know, the oldest first. */
async function findOrAnnounce(tx: Tx, world: World, call: HookCall): Promise<Drop> {
  const known =
    (call.metadata.drop !== undefined && (await externalDrops(tx).byPublicId(call.metadata.drop))) ||
    (await externalDrops(tx).byUploadId(call.uploadId));
  if (known) return known;
  if (call.done || call.failed) throw notFound("Unknown upload");
  const filename = nameOf(call) || UNKNOWN_NAME;
  const code = call.metadata.upload_code ?? call.metadata.code ?? "";
  const waiting = await externalDrops(tx).waiting({
    studyUuid: call.metadata.study ?? "",
    filename: safeName(filename),
    sizeBytes: call.sizeBytes ?? 0,
    ip: call.metadata.ip ?? "",
    code,
  });
  return waiting ?? (await announceDrop(tx, world, { ...announcementOf(call, filename), external: { daemon: "tusd" } })).drop;
}

async function finish(tx: Tx, world: World, given: Drop, call: HookCall): Promise<void> {
  const drop = await drops(tx).lock(given.id);
  if (!drop || drop.receivedAt !== undefined) return;
  const destinations = await deliveries(tx).destinations(drop.studyId);
  // A reply without storages makes the old script delete the file: it must hear "no" instead.
  if (destinations.length === 0) throw new HavreError("conflict", "Study has no storage");
  const sizeBytes = call.sizeBytes ?? drop.sizeBytes;
  await drops(tx).change(drop.id, {
    sizeBytes,
    status: "UPLOADED",
    receivedAt: world.clock.now(),
    external: { daemon: "tusd", id: call.uploadId, path: call.path },
  });
  const by = drop.invitationId === undefined ? "provider" : `invitation:${drop.invitationId}`;
  await addHop(tx, world, drop, {
    hop: "received",
    by,
    facts: { filename: drop.filename, folder: drop.folder, sizeBytes, ip: drop.ip, daemon: "tusd" },
  });
  await record(tx, by, {
    verb: "drop.received",
    kind: "drop",
    id: drop.id,
    study: drop.studyId,
    data: { filename: drop.filename, sizeBytes },
  });
  for (const destination of destinations) {
    const id = await deliveries(tx).add(drop.id, destination, sizeBytes, destination.passphraseSealed !== undefined);
    if (id !== undefined) await deliveries(tx).change(id, { state: "sending", attempts: 1, startedAt: world.clock.now() });
  }
  await settle(tx, world, drop.id);
}

/** Reports of the old script name no storage: they come in the order of the list. */
async function report(tx: Tx, world: World, given: Drop, call: HookCall): Promise<void> {
  const drop = await drops(tx).lock(given.id);
  if (!drop) return;
  const unproved = (await deliveries(tx).ofDrops([drop.id])).filter(delivery => delivery.state !== "done");
  const delivery =
    call.deliveryId === undefined ? nextReported(unproved, call) : unproved.find(({ id }) => id === call.deliveryId);
  if (!delivery) return;
  // The script's body object keeps an earlier failure's `error: 1`: together with `done` it means that this one succeeded.
  if (call.done) await closeReported(tx, world, drop, delivery);
  else
    await parkDelivery(
      tx,
      world,
      drop,
      delivery,
      new HavreError("protocol", call.errorMessage || "The uploader reported a failure."),
    );
}

/** A success may come after we gave up waiting for it; then it is believed. */
const nextReported = (unproved: readonly Delivery[], { done }: HookCall): Delivery | undefined =>
  unproved.find(({ state }) => state !== "parked") ??
  (done ? unproved.find(({ reasonKind }) => reasonKind === "timeout") : undefined);

async function closeReported(tx: Tx, world: World, drop: Drop, delivery: Delivery): Promise<void> {
  await deliveries(tx).change(delivery.id, {
    state: "done",
    sentBytes: drop.sizeBytes,
    finishedAt: world.clock.now(),
    reason: "",
    reasonKind: null,
  });
  await addHop(tx, world, drop, {
    hop: "delivered",
    by: "hook",
    facts: { delivery: delivery.id, storage: delivery.storageName, sizeBytes: drop.sizeBytes },
  });
  await record(tx, "hook", {
    verb: "delivery.done",
    kind: "delivery",
    id: delivery.id,
    study: drop.studyId,
    data: { drop: drop.id },
  });
  await settle(tx, world, drop.id);
}

async function answer(tx: Tx, world: World, drop: Drop, trusted: boolean): Promise<HookAnswer> {
  const destinations = new Map(
    (await deliveries(tx).destinations(drop.studyId)).map(destination => [destination.locationId, destination]),
  );
  const rows = await deliveries(tx).ofDrops([drop.id]);
  const storages = trusted
    ? rows.flatMap(delivery => storageOf(world, drop, delivery, destinations.get(delivery.locationId ?? -1)) ?? [])
    : [];
  if (storages.length > 0)
    await record(tx, "hook", {
      verb: "storage.credentials-shown",
      kind: "drop",
      id: drop.id,
      study: drop.studyId,
      data: { storages: storages.length },
    });
  const provider =
    drop.invitationId === undefined ? undefined : (await drops(tx).providers([drop.invitationId])).get(drop.invitationId);
  return { drop, provider, storages, receiptSecret: receiptSecretOf(world, drop) };
}

function storageOf(world: World, drop: Drop, delivery: Delivery, destination: Destination | undefined): HookStorage | undefined {
  if (!destination) return undefined;
  return {
    deliveryId: delivery.id,
    engine: destination.engine,
    location: destination.address,
    username: destination.username,
    password: world.secrets.openText(destination.passwordSealed, "storage.password"),
    path: [destination.path, destination.uploadPath, drop.folder].filter(part => part !== "").join("/"),
    encryptionPassword: destination.passphraseSealed
      ? world.secrets.openText(destination.passphraseSealed, "location.passphrase")
      : "",
  };
}

const SILENT_MS = 60 * 60_000;

/** A hook script that died without a report leaves its deliveries open: an hour of silence is a failure, its file is kept. */
export async function sweepExternalDrops(world: World): Promise<void> {
  const silentSince = new Date(world.clock.now().getTime() - SILENT_MS);
  for (const id of await externalDrops(world.store.db).silent(silentSince))
    await world.store.transaction(async tx => {
      const drop = await drops(tx).lock(id);
      if (!drop) return;
      for (const delivery of await deliveries(tx).ofDrops([id]))
        if (delivery.state !== "done" && delivery.state !== "parked")
          await parkDelivery(tx, world, drop, delivery, new HavreError("timeout", "no report from the uploader"));
    });
}
