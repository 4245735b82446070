import { GIB } from "../../kernel/units.ts";
import type { CatalogueData, PartData, ProfileData, ProviderId } from "./model.ts";

/**
 * A catalogue to begin with, for both providers. What the provider itself calls a part (`vmCode`) is the most usual name; an
 * operator's own file writes over it: `havre admin load virtual_machine FILE`, docs/machines.md.
 */
const UNIT = (provider: ProviderId, kind: "memory" | "storage", name: string, gib: number, vmCode = ""): PartData => ({
  kind,
  provider,
  name,
  unitValue: gib * GIB,
  vmCode,
});

const partsOf = (
  provider: ProviderId,
  codes: { ubuntu: string; debian: string; volume: string; inside: string; outside: string },
) =>
  [
    UNIT(provider, "memory", "4 GB block", 4),
    UNIT(provider, "memory", "16 GB block", 16),
    UNIT(provider, "storage", "10 GB block", 10, codes.volume),
    UNIT(provider, "storage", "100 GB block", 100, codes.volume),
    { kind: "network", provider, name: "Research network", unitValue: 1, networkType: "private", vmCode: codes.inside },
    { kind: "network", provider, name: "Internet", unitValue: 1, networkType: "public", vmCode: codes.outside },
    { kind: "os", provider, name: "Ubuntu 24.04", vmCode: codes.ubuntu },
    { kind: "os", provider, name: "Debian 13", vmCode: codes.debian },
  ] as const satisfies readonly PartData[];

const PROFILES: readonly Omit<ProfileData, "provider">[] = [
  {
    name: "Small",
    os: "Ubuntu 24.04",
    memory: ["4 GB block", 1],
    storage: ["10 GB block", 2],
    networks: ["Research network"],
  },
  {
    name: "Medium",
    os: "Ubuntu 24.04",
    memory: ["4 GB block", 4],
    storage: ["100 GB block", 1],
    networks: ["Research network"],
  },
  {
    name: "Large",
    os: "Ubuntu 24.04",
    memory: ["16 GB block", 4],
    storage: ["100 GB block", 5],
    networks: ["Research network"],
  },
];
const WITH_GPU: Omit<ProfileData, "provider"> = {
  name: "Large with a GPU",
  os: "Ubuntu 24.04",
  memory: ["16 GB block", 4],
  storage: ["100 GB block", 5],
  gpu: ["GPU", 1],
  networks: ["Research network"],
};

const bothOf = (provider: ProviderId): readonly ProfileData[] =>
  [...PROFILES, WITH_GPU].map(profile => ({ ...profile, provider }));

export const INITIAL_CATALOGUE: CatalogueData = {
  parts: [
    ...partsOf("vrw", { ubuntu: "ubuntu-24.04", debian: "debian-13", volume: "", inside: "research", outside: "internet" }),
    { kind: "os", provider: "vrw", name: "Windows 11", vmCode: "windows-11" },
    { kind: "gpu", provider: "vrw", name: "GPU", vmCode: "gpu" },
    ...partsOf("openstack", { ubuntu: "ubuntu-24.04", debian: "debian-13", volume: "", inside: "private", outside: "public" }),
    { kind: "gpu", provider: "openstack", name: "GPU", vmCode: "gpu" },
  ],
  profiles: [...bothOf("vrw"), ...bothOf("openstack")],
};
