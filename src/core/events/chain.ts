import { canonicalJson } from "../../kernel/canonical.ts";
import { sha256Hex } from "../../kernel/secrets.ts";
import { type EventRow, events } from "../../store/events.ts";
import type { Needs } from "../world.ts";

const FIRST = "0".repeat(64);
const BATCH = 500;

const linkHash = (previous: string, seq: number, event: EventRow): string =>
  sha256Hex(
    canonicalJson({
      previous,
      seq,
      id: event.id,
      at: event.at.toISOString(),
      actor: event.actor,
      verb: event.verb,
      kind: event.objectKind,
      object: event.objectId,
      study: event.studyId ?? null,
      data: event.data,
    }),
  );

/** Links committed events into the audit chain. @returns how many; call again while it is a full batch */
export async function sealEvents(world: Needs<"store">): Promise<number> {
  return world.store.transaction(async tx => {
    const log = events(tx);
    await log.lockChain();
    const last = await log.lastSeal();
    let { seq, hash } = last ?? { seq: 0, hash: FIRST };
    const batch = await log.unsealed(BATCH);
    const links = batch.map(event => {
      seq += 1;
      hash = linkHash(hash, seq, event);
      return { id: event.id, seq, hash };
    });
    if (links.length > 0) await log.seal(links);
    return links.length;
  });
}

/** Walks the whole chain. @returns the first sequence number that does not fit, or undefined: nothing was altered or removed */
export async function brokenLink(world: Needs<"store">): Promise<{ checked: number; brokenAt: number | undefined }> {
  let hash = FIRST;
  let seq = 0;
  for (;;) {
    const batch = await events(world.store.db).sealed(seq, BATCH);
    for (const event of batch) {
      seq += 1;
      hash = linkHash(hash, seq, event);
      if (event.seq !== seq || event.hash !== hash) return { checked: seq, brokenAt: seq };
    }
    if (batch.length < BATCH) return { checked: seq, brokenAt: undefined };
  }
}
