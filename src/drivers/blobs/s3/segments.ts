import { randomBytes } from "node:crypto";

/**
 * A blob in a bucket is a row of small objects that never change, its segments. A segment's name says all there is to know of it:
 *
 *   KEY/EPOCH-OPENED-OFFSET-BYTES      (hexadecimal, so that names sort like numbers)
 *
 * EPOCH is that of the writer, later for every writer of the blob; OPENED is where this writer began, hence where whatever an earlier one
 * wrote ends, also what arrives late from a writer that was thought dead; the segment has BYTES bytes from OFFSET on. One of no bytes
 * only says that its writer cut the blob at OPENED. So a listing alone tells what a blob is, every segment counts as soon as the server has
 * it, and nothing ever has to be put right after a crash.
 */
export interface Segment {
  readonly epoch: string;
  readonly opened: number;
  readonly offset: number;
  readonly bytes: number;
}

/** Bytes of a blob, as they lie in a segment: the first so many of it. */
export interface Range {
  readonly segment: Segment;
  readonly bytes: number;
}

export interface Layout {
  readonly sizeBytes: number;
  readonly ranges: readonly Range[];
}

const SHAPE = /^([0-9a-f]{16})-([0-9a-f]{12})-([0-9a-f]{12})-([0-9a-f]{8})$/;
const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, "0");

export const nameOf = ({ epoch, opened, offset, bytes }: Segment): string =>
  `${epoch}-${hex(opened, 12)}-${hex(offset, 12)}-${hex(bytes, 8)}`;

/** Undefined for what is no segment of ours. */
export function segmentOf(name: string): Segment | undefined {
  const [, epoch, ...numbers] = SHAPE.exec(name) ?? [];
  const [opened, offset, bytes] = numbers.map(digits => Number.parseInt(digits, 16));
  return epoch === undefined || opened === undefined || offset === undefined || bytes === undefined
    ? undefined
    : { epoch, opened, offset, bytes };
}

/** Later than every epoch that is there, and than those of writers who looked before now. Never the same for two. */
export function newEpoch(segments: readonly Segment[], now: number): string {
  const latest = segments.reduce((most, { epoch }) => Math.max(most, Number.parseInt(epoch.slice(0, 12), 16)), 0);
  return hex(Math.max(now, latest + 1), 12) + randomBytes(2).toString("hex");
}

/** What a blob is, from its segments in any order; undefined when there are none. */
export function layoutOf(segments: readonly Segment[]): Layout | undefined {
  if (segments.length === 0) return undefined;
  const epochs = Map.groupBy(segments, ({ epoch }) => epoch);
  let ranges: Range[] = [];
  let sizeBytes = 0;
  for (const epoch of [...epochs.keys()].sort()) {
    const written = (epochs.get(epoch) ?? []).toSorted((one, other) => one.offset - other.offset || one.bytes - other.bytes);
    const opened = written[0]?.opened ?? 0;
    // Its writer saw bytes that are not here: nothing of it can be used.
    if (opened > sizeBytes) continue;
    ranges = cutAt(ranges, opened);
    sizeBytes = opened;
    // Several are sent at a time: what came behind one that is missing does not count.
    for (const segment of written)
      if (segment.bytes > 0 && segment.offset === sizeBytes) {
        ranges.push({ segment, bytes: segment.bytes });
        sizeBytes += segment.bytes;
      }
  }
  return { sizeBytes, ranges };
}

function cutAt(ranges: readonly Range[], end: number): Range[] {
  const kept = ranges.filter(({ segment }) => segment.offset < end);
  const last = kept.pop();
  if (last !== undefined) kept.push({ segment: last.segment, bytes: Math.min(last.bytes, end - last.segment.offset) });
  return kept;
}
