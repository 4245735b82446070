import { INITIAL_CATALOGUE, loadCatalogue } from "../../core/machines/index.ts";
import type { PartKind, ProviderId } from "../../core/machines/model.ts";
import type { Person } from "../../core/people/model.ts";
import type { Settings } from "../../core/world.ts";
import { type WorkspaceChanges, workspaces } from "../../store/workspaces.ts";
import { type Answer, type Caller, type StudiesServer, studiesServerWith } from "./studies.fixture.ts";

/** The routes of machines on a server of their own, with the initial catalogue and a cloud that is there by name only. */
export interface MachinesServer extends StudiesServer {
  /** The id of a part, by its name. */
  part(kind: PartKind, name: string, provider?: ProviderId): number;
  profile(name: string, provider?: ProviderId): number;
  /** What asks for a small machine. */
  write(study: { readonly id: number }, more?: Readonly<Record<string, unknown>>): Record<string, unknown>;
  ask(as: Caller, study: { readonly id: number }, more?: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** One that was built. */
  built(as: Person, study: { readonly id: number }, more?: Readonly<Record<string, unknown>>): Promise<Answer["body"]>;
  setWorkspace(machine: { readonly id: number }, changes: WorkspaceChanges): Promise<void>;
  workspaceOf(machine: { readonly id: number }): Promise<number>;
  mailsTo(email: string): Promise<readonly { readonly kind: string; readonly subject: string; readonly text: string }[]>;
  /** Kinds of the errands that wait, and their payloads. */
  errands(): Promise<readonly { readonly kind: string; readonly payload: unknown }[]>;
}

export async function machinesServer(settings: Partial<Settings> = {}): Promise<MachinesServer> {
  const server = await studiesServerWith({ settings: { openstackUrl: "http://127.0.0.1:9/v3", ...settings } });
  const { world } = server;
  const { db } = world.store;
  await loadCatalogue(world, INITIAL_CATALOGUE, false);
  const parts = await db.selectFrom("machine_part").selectAll().execute();
  const profiles = await db.selectFrom("machine_profile").selectAll().execute();
  const idOf = (rows: readonly { id: number }[], what: string): number => {
    const [row] = rows;
    if (!row) throw new Error(`The catalogue has no ${what}.`);
    return row.id;
  };
  const part: MachinesServer["part"] = (kind, name, provider = "openstack") =>
    idOf(
      parts.filter(row => row.kind === kind && row.name === name && row.provider === provider),
      `${kind} ${name}`,
    );
  const profile: MachinesServer["profile"] = (name, provider = "openstack") =>
    idOf(
      profiles.filter(row => row.name === name && row.provider === provider),
      `profile ${name}`,
    );
  const write: MachinesServer["write"] = (study, more = {}) => {
    const provider = more.provider === "vrw" ? "vrw" : "openstack";
    return {
      name: "Machine",
      provider,
      study: study.id,
      profile: profile("Small", provider),
      operating_system: part("os", "Debian 13", provider),
      base_memory_type: part("memory", "4 GB block", provider),
      base_storage_type: part("storage", "10 GB block", provider),
      ...more,
    };
  };
  const ask: MachinesServer["ask"] = (as, study, more) => server.call(as, "POST", "/api/v1/virtualmachines/", write(study, more));
  const workspaceOf: MachinesServer["workspaceOf"] = async ({ id }) =>
    (await db.selectFrom("workspace").select("id").where("machine_id", "=", id).executeTakeFirstOrThrow()).id;
  const setWorkspace: MachinesServer["setWorkspace"] = async (machine, changes) => {
    await workspaces(db).update((await workspaceOf(machine)) as never, changes);
  };

  return {
    ...server,
    part,
    profile,
    write,
    ask,
    workspaceOf,
    setWorkspace,
    async built(as, study, more) {
      const { status, body } = await ask(as, study, more);
      if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
      await setWorkspace(body, { status: "DONE", power: "on", cloudId: `server-${body.id}`, task: null, taskSince: null });
      await db.deleteFrom("errand").where("kind", "=", "run-machine").execute();
      return body;
    },
    mailsTo: email =>
      db.selectFrom("mail").select(["kind", "subject", "text"]).where("recipient", "=", email).orderBy("id").execute(),
    errands: () => db.selectFrom("errand").select(["kind", "payload"]).orderBy("id").execute(),
  };
}
