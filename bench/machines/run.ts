import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createMachine, INITIAL_CATALOGUE, loadCatalogue } from "../../src/core/machines/index.ts";
import { INITIAL_ORGANISATIONS, loadOrganisations } from "../../src/core/organisations/index.ts";
import { actorOf } from "../../src/core/people/model.ts";
import { createStudy } from "../../src/core/studies/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { people } from "../../src/store/people.ts";
import { Store } from "../../src/store/store.ts";
import { testSettings } from "../../test/harness/settings.ts";
import { type HavreUnderTest, removeFolder, startHavre } from "../shared/havre.ts";
import { cpuSeconds } from "../shared/processes.ts";
import { medianOf, printHeading, printTable } from "../shared/report.ts";

/**
 * The queue of the VRW group: machines that wait are claimed by several pullers at once, over HTTP, as their outside systems would.
 * Each list is oldest first and every puller takes it from the top, so that they meet at the same machines as often as they can.
 *   node bench/machines/run.ts [--rounds 3] [--machines 1000] [--pullers 8] [--page 50]
 */
const { values: asked } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    machines: { type: "string", default: "1000" },
    pullers: { type: "string", default: "8" },
    page: { type: "string", default: "50" },
  },
});
const waiting = Number(asked.machines);
const PULLER = { VRW_API_USER: "puller", VRW_API_PASSWORD: "a-puller-of-machines", VRW_API_EMAIL: "puller@example.org" };

interface Measured {
  readonly claimsPerSecond: number;
  readonly refused: number;
  readonly cpuMs: number;
}

const opened = new AsyncDisposableStack();
try {
  const dataDir = await mkdtemp(join(tmpdir(), "havre-bench-"));
  opened.defer(() => removeFolder(dataDir));
  const havre = await startHavre(dataDir, { DEMO: "0", ...PULLER });
  opened.defer(() => havre.stop());
  const store = new Store({ connection: await havre.database(), maxConnections: 4, onError: () => {} });
  opened.defer(() => store.close());
  const ask = await maker(store);
  printHeading(`${waiting} machines NEW, ${asked.pullers} pullers at once`);
  const rounds: Measured[] = [];
  for (let round = 0; round < Number(asked.rounds); round++) {
    process.stderr.write(`  round ${round + 1}/${asked.rounds}\n`);
    await ask(waiting);
    rounds.push(await race(havre, store, round));
  }
  const of = (number: (one: Measured) => number, digits = 0): string => medianOf(rounds, number).toFixed(digits);
  printTable(
    [`median of ${asked.rounds}`, "claims/s", "came too late", "CPU/claim"],
    [["Havre, 1 process", of(one => one.claimsPerSecond), of(one => one.refused), `${of(one => one.cpuMs, 2)} ms`]],
  );
  console.log("Each machine was claimed exactly once, by the puller that the database names.\n");
} finally {
  await opened.disposeAsync();
}

/** @returns asks for so many machines, with the core's own verb */
async function maker(store: Store): Promise<(count: number) => Promise<void>> {
  const world = { store, clock: systemClock, settings: testSettings() };
  await loadOrganisations(world, INITIAL_ORGANISATIONS);
  await loadCatalogue(world, INITIAL_CATALOGUE, false);
  const found = await store.db.selectFrom("person").select("id").where("username", "=", "puller").executeTakeFirstOrThrow();
  const researcher = await people(store.db).byId(found.id as Parameters<ReturnType<typeof people>["byId"]>[0]);
  if (!researcher) throw new Error("There is nobody.");
  const actor = actorOf(researcher);
  const field = await store.db.selectFrom("study_field").select("id").limit(1).executeTakeFirstOrThrow();
  const { study } = await createStudy(world, actor, {
    code: "B",
    name: "Bench",
    description: "",
    humanSubject: false,
    field: field.id,
  });
  const profile = await store.db
    .selectFrom("machine_profile")
    .selectAll()
    .where("provider", "=", "vrw")
    .executeTakeFirstOrThrow();
  const none = { part: undefined, amount: 0 };
  const input = {
    name: "Machine",
    provider: "vrw",
    study: study.id,
    profile: profile.id,
    os: profile.os_id,
    baseMemory: { part: profile.memory_id, amount: profile.memory_amount },
    baseStorage: { part: profile.storage_id, amount: profile.storage_amount },
    extraMemory: none,
    extraStorage: none,
    extraGpu: none,
  };
  return async count => {
    for (let n = 0; n < count; n++) await createMachine(world, actor, input);
  };
}

async function race(havre: HavreUnderTest, store: Store, round: number): Promise<Measured> {
  const { access } = (await call(havre, "POST", "/auth/jwt/create/", "", {
    username: PULLER.VRW_API_USER,
    password: PULLER.VRW_API_PASSWORD,
  }).then(answer => answer.json())) as { access: string };
  const claimed = new Map<number, string[]>();
  let refused = 0;
  const puller = async (own: string): Promise<void> => {
    for (;;) {
      const list = await call(havre, "GET", `/v1/vrw/workspaces/?status=NEW&page_size=${asked.page}`, access);
      const { results } = (await list.json()) as { results: { id: number }[] };
      if (results.length === 0) return;
      for (const { id } of results) {
        const body = { status: "UPDATING", remote_id: `${own}-${id}` };
        const { status } = await call(havre, "PATCH", `/v1/vrw/workspaces/${id}/status/`, access, body);
        if (status === 200) claimed.set(id, [...(claimed.get(id) ?? []), body.remote_id]);
        else if (status === 409) refused++;
        else throw new Error(`A claim was answered ${status}.`);
      }
    }
  };
  const [cpuBefore, start] = [cpuSeconds(havre.pid), performance.now()];
  await Promise.all(Array.from({ length: Number(asked.pullers) }, (_, n) => puller(`r${round}-p${n}`)));
  const seconds = (performance.now() - start) / 1000;
  const cpuMs = ((cpuSeconds(havre.pid) - cpuBefore) * 1000) / waiting;
  await judge(store, claimed, round);
  return { claimsPerSecond: waiting / seconds, refused, cpuMs };
}

/** Exactly once: nobody else was told so too, none is left, and the database says the same. */
async function judge(store: Store, claimed: ReadonlyMap<number, readonly string[]>, round: number): Promise<void> {
  const doubles = [...claimed].filter(([, by]) => by.length !== 1);
  if (claimed.size !== waiting || doubles.length > 0)
    throw new Error(`${claimed.size} of ${waiting} were claimed; twice: ${JSON.stringify(doubles)}`);
  const rows = await store.db.selectFrom("workspace").select(["id", "cloud_id", "status"]).execute();
  const ours = rows.filter(row => row.cloud_id.startsWith(`r${round}-`));
  const wrong = ours.filter(row => row.status !== "UPDATING" || claimed.get(row.id)?.[0] !== row.cloud_id);
  if (ours.length !== waiting || wrong.length > 0) throw new Error(`The database says otherwise: ${JSON.stringify(wrong)}`);
}

function call(havre: HavreUnderTest, method: string, path: string, token: string, body?: object): Promise<Response> {
  return fetch(`${havre.url}/api${path}`, {
    method,
    headers: { "content-type": "application/json", ...(token === "" ? {} : { authorization: `Bearer ${token}` }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
