import { HavreError } from "../../../kernel/errors.ts";
import { formatBytes, GIB, MIB } from "../../../kernel/units.ts";
import type { CloudPlan } from "../../../ports/cloud.ts";

/** A size that Nova offers. */
export interface Flavor {
  readonly id: string;
  readonly name: string;
  readonly memoryMib: number;
  readonly diskGib: number;
  readonly cpus: number;
  /** What is special about it, GPUs among other things. */
  readonly extra: Readonly<Record<string, string>>;
}

export interface Wanted {
  /** By name or id; "" for the smallest that will do. */
  readonly flavor: string;
  readonly memoryBytes: number;
  /** Of the disk that comes with the flavour. */
  readonly diskBytes: number;
  readonly gpu: CloudPlan["gpu"];
}

/**
 * The flavour for a machine: the one that was named when it is large enough, else the smallest that is. One with GPUs is only
 * for who asks for GPUs.
 * @throws HavreError "invalid" when none will do
 */
export function chooseFlavor(flavors: readonly Flavor[], wanted: Wanted): Flavor {
  if (wanted.flavor !== "") {
    const named = flavors.find(({ id, name }) => name === wanted.flavor || id === wanted.flavor);
    if (!named) throw new HavreError("invalid", `OpenStack: there is no flavour "${wanted.flavor}".`);
    if (!isEnough(named, wanted))
      throw new HavreError("invalid", `OpenStack: the flavour "${wanted.flavor}" is too small for ${inWords(wanted)}.`);
    return named;
  }
  const [best] = flavors.filter(flavor => isEnough(flavor, wanted) && (wanted.gpu !== undefined || !hasGpu(flavor))).sort(bySize);
  if (!best) throw new HavreError("invalid", `OpenStack: no flavour has ${inWords(wanted)}.`);
  return best;
}

const isEnough = (flavor: Flavor, { memoryBytes, diskBytes, gpu }: Wanted): boolean =>
  flavor.memoryMib * MIB >= memoryBytes &&
  flavor.diskGib * GIB >= diskBytes &&
  (gpu === undefined || gpusOf(flavor, gpu.code) >= gpu.amount);

const bySize = (a: Flavor, b: Flavor): number =>
  a.memoryMib - b.memoryMib || a.cpus - b.cpus || a.diskGib - b.diskGib || a.name.localeCompare(b.name, "en");

/** "a100:2,t4:1" of the PCI alias, or the count of a resource class: the two ways in which Nova's flavours have GPUs. */
function gpusOf({ extra }: Flavor, code: string): number {
  const alias = (extra["pci_passthrough:alias"] ?? "").split(",").map(part => part.trim().split(":"));
  const byAlias = Number(alias.find(([name]) => name === code)?.[1] ?? 0);
  return Math.max(byAlias, Number(extra[`resources:${code}`] ?? 0)) || 0;
}

const hasGpu = ({ extra }: Flavor): boolean =>
  extra["pci_passthrough:alias"] !== undefined || Object.keys(extra).some(key => /^resources:.*(GPU|PGPU|VGPU)/.test(key));

function inWords({ memoryBytes, diskBytes, gpu }: Wanted): string {
  const words = [`${formatBytes(memoryBytes)} of memory`];
  if (diskBytes > 0) words.push(`a disk of ${formatBytes(diskBytes)}`);
  if (gpu) words.push(`${gpu.amount} × GPU "${gpu.code}"`);
  return words.join(", ");
}
