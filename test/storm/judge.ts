import { rmSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { filesIn } from "../faults/sending.ts";
import { sha256OfFile, sha256OfSealed } from "./age.ts";
import type { Harbour, Place, StormStudy } from "./harbour.ts";
import type { HandedIn } from "./provider.ts";

export interface Sent extends HandedIn {
  readonly to: StormStudy;
}

export type Fault = "lost" | "twice" | "wrong" | "left behind";

export interface Verdict {
  readonly faults: readonly { readonly fault: Fault; readonly what: string }[];
  /** Copies that were read and have the right bytes. */
  readonly deliveries: number;
  readonly deliveredBytes: number;
}

interface DropRow {
  readonly id: number;
  readonly study_id: number;
  readonly name: string;
  readonly size_bytes: number;
  readonly sha256: string;
  readonly blob_key: string | null;
  readonly paths: readonly (string | null)[];
}

/** Collects what is wrong, so that one round tells everything at once. */
type Find = (fault: Fault, what: string) => void;

/**
 * Looks at what a round left behind, with other eyes than Havre's: the age program, the disks, the mail server.
 * Everything handed in must be there once per place, byte for byte, and nothing else.
 */
export async function judge(
  harbour: Harbour,
  database: pg.Pool,
  lastDropBefore: number,
  sent: readonly Sent[],
  killed: Date,
): Promise<Verdict> {
  const faults: { fault: Fault; what: string }[] = [];
  const find: Find = (fault, what) => void faults.push({ fault, what });
  const drops = await dropsSince(database, lastDropBefore);
  judgeDrops(drops, sent, find);
  const copies: DropRow[] = [];
  for (const { study, places } of Object.values(harbour.studies))
    for (const [index, place] of places.entries())
      copies.push(
        ...(await judgePlace(
          place,
          index,
          drops.filter(drop => drop.study_id === study.id),
          find,
        )),
      );
  for (const { name, blob_key } of drops) if (blob_key !== null) find("left behind", `the bytes of ${name}, all delivered`);
  await judgeBlobs(harbour, database, killed, find);
  await judgeMails(harbour, database, drops, find);
  return { faults, deliveries: copies.length, deliveredBytes: copies.reduce((sum, { size_bytes }) => sum + size_bytes, 0) };
}

async function dropsSince(database: pg.Pool, lastDropBefore: number): Promise<DropRow[]> {
  const { rows } = await database.query(
    `select "drop".id::int, "drop".study_id::int, original_filename as name, size_bytes::int, sha256, blob_key,
            array_agg(final_path order by delivery.location_id) as paths
     from "drop" join delivery on delivery.drop_id = "drop".id
     where "drop".id > $1 and status = 'DONE' group by "drop".id`,
    [lastDropBefore],
  );
  return rows;
}

function judgeDrops(drops: readonly DropRow[], sent: readonly Sent[], find: Find): void {
  for (const one of sent) {
    const found = drops.filter(({ name }) => name === one.name);
    if (found.length === 0) find("lost", `${one.name} was accepted and is no drop`);
    // A file of no bytes is finished by its creation: a client whose answer was lost has to hand it in again.
    if (found.length > (one.sizeBytes === 0 ? one.creations : 1)) find("twice", `${one.name} became ${found.length} drops`);
    for (const { sha256 } of found) if (sha256 !== one.sha256) find("wrong", `${one.name} arrived with other bytes`);
  }
}

/** @returns the drops whose copy here is right */
async function judgePlace({ root, key }: Place, index: number, drops: readonly DropRow[], find: Find): Promise<DropRow[]> {
  const good: DropRow[] = [];
  const unexplained = new Set(filesIn(root));
  for (const drop of drops) {
    const file = drop.paths[index]?.split("/").at(-1) ?? "";
    const path = join(root, file);
    if (!unexplained.delete(file)) {
      find("lost", `${drop.name} has no copy of its own at ${path}`);
      continue;
    }
    const sha256 = await (key ? sha256OfSealed(path, key) : sha256OfFile(path)).catch(error => String(error));
    if (sha256 === drop.sha256) good.push(drop);
    else find("wrong", `${path}: ${sha256}`);
  }
  for (const file of unexplained) find(file.startsWith(".") ? "left behind" : "twice", join(root, file));
  return good;
}

/** A kill comes so much later, at most, than what it cut short was committed. */
const CUT_SHORT_MS = 5_000;

/** No bytes stay that belong to nothing, but those of uploads that ended just when the plug was pulled: they wait for the daily sweep. */
async function judgeBlobs({ havre }: Harbour, database: pg.Pool, killed: Date, find: Find): Promise<void> {
  const { rows } = await database.query(
    `select blob_key, ended_at is not null as swept from upload
     where finished_at is null and ended_at is null or ended_at between $1 and $2`,
    [new Date(killed.getTime() - CUT_SHORT_MS), killed],
  );
  const open = new Map(rows.map(row => [row.blob_key, row]));
  for (const name of filesIn(join(havre.dataDir, "uploads"))) {
    const upload = open.get(name);
    if (!upload) find("left behind", `uploaded bytes ${name} that belong to nothing`);
    else if (upload.swept) rmSync(join(havre.dataDir, "uploads", name));
  }
}

/** One letter per drop, kind and reader; the mail server has heard of each, and of no other. */
async function judgeMails({ sink }: Harbour, database: pg.Pool, drops: readonly DropRow[], find: Find): Promise<void> {
  const { rows } = await database.query("select unique_key, message_id, state from mail");
  for (const { message_id, unique_key, state } of rows)
    if (state !== "sent" || !sink.letters.has(message_id)) find("lost", `the mail ${unique_key}, which is ${state}`);
  const ids = new Set(rows.map(row => row.message_id));
  for (const id of sink.letters.keys()) if (!ids.has(id)) find("twice", `the mail ${id}, of which Havre knows nothing`);
  const keys = new Set(rows.map(row => row.unique_key));
  for (const { id, name } of drops)
    for (const kind of ["arrived", "delivered"])
      if (!keys.has(`drop:${id}:${kind}`)) find("lost", `the mail "${kind}" about ${name}`);
}
