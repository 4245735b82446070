import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { HavreError } from "../../../../kernel/errors.ts";
import { readIfThere, replaceFile } from "../../../files.ts";
import type { Records } from "../records.ts";
import type { Cages } from "./cages.ts";
import { openRlimits } from "./rlimits.ts";
import { findVersion1, version1 } from "./version1.ts";
import { findVersion2, version2 } from "./version2.ts";

/** "auto": the best that this machine allows. */
export type CageKind = "auto" | Cages["kind"];

interface Found {
  readonly kind: Cages["kind"];
  readonly bases: Readonly<Record<string, string>>;
}

/**
 * All processes of a home, the next Havre too, must look for cages in the same place, wherever in the tree of groups they run: the
 * place is noted when it is first found, and holds until the machine starts anew.
 * @throws HavreError "unavailable" when exactly this kind is asked for and cannot be had
 */
export async function openCages(home: string, records: Records, kind: CageKind = "auto"): Promise<Cages> {
  const note = join(home, "cages");
  const known = JSON.parse((await readIfThere(note)) ?? "null") as Found | null;
  const isKnown = known !== null && (kind === "auto" || kind === known.kind) && (await allThere(Object.values(known.bases)));
  const found = isKnown ? known : await find(createHash("sha256").update(home).digest("hex").slice(0, 12), kind);
  if (!isKnown) await replaceFile(note, JSON.stringify(found));
  if (found.kind === "cgroup v2") return version2(found.bases);
  return found.kind === "cgroup v1" ? version1(found.bases) : openRlimits(records);
}

async function find(mark: string, kind: CageKind): Promise<Found> {
  const second = kind === "auto" || kind === "cgroup v2" ? await findVersion2(mark) : undefined;
  if (second) return { kind: "cgroup v2", bases: second };
  const first = kind === "auto" || kind === "cgroup v1" ? await findVersion1(mark) : undefined;
  if (first) return { kind: "cgroup v1", bases: first };
  if (kind !== "auto" && kind !== "rlimits")
    throw new HavreError("unavailable", `Control groups cannot be used here (${kind}).`, { retry: "never" });
  return { kind: "rlimits", bases: {} };
}

const allThere = async (folders: readonly string[]): Promise<boolean> =>
  (await Promise.all(folders.map(folder => stat(folder).catch(() => undefined)))).every(found => found !== undefined);
