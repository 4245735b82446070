import { invalid } from "../../kernel/errors.ts";
import { GIB } from "../../kernel/units.ts";
import type { MaybeAmount, Part, PartAmount, PartKind, ProfileView } from "./model.ts";

/** How large an ordered machine is in all: GiB of memory and storage, and GPUs. Absent, or 0: as its profile has it. */
export const SIZES = ["memory_gb", "storage_gb", "gpus"] as const;
export type Sizes = Readonly<Partial<Record<(typeof SIZES)[number], number>>>;

export interface Extras {
  readonly extraMemory: MaybeAmount;
  readonly extraStorage: MaybeAmount;
  readonly extraGpu: MaybeAmount;
}
const NOTHING: MaybeAmount = { part: undefined, amount: 0 };
const wrong = (size: keyof Sizes, why: string) => invalid({ limits: [`${size}: ${why}`] });

/** What a machine of this profile needs beside it. Pure. @throws HavreError "invalid" for a size that its parts do not come to */
export function extrasFor(profile: ProfileView, parts: ReadonlyMap<number, Part>, sizes: Sizes): Extras {
  const offered = (kind: PartKind): Part[] =>
    [...parts.values()].filter(part => part.kind === kind && part.provider === profile.provider && part.isAvailable);
  const fill = (size: "memory_gb" | "storage_gb", kind: PartKind, base: PartAmount): MaybeAmount => {
    const wanted = sizes[size];
    if (!wanted) return NOTHING;
    const has = base.part.unitValue * base.amount;
    const more = wanted * GIB - has;
    if (more < 0) throw wrong(size, `Ensure this value is greater than or equal to ${has / GIB}.`);
    if (more === 0) return NOTHING;
    const units = offered(kind).filter(({ vmCode }) => vmCode === base.part.vmCode);
    const fitting = units.filter(({ unitValue }) => more % unitValue === 0).sort((a, b) => b.unitValue - a.unitValue)[0];
    if (fitting) return { part: fitting.id, amount: more / fitting.unitValue };
    const steps = units.map(({ unitValue }) => unitValue / GIB).sort((a, b) => a - b);
    throw wrong(size, `It comes as ${has / GIB} and steps of ${steps.join(" or ") || "nothing"} more.`);
  };
  return {
    extraMemory: fill("memory_gb", "memory", profile.memory),
    extraStorage: fill("storage_gb", "storage", profile.storage),
    extraGpu: gpusFor(profile, offered("gpu"), sizes.gpus ?? 0),
  };
}

function gpusFor({ gpu }: ProfileView, offered: readonly Part[], wanted: number): MaybeAmount {
  const has = gpu?.amount ?? 0;
  if (wanted === 0 || wanted === has) return NOTHING;
  if (wanted < has) throw wrong("gpus", `Ensure this value is greater than or equal to ${has}.`);
  const part = gpu && has > 0 ? gpu.part : offered[0];
  if (!part) throw wrong("gpus", "This provider has no GPUs.");
  return { part: part.id, amount: wanted - has };
}
