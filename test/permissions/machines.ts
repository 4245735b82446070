import { createMachine, INITIAL_CATALOGUE, loadCatalogue } from "../../src/core/machines/index.ts";
import type { MachineInput } from "../../src/core/machines/model.ts";
import { type Actor, actorOf, type Person } from "../../src/core/people/model.ts";
import { machines } from "../../src/store/machines.ts";
import { workspaces } from "../../src/store/workspaces.ts";
import type { BenchWorld } from "./bench.ts";

/** Machines of one researcher, and what they are made of. */
export interface MachineScene {
  readonly study: number;
  /** In a cloud, running, with secrets to get in. */
  readonly id: number;
  /** The workspace of one that an outside system builds. */
  readonly queued: number;
  /** What a new one is made of, in the words of the wire. */
  readonly parts: Readonly<Record<string, number>>;
  /** One of each list. */
  readonly catalogue: Readonly<Record<"gpu" | "memory" | "network" | "os" | "profiles" | "storage", number>>;
  readonly secrets: { readonly loginKey: string; readonly password: string };
}

/** A cloud that is there by name only: nothing works in the background here. */
export const CLOUD_ENV = {
  OPENSTACK_AUTH_URL: "http://127.0.0.1:9/v3",
  OPENSTACK_USERNAME: "havre",
  OPENSTACK_PASSWORD: "the-password-of-the-cloud",
  OPENSTACK_PROJECT: "havre",
};

export async function aMachineScene(
  world: BenchWorld,
  researcher: Person,
  study: number,
  secrets: MachineScene["secrets"],
): Promise<MachineScene> {
  // Written over: somebody may have withdrawn or renamed what an earlier scene had.
  await loadCatalogue(world, INITIAL_CATALOGUE, true);
  const actor = actorOf(researcher);
  const clouded = await ingredients(world, "openstack");
  const { machine, workspace } = await createMachine(world, actor, inputOf(clouded, "openstack", study));
  const { db } = world.store;
  await machines(db).putAccess(machine.id, {
    username: "robin",
    ip: "192.0.2.7",
    publicKey: "ssh-ed25519 AAAA",
    loginKeySealed: world.secrets.seal(secrets.loginKey, "machine.login-key"),
    passwordSealed: world.secrets.seal(secrets.password, "machine.password"),
  });
  await workspaces(db).update(workspace.id, { status: "DONE", power: "on", cloudId: "server-1", task: null });
  await db.deleteFrom("errand").where("kind", "=", "run-machine").execute();
  const queued = await aQueued(world, actor, study);
  return { study, id: machine.id, queued, parts: wordsOf(clouded), catalogue: clouded, secrets };
}

async function aQueued(world: BenchWorld, actor: Actor, study: number): Promise<number> {
  const made = await createMachine(world, actor, inputOf(await ingredients(world, "vrw"), "vrw", study));
  return made.workspace.id;
}

type Ingredients = MachineScene["catalogue"];

async function ingredients({ store: { db } }: BenchWorld, provider: string): Promise<Ingredients> {
  const part = async (kind: string): Promise<number> => {
    const rows = db.selectFrom("machine_part").select("id").where("provider", "=", provider).where("kind", "=", kind);
    return (await rows.where("is_available", "=", true).orderBy("id").executeTakeFirstOrThrow()).id;
  };
  const profiles = db.selectFrom("machine_profile").select("id").where("provider", "=", provider).orderBy("id");
  return {
    gpu: await part("gpu"),
    memory: await part("memory"),
    network: await part("network"),
    os: await part("os"),
    storage: await part("storage"),
    profiles: (await profiles.where("is_available", "=", true).executeTakeFirstOrThrow()).id,
  };
}

const inputOf = ({ profiles, os, memory, storage }: Ingredients, provider: string, study: number): MachineInput => ({
  name: "Machine",
  provider,
  study,
  profile: profiles,
  os,
  baseMemory: { part: memory, amount: 1 },
  baseStorage: { part: storage, amount: 1 },
  extraMemory: { part: undefined, amount: 0 },
  extraStorage: { part: undefined, amount: 0 },
  extraGpu: { part: undefined, amount: 0 },
});

const wordsOf = ({ profiles, os, memory, storage }: Ingredients) => ({
  profile: profiles,
  operating_system: os,
  base_memory_type: memory,
  base_storage_type: storage,
});
