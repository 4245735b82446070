import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OpenstackEmulator, startOpenstack } from "../../emulators/openstack.ts";
import { loadCatalogue } from "../core/machines/index.ts";
import { aScene, type MarketBench, marketBench, type Scene } from "../core/market/market.fixture.ts";
import { createStorage } from "../core/storages/index.ts";
import type { World } from "../core/world.ts";
import { emulated } from "../drivers/cloud/openstack/emulated.fixture.ts";
import { makeOpenStorage } from "../drivers/storage/all.ts";
import { GIB } from "../kernel/units.ts";
import type { Cloud } from "../ports/cloud.ts";

const OPENSTACK = { provider: "openstack" } as const;
const CATALOGUE = {
  parts: [
    { ...OPENSTACK, kind: "memory", name: "Block", unitValue: GIB },
    { ...OPENSTACK, kind: "storage", name: "Volume", unitValue: GIB, vmCode: "fast" },
    { ...OPENSTACK, kind: "network", name: "Inside", unitValue: 1, networkType: "private", vmCode: "inside" },
    { ...OPENSTACK, kind: "network", name: "Outside", unitValue: 1, networkType: "public", vmCode: "outside" },
    { ...OPENSTACK, kind: "os", name: "Debian 13", vmCode: "debian-13" },
  ],
  profiles: [
    {
      ...OPENSTACK,
      name: "Small",
      os: "Debian 13",
      memory: ["Block", 1],
      storage: ["Volume", 1],
      networks: ["Inside", "Outside"],
    },
  ],
} as const;
/** How an offering says that its resources are machines of the catalogue. */
export const MACHINE = { machine_provider: "openstack", machine_profile: "Small" } as const;

/** For tests of what orders make: a market with a cloud and a storage behind it, and errands that are run by hand. */
export interface MadeBench {
  readonly bench: MarketBench;
  readonly world: World;
  readonly scene: Scene;
  readonly emulator: OpenstackEmulator;
  readonly cloud: Cloud;
  /** On the disk, with the seller's storage in `pool`. */
  readonly folder: string;
  readonly storage: number;
  /** What was written of it, one line each. */
  readonly log: readonly string[];
  close(): Promise<void>;
}

/** @param stepMs of the cloud. @param answerWithinMs how long a driver waits for it */
export async function madeBench(
  { stepMs, answerWithinMs }: { readonly stepMs: number; readonly answerWithinMs: number },
  maxConnections?: number,
): Promise<MadeBench> {
  const folder = await mkdtemp(join(tmpdir(), "havre-shares-"));
  await mkdir(join(folder, "pool"));
  const bench = await marketBench({ openstackUrl: "http://cloud.example.org/v3" }, maxConnections);
  const log: string[] = [];
  const write = (facts: object, message?: string): void => void log.push(`${JSON.stringify(facts)} ${message}`);
  const world = {
    ...bench.world,
    openStorage: makeOpenStorage({ egressAllow: [], folderRoots: [folder] }),
    log: { debug: write, info: write, warn: write, error: write },
  } as unknown as World;
  await loadCatalogue(world, CATALOGUE, false);
  const emulator = await startOpenstack({ stepMs });
  const cloud = emulated(emulator, { answerWithinMs });
  const scene = await aScene(bench);
  const pool = { name: "Pool", engine: "FOLDER", address: join(folder, "pool"), username: "", password: "" };
  const { id: storage } = await createStorage(world, { ...scene.seller, isStaff: true }, pool);
  return {
    bench,
    world,
    scene,
    emulator,
    cloud,
    folder,
    storage,
    log,
    async close() {
      await cloud.close();
      await emulator.stop();
      await bench.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
