import { canonicalJson } from "../../kernel/canonical.ts";
import { sha256Hex, verifySignature } from "../../kernel/secrets.ts";
import { custody } from "../../store/custody.ts";
import type { Tx } from "../../store/store.ts";
import type { Needs } from "../world.ts";
import type { Drop, Hop } from "./model.ts";

const FIRST = "0".repeat(64);

/** What one hop's hash covers. Verifying needs nothing but this function, SHA-256 and Ed25519; see docs/receipts.md. */
export const hopHash = (dropPublicId: string, hop: Pick<Hop, "seq" | "hop" | "at" | "by" | "facts" | "previous">): string =>
  sha256Hex(
    canonicalJson({
      drop: dropPublicId,
      seq: hop.seq,
      hop: hop.hop,
      at: hop.at,
      by: hop.by,
      facts: hop.facts,
      previous: hop.previous,
    }),
  );

/** Adds the next hop of a drop's chain, in the transaction of what it tells about. The drop is locked by the caller. */
export async function addHop(
  tx: Tx,
  world: Needs<"clock" | "secrets">,
  drop: Pick<Drop, "id" | "publicId">,
  step: Pick<Hop, "hop" | "by" | "facts">,
): Promise<void> {
  const last = await custody(tx).last(drop.id);
  const unsigned = { seq: (last?.seq ?? 0) + 1, at: world.clock.now().toISOString(), previous: last?.hash ?? FIRST, ...step };
  const hash = hopHash(drop.publicId, unsigned);
  await custody(tx).add(drop.id, { ...unsigned, hash, signature: world.secrets.sign(hash), publicKey: world.secrets.publicKey });
}

export interface ReceiptDocument {
  readonly format: "havre-receipt/1";
  readonly issuer: string;
  readonly drop: { readonly id: string; readonly [fact: string]: unknown };
  readonly hops: readonly Omit<Hop, "publicKey">[];
  readonly publicKey: string;
}

export interface Verdict {
  readonly ok: boolean;
  /** One line per hop, or what is wrong. */
  readonly findings: readonly string[];
}

/**
 * Checks a receipt with nothing but itself: order, links, hashes, signatures.
 * @param trustedKey the server's published key; without it the verdict says only that the receipt is consistent in itself
 */
export function verifyReceipt(document: unknown, trustedKey?: string): Verdict {
  const receipt = document as Partial<ReceiptDocument>;
  if (
    receipt?.format !== "havre-receipt/1" ||
    !Array.isArray(receipt.hops) ||
    typeof receipt.publicKey !== "string" ||
    typeof receipt.drop?.id !== "string"
  )
    return { ok: false, findings: ["This is not a Havre receipt (format havre-receipt/1)."] };
  if (trustedKey !== undefined && trustedKey !== receipt.publicKey)
    return { ok: false, findings: ["The receipt is signed with another key than the one given."] };
  if (receipt.hops.length === 0) return { ok: false, findings: ["The receipt has no hops."] };
  const findings: string[] = [];
  let previous = FIRST;
  for (const [index, hop] of receipt.hops.entries()) {
    const wrong = wrongWith(receipt.drop.id, hop, index + 1, previous, receipt.publicKey);
    if (wrong) return { ok: false, findings: [...findings, `${index + 1}. ${hop.hop}: ${wrong}`] };
    findings.push(`${hop.seq}. ${hop.at} ${hop.hop}: hash and signature are right`);
    previous = hop.hash;
  }
  const differing = differingFact(receipt as ReceiptDocument);
  return differing ? { ok: false, findings: [...findings, differing] } : { ok: true, findings };
}

function wrongWith(
  dropId: string,
  hop: Omit<Hop, "publicKey">,
  seq: number,
  previous: string,
  publicKey: string,
): string | undefined {
  if (hop.seq !== seq) return "a hop is missing or out of order";
  if (hop.previous !== previous) return "it does not link to the hop before it";
  if (hopHash(dropId, hop) !== hop.hash) return "its facts are not those that were hashed";
  if (!verifySignature(hop.hash, hop.signature, publicKey)) return "its signature does not fit the key";
  return undefined;
}

/** The summary on top of a receipt is unsigned: whatever it repeats must be what the signed hops say. */
function differingFact({ drop, hops }: ReceiptDocument): string | undefined {
  const received = hops.find(hop => hop.hop === "received")?.facts ?? {};
  for (const fact of ["filename", "sizeBytes", "sha256"])
    if (drop[fact] !== undefined && drop[fact] !== null && received[fact] !== drop[fact])
      return `The summary's ${fact} is not what the signed chain says.`;
  return undefined;
}
