import { useRef } from "react";
import type { Delivery } from "../api/types.ts";
import { smoothRate } from "../units.ts";

type Seen = { bytes: number; atMs: number; rate: number | undefined };

/** Bytes per second of a running delivery, from how its count moved between two looks at it. */
export function useRate({ state, bytes_done, updated_at }: Delivery): number | undefined {
  const seen = useRef<Seen>(undefined);
  const atMs = Date.parse(updated_at);
  const before = seen.current;
  if (state !== "RUNNING") seen.current = undefined;
  else if (!before || bytes_done < before.bytes) seen.current = { bytes: bytes_done, atMs, rate: undefined };
  else if (atMs - before.atMs >= 500 && bytes_done > before.bytes)
    seen.current = {
      bytes: bytes_done,
      atMs,
      rate: smoothRate(before.rate, bytes_done - before.bytes, (atMs - before.atMs) / 1000),
    };
  return seen.current?.rate;
}
