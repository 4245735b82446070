import { workspaces } from "../../store/workspaces.ts";
import { INITIAL_ORGANISATIONS, loadOrganisations } from "../organisations/index.ts";
import { type Actor, actorOf, type Person } from "../people/model.ts";
import { aPerson, type PeopleBench, peopleBench } from "../people/people.fixture.ts";
import { createStudy } from "../studies/index.ts";
import type { Settings, World } from "../world.ts";
import { createMachine, INITIAL_CATALOGUE, loadCatalogue } from "./index.ts";
import type { CatalogueData, MachineInput, PartKind, ProviderId, Workspace } from "./model.ts";

/** For tests of machines: a researcher with a study, a catalogue, and a clock that stands still. */
export interface MachineBench extends Pick<PeopleBench, "close"> {
  readonly world: World;
  readonly clock: PeopleBench["world"]["clock"];
  readonly person: Person;
  readonly actor: Actor;
  /** Lines of the log. */
  readonly log: string[];
  /** A small machine. @returns its id and its workspace's */
  machine(provider?: ProviderId, more?: Partial<MachineInput>): Promise<{ readonly id: number; readonly workspace: number }>;
  part(kind: PartKind, name: string, provider?: ProviderId): Promise<number>;
  input(provider?: ProviderId, more?: Partial<MachineInput>): Promise<MachineInput>;
  /** Undefined when it is gone. */
  workspace(id: number): Promise<Workspace | undefined>;
  events(machine: number): Promise<string[]>;
  mails(): Promise<readonly { readonly kind: string; readonly subject: string; readonly text: string }[]>;
  /** What the errand of a machine waits for. */
  errand(workspace: number): Promise<{ readonly attempts: number } | undefined>;
}

export async function machineBench(
  settings: Partial<Settings> = {},
  catalogue: CatalogueData = INITIAL_CATALOGUE,
): Promise<MachineBench> {
  const bench = await peopleBench();
  const log: string[] = [];
  const write = (facts: object, message?: string): void => void log.push(`${JSON.stringify(facts)} ${message}`);
  const world: World = {
    ...bench.with({ openstackUrl: "http://cloud.example.org/v3", ...settings }),
    log: { debug: write, info: write, warn: write, error: write },
  };
  const { db } = world.store;
  await loadOrganisations(world, INITIAL_ORGANISATIONS);
  await loadCatalogue(world, catalogue, false);
  const person = await aPerson(bench.world, { password: undefined, firstName: "Robin", lastName: "Vos" });
  const actor = actorOf(person);
  const field = (await db.selectFrom("study_field").select("id").limit(1).executeTakeFirstOrThrow()).id;
  const { study } = await createStudy(world, actor, { code: "S", name: "A study", description: "", humanSubject: false, field });

  const part: MachineBench["part"] = async (kind, name, provider = "openstack") => {
    const rows = db.selectFrom("machine_part").select("id").where("kind", "=", kind).where("name", "=", name);
    return (await rows.where("provider", "=", provider).executeTakeFirstOrThrow()).id;
  };
  const input: MachineBench["input"] = async (provider = "openstack", more = {}) => {
    const profiles = db.selectFrom("machine_profile").selectAll().where("provider", "=", provider).orderBy("id");
    const profile = await profiles.executeTakeFirstOrThrow();
    return {
      name: "Machine",
      provider,
      study: study.id,
      profile: profile.id,
      os: profile.os_id,
      baseMemory: { part: profile.memory_id, amount: profile.memory_amount },
      baseStorage: { part: profile.storage_id, amount: profile.storage_amount },
      extraMemory: { part: undefined, amount: 0 },
      extraStorage: { part: undefined, amount: 0 },
      extraGpu: { part: undefined, amount: 0 },
      ...more,
    };
  };
  return {
    world,
    clock: bench.world.clock,
    person,
    actor,
    log,
    part,
    input,
    async machine(provider, more) {
      const made = await createMachine(world, actor, await input(provider, more));
      return { id: made.machine.id, workspace: made.workspace.id };
    },
    workspace: id => workspaces(db).byId(id),
    async events(machine) {
      const rows = db
        .selectFrom("event")
        .select("verb")
        .where("object_kind", "=", "machine")
        .where("object_id", "=", String(machine));
      return (await rows.orderBy("id").execute()).map(({ verb }) => verb);
    },
    mails: () =>
      db.selectFrom("mail").select(["kind", "subject", "text"]).where("kind", "like", "machine-%").orderBy("id").execute(),
    async errand(workspace) {
      const rows = db.selectFrom("errand").select("attempts").where("kind", "=", "run-machine");
      return rows.where("unique_key", "=", String(workspace)).executeTakeFirst();
    },
    close: bench.close,
  };
}
