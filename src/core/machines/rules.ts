import { HavreError, invalid } from "../../kernel/errors.ts";
import { parsePublicKey } from "../../kernel/ssh.ts";
import type { Amount, Machine, MachineInput, MaybeAmount, Part, PartKind, ProfileView, ProviderId } from "./model.ts";

/** What a machine may be made of. Pure: a request and the catalogue in, columns or a refusal of fields out. */

/** More of one part than this is a slip of the finger. */
const MOST = 10_000;

export interface Catalogue {
  readonly parts: ReadonlyMap<number, Part>;
  /** The one that was asked for, when it is there. */
  readonly profile: ProfileView | undefined;
}

export type Made = Pick<
  Machine,
  "osId" | "baseMemory" | "baseStorage" | "extraMemory" | "extraStorage" | "extraGpu" | "networkIds" | "sshPublicKey"
>;

/**
 * @param before the machine as it is: what it has it may keep, also when that is not offered any more
 * @throws HavreError "invalid" with every field's messages, in the names of the wire
 */
export function acceptParts(input: MachineInput, provider: ProviderId, catalogue: Catalogue, before?: Machine): Made {
  const problems: Record<string, string[]> = {};
  const complain = (field: string, message: string): void => {
    problems[field] = [...(problems[field] ?? []), message];
  };
  const kept = new Set<number | undefined>(before ? partIdsOf(before) : []);
  const need = (field: string, id: number, kind: PartKind): void => {
    const part = catalogue.parts.get(id);
    if (part?.kind !== kind) complain(field, `Invalid pk "${id}" - object does not exist.`);
    else if (part.provider !== provider) complain(field, "This part belongs to another provider.");
    else if (!part.isAvailable && !kept.has(id)) complain(field, "This part is not available any more.");
  };
  const count = (field: string, amount: number, least: number): void => {
    if (amount < least) complain(field, `Ensure this value is greater than or equal to ${least}.`);
    if (amount > MOST) complain(field, `Ensure this value is less than or equal to ${MOST}.`);
  };
  const base = (name: string, { part, amount }: Amount, kind: PartKind): void => {
    need(`base_${name}_type`, part, kind);
    count(`base_${name}_amount`, amount, 1);
  };
  const extra = (name: string, { part, amount }: MaybeAmount, kind: PartKind): void => {
    if (part !== undefined) need(`additional_${name}_type`, part, kind);
    else if (amount > 0) complain(`additional_${name}_type`, "Choose a type for this amount.");
    count(`additional_${name}_amount`, amount, 0);
  };

  acceptProfile(input.profile, provider, catalogue, before, complain);
  need("operating_system", input.os, "os");
  base("memory", input.baseMemory, "memory");
  base("storage", input.baseStorage, "storage");
  extra("gpu", input.extraGpu, "gpu");
  const gpu = catalogue.profile?.gpu;
  if (gpu && gpu.amount > 0 && input.extraGpu.amount > 0 && input.extraGpu.part !== gpu.part.id)
    complain("additional_gpu_type", `The profile comes with ${gpu.part.name}: take more of these, or another profile.`);
  extra("memory", input.extraMemory, "memory");
  extra("storage", input.extraStorage, "storage");
  const networks = [...new Set(input.networks ?? before?.networkIds ?? catalogue.profile?.networks.map(({ id }) => id) ?? [])];
  // Those of the profile were not chosen by anybody: what is not offered any more is left out.
  const networkIds = input.networks || before ? networks : networks.filter(id => catalogue.parts.get(id)?.isAvailable);
  for (const id of networkIds) need("networks", id, "network");
  const sshPublicKey = acceptKey(input.sshPublicKey, before, complain);
  if (Object.keys(problems).length > 0) throw invalid(problems);
  const { os: osId, baseMemory, baseStorage, extraMemory, extraStorage, extraGpu } = input;
  return { osId, baseMemory, baseStorage, extraMemory, extraStorage, extraGpu, networkIds, sshPublicKey };
}

type Complain = (field: string, message: string) => void;

function acceptProfile(
  id: number,
  provider: ProviderId,
  { profile }: Catalogue,
  before: Machine | undefined,
  complain: Complain,
) {
  if (!profile) complain("profile", `Invalid pk "${id}" - object does not exist.`);
  else if (profile.provider !== provider) complain("profile", "This profile belongs to another provider.");
  else if (!profile.isAvailable && before?.profileId !== id) complain("profile", "This profile is not available any more.");
}

function acceptKey(given: string | undefined, before: Machine | undefined, complain: Complain): string {
  if (given === undefined) return before?.sshPublicKey ?? "";
  if (given.trim() === "") return "";
  try {
    return parsePublicKey(given);
  } catch (error) {
    if (!(error instanceof HavreError)) throw error;
    complain("ssh_public_key", error.message);
    return "";
  }
}

const partIdsOf = ({ osId, baseMemory, baseStorage, extraMemory, extraStorage, extraGpu, networkIds }: Machine) => [
  osId,
  ...[baseMemory, baseStorage, extraMemory, extraStorage, extraGpu].map(({ part }) => part),
  ...networkIds,
];

type Sized = Pick<Machine, "baseMemory" | "baseStorage" | "extraMemory" | "extraStorage">;

const sizeOf = (parts: ReadonlyMap<number, Part>, amounts: readonly MaybeAmount[]): number =>
  amounts.reduce((sum, { part, amount }) => sum + (part === undefined ? 0 : (parts.get(part)?.unitValue ?? 0) * amount), 0);
export const totalMemory = ({ baseMemory, extraMemory }: Sized, parts: ReadonlyMap<number, Part>): number =>
  sizeOf(parts, [baseMemory, extraMemory]);
export const totalStorage = ({ baseStorage, extraStorage }: Sized, parts: ReadonlyMap<number, Part>): number =>
  sizeOf(parts, [baseStorage, extraStorage]);

/** The profile's, and those beside it: of one kind. */
export function totalGpus({ extraGpu }: Pick<Machine, "extraGpu">, profile: Pick<ProfileView, "gpu"> | undefined): MaybeAmount {
  const own = profile?.gpu && profile.gpu.amount > 0 ? profile.gpu : undefined;
  const amount = (own?.amount ?? 0) + extraGpu.amount;
  return { part: amount === 0 ? undefined : (own?.part.id ?? extraGpu.part), amount };
}

/** As the wire's profiles describe themselves (contract vre-broker §8); GPUs are not mentioned. */
export const describeProfile = ({ memory, storage }: Pick<ProfileView, "memory" | "storage">): string =>
  `${memory.amount} x ${memory.part.name} memory, ${storage.amount} x ${storage.part.name} storage`;

/** What a change asks of a machine that exists: nothing but words, or other parts. */
export type ChangeKind = "words" | "parts";

/**
 * @param isBuilt the provider has made something already
 * @throws HavreError "invalid" for what cannot be changed any more then
 */
export function changeKind(before: Machine, after: Made, isBuilt: boolean, parts: ReadonlyMap<number, Part>): ChangeKind {
  const differs = (name: keyof Made): boolean => JSON.stringify(before[name]) !== JSON.stringify(after[name]);
  if (isBuilt) {
    const problems: Record<string, string[]> = {};
    if (differs("osId"))
      problems.operating_system = ["The operating system of a machine that exists cannot be changed: make another machine."];
    if (differs("networkIds"))
      problems.networks = ["The networks of a machine that exists cannot be changed: make another machine."];
    if (differs("sshPublicKey"))
      problems.ssh_public_key = ["The machine has its key already: add another one inside the machine."];
    if (totalStorage(after, parts) < totalStorage(before, parts))
      problems.additional_storage_amount = ["Storage cannot become smaller: it holds data."];
    if (Object.keys(problems).length > 0) throw invalid(problems);
  }
  return (Object.keys(after) as (keyof Made)[]).some(differs) ? "parts" : "words";
}

const RESERVED = new Set([
  "root",
  "daemon",
  "bin",
  "sys",
  "admin",
  "adm",
  "nobody",
  "ubuntu",
  "debian",
  "cloud-user",
  "sudo",
  "operator",
]);
const MOST_LOGIN = 32;

/** A user name as Linux takes it, as near to the researcher's own as can be. */
export function loginName(username: string): string {
  const plain = username
    .normalize("NFKD")
    .toLowerCase()
    .replace(/@.*$/, "")
    .replace(/[^a-z0-9_-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  const safe = plain === "" || /^[^a-z_]/.test(plain) || RESERVED.has(plain) ? `r-${plain}`.replace(/-$/, "") : plain;
  return safe.slice(0, MOST_LOGIN);
}

/** A name for the cloud's own lists and the machine's host name: letters, digits and dashes. */
export const serverName = (name: string, id: number): string => {
  const slug = name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
  return `${slug === "" ? "machine" : slug}-${id}`;
};
