import type pg from "pg";
import type { SmtpSink } from "./smtp-sink.ts";

/** Moments at which the plug is pulled: seen in the database, at the client or at the mail server, or any. */
export const PHASES = [
  "upload",
  "finish",
  "encryption",
  "delivery",
  "proof",
  "naming",
  "release",
  "mail",
  "mail accepted",
  "any time",
] as const;
export type Phase = (typeof PHASES)[number];

/** Of drops above $1, those of the round. */
const SEEN: Partial<Record<Phase, string>> = {
  upload: `select 1 from "drop" join upload on upload.drop_id = "drop".id where status = 'UPLOADING' and "drop".id > $1`,
  encryption: `select 1 from delivery where drop_id > $1 and state = 'sending' and key_sealed is not null and sent_sha256 is null`,
  delivery: `select 1 from delivery where drop_id > $1 and state = 'sending' and total_bytes > 1000000`,
  proof: `select 1 from delivery where drop_id > $1 and state = 'verifying'`,
  naming: `select 1 from delivery where drop_id > $1 and state = 'verifying' and final_path is not null`,
  release: `select 1 from errand where kind = 'release-blob'`,
};

export interface Watched {
  readonly database: pg.Pool;
  readonly sink: SmtpSink;
  readonly lastDropBefore: number;
  /** Resolves when a client has handed over its last byte. */
  readonly sent: Promise<unknown>;
  /** Resolves when there is nothing left to wait for. */
  readonly over: Promise<unknown>;
}

/** Waits for the moment. @returns false when it was not seen before everything was over */
export async function reach(phase: Phase, { database, sink, lastDropBefore, sent, over }: Watched): Promise<boolean> {
  if (phase === "any time") return true;
  let isOver = false;
  void over.then(() => {
    isOver = true;
  });
  if (phase === "finish") return firstOf(sent, over);
  if (phase === "mail" || phase === "mail accepted")
    return firstOf(new Promise<void>(resolve => sink.onNext(phase === "mail" ? "before" : "after", resolve)), over);
  const query = {
    name: phase,
    text: `select exists(${SEEN[phase]}) as seen`,
    values: phase === "release" ? [] : [lastDropBefore],
  };
  while (!isOver) if ((await database.query(query)).rows[0].seen) return true;
  return false;
}

const firstOf = (wanted: Promise<unknown>, other: Promise<unknown>): Promise<boolean> =>
  Promise.race([wanted.then(() => true), other.then(() => false)]);
