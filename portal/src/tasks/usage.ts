import type { Sample } from "./types.ts";

/** Cores in use between each sample and the next, from how the used time grew. */
export function coresOf(samples: readonly Sample[]): number[] {
  return samples.slice(1).map((sample, place) => {
    const before = samples[place]!;
    const seconds = (Date.parse(sample.at) - Date.parse(before.at)) / 1000;
    return seconds > 0 ? Math.max(0, (sample.cpu_seconds - before.cpu_seconds) / seconds) : 0;
  });
}
