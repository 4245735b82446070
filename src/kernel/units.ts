export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;
export const TIB = 1024 * GIB;

const UNITS: Record<string, number> = {
  "": 1,
  b: 1,
  k: KIB,
  kb: KIB,
  kib: KIB,
  m: MIB,
  mb: MIB,
  mib: MIB,
  g: GIB,
  gb: GIB,
  gib: GIB,
  t: TIB,
  tb: TIB,
  tib: TIB,
};

/** Reads "8 MiB", "512k", "1048576". Units are binary. Returns undefined for anything else. */
export function parseBytes(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  const unit = UNITS[match?.[2]?.toLowerCase() ?? ""];
  return match && unit !== undefined ? Math.round(Number(match[1]) * unit) : undefined;
}

/** "1.5 GiB", for people. */
export function formatBytes(bytes: number): string {
  for (const [name, size] of [
    ["TiB", 1024 * GIB],
    ["GiB", GIB],
    ["MiB", MIB],
    ["KiB", KIB],
  ] as const)
    if (bytes >= size) return `${(bytes / size).toFixed(bytes >= 100 * size ? 0 : 1)} ${name}`;
  return `${bytes} B`;
}
