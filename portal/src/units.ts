const BYTES = [
  ["TiB", 1024 ** 4],
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
] as const;

/** "1.5 GiB" or, in Dutch, "1,5 GiB". Units are binary, as everywhere in Havre. */
export function bytes(sizeBytes: number, language: string): string {
  for (const [name, unitBytes] of BYTES)
    if (sizeBytes >= unitBytes) {
      const value = sizeBytes / unitBytes;
      return `${value.toLocaleString(language, { maximumFractionDigits: value >= 100 ? 0 : 1 })} ${name}`;
    }
  return `${sizeBytes} B`;
}

/** Whole percent, and 100 only when really all is there. */
export function percent(done: number, total: number): number {
  if (total <= 0) return done >= total ? 100 : 0;
  return done >= total ? 100 : Math.min(99, Math.floor((done / total) * 100));
}

/** "12 s", "3 min", "2 h 5 min": short, the same in every language of the portal but for the hour. */
export function duration(seconds: number, hour: string): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} ${hour} ${minutes % 60} min`;
}

export function moment(iso: string, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(iso));
}

export function day(iso: string, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(iso));
}

/**
 * A speed that follows what happens without jumping about.
 * @param before bytes per second so far, undefined at the first measurement
 * @returns the new speed, with a time constant of some five seconds
 */
export function smoothRate(before: number | undefined, movedBytes: number, seconds: number): number {
  const now = movedBytes / seconds;
  if (before === undefined) return now;
  const weight = 1 - Math.exp(-seconds / 5);
  return before + (now - before) * weight;
}
