import { chmod, mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sql } from "kysely";
import { readConfig } from "../../src/config.ts";
import { addPerson } from "../../src/core/people/index.ts";
import { actorOf, type PersonActor, SYSTEM } from "../../src/core/people/model.ts";
import { act, chooseNext, listOver, showTask, submitTask } from "../../src/core/tasks/index.ts";
import { aCluster, aSpec, type TaskWorld } from "../../src/core/tasks/tasks.fixture.ts";
import { findEmbedded } from "../../src/drivers/postgres/embedded.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { Secrets } from "../../src/kernel/secrets.ts";
import { Store } from "../../src/store/store.ts";
import { cagesGoAhead } from "../shared/ahead.ts";
import { startHavre } from "../shared/havre.ts";
import { cpuSeconds } from "../shared/processes.ts";

/**
 * What tasks cost: durable submits over HTTP, tasks that do nothing from end to end on this machine, the wait of whoever comes last while
 * another's many tasks wait, one choice with many waiting, and an array of a million. slurm.ts beside it compares with a Slurm.
 *   node bench/tasks/run.ts [--submits 5000] [--clients 32] [--tasks 2000] [--depth 10000] [--queued 100000] [--choices 100] [--only overHttp]
 */
const { values } = parseArgs({
  options: {
    submits: { type: "string", default: "5000" },
    clients: { type: "string", default: "32" },
    tasks: { type: "string", default: "2000" },
    depth: { type: "string", default: "10000" },
    queued: { type: "string", default: "100000" },
    choices: { type: "string", default: "100" },
    only: { type: "string", default: "" },
  },
});
const [submits, clients, ended, depth, queued, choices] = [
  values.submits,
  values.clients,
  values.tasks,
  values.depth,
  values.queued,
  values.choices,
].map(Number) as [number, number, number, number, number, number];
const SECRET = "a secret of the benchmark, long enough for all";
const quantile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
const say = (what: string, how: string): void => console.log(`${what.padEnd(52)} ${how}`);

const home = await mkdtemp(join(tmpdir(), "havre-bench-"));
await chmod(home, 0o711); // accounts of tasks pass through
const env = {
  SECRET_KEY: SECRET,
  TASK_RATE_LIMIT_ALL: "0",
  COMPUTE_DIR: join(home, "compute"),
  COMPUTE_CPU: "64",
  COMPUTE_MEMORY: "64 GiB",
  DEMO: "0",
  ...(process.env.NODE_OPTIONS === undefined ? {} : { NODE_OPTIONS: process.env.NODE_OPTIONS }),
};
const havre = await startHavre(join(home, "data"), env);
const connection = await findEmbedded(join(home, "data"));
if (!connection) throw new Error("No database.");
await cagesGoAhead(env.COMPUTE_DIR);
const store = new Store({ connection, maxConnections: 4, onError: () => {} });
const world: TaskWorld = {
  store,
  clock: systemClock,
  secrets: new Secrets(SECRET),
  settings: { ...readConfig(env), mailIsCaught: true },
  close: async () => {},
};
const person = async (): Promise<PersonActor> => {
  const username = `p${Math.random().toString(36).slice(2)}`;
  return actorOf(await addPerson(world, SYSTEM, { username, email: "", isActive: true }, "correct-Horse-7-battery"));
};
const agent = new Agent({ keepAlive: true, maxSockets: 1000 });

function call(method: string, path: string, body: unknown, token = ""): Promise<Record<string, unknown>> {
  const bytes = Buffer.from(JSON.stringify(body));
  const headers = {
    "content-type": "application/json",
    "content-length": String(bytes.length),
    ...(token ? { authorization: `Bearer ${token}` } : {}),
  };
  return new Promise((resolve, reject) => {
    const asked = request(`${havre.url}${path}`, { method, headers, agent }, async response => {
      const pieces: Buffer[] = [];
      for await (const piece of response) pieces.push(piece as Buffer);
      if (response.statusCode === 200) resolve(JSON.parse(Buffer.concat(pieces).toString()) as Record<string, unknown>);
      else reject(new Error(`${response.statusCode} ${Buffer.concat(pieces)}`));
    });
    asked.on("error", reject);
    asked.end(bytes);
  });
}

try {
  for (const part of [overHttp, endToEnd, idleShare, decisions, array]) if (part.name.includes(values.only)) await part();
} finally {
  await store.close();
  await havre.stop();
  await rm(home, { recursive: true, force: true });
}

async function overHttp(): Promise<void> {
  const actor = await person();
  const { ownKey } = await import("../../src/core/tasks/index.ts");
  const { key } = await ownKey(world, actor);
  const { token } = await call("POST", "/api/1.0/authenticate", { user: actor.username, apikey: key });
  const task = {
    meta: { name: "bench" },
    requirements: { cpu: 1, ram: 0.1 },
    container: { image: "host" },
    command: { cmd: "true" },
    status: { primary: "created" },
  };
  const times: number[] = [];
  let left = submits;
  const [start, cpu] = [performance.now(), cpuSeconds(havre.pid)];
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (left-- > 0) {
        const at = performance.now();
        await call("POST", "/api/1.0/task", task, String(token));
        times.push(performance.now() - at);
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  const used = cpuSeconds(havre.pid) - cpu;
  times.sort((a, b) => a - b);
  say(
    `durable submits over HTTP, ${clients} clients`,
    `${Math.round(submits / seconds)} /s (≥ 500), p50 ${quantile(times, 0.5).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms, ${((used / submits) * 1000).toFixed(2)} ms of CPU each`,
  );
}

async function endToEnd(): Promise<void> {
  const actor = await person();
  const start = performance.now();
  for (let n = 0; n < ended; n += 100)
    await Promise.all(
      Array.from({ length: Math.min(100, ended - n) }, () =>
        submitTask(world, actor, { spec: aSpec({ memoryMib: 16, script: Buffer.from("true") }), isKeptBack: false }),
      ),
    );
  for (;;) {
    const { rows } = await sql<{
      n: number;
    }>`select count(*) as n from task where person_id = ${actor.id} and state <> 'over'`.execute(store.db);
    if (rows[0]?.n === 0) break;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  const seconds = (performance.now() - start) / 1000;
  const { rows } = await sql<{
    bad: number;
  }>`select count(*) filter (where exit_code <> 0) as bad from task where person_id = ${actor.id}`.execute(store.db);
  if (rows[0]?.bad !== 0) throw new Error(`${rows[0]?.bad} tasks failed.`);
  say(
    `${ended} tasks that do nothing, end to end`,
    `${seconds.toFixed(1)} s, ${(ended / seconds).toFixed(0)} /s, ${((seconds / ended) * 1000).toFixed(1)} ms each`,
  );
}

/** One has many short tasks that wait; others, who had nothing, come with one each. */
async function idleShare(): Promise<void> {
  const greedy = await person();
  const first = await submitTask(world, greedy, {
    spec: aSpec({ memoryMib: 16, script: Buffer.from("sleep 0.3") }),
    isKeptBack: true,
  });
  await sql`
    insert into task (id, person_id, name, image, script, spec, cpu, memory_mib, walltime_seconds, cluster, state, queued_at)
    select nextval('task_id'), person_id, name, image, script, spec, cpu, memory_mib, walltime_seconds, cluster, 'pending', now()
    from task, generate_series(1, ${depth}) where id = ${first}`.execute(store.db);
  await sql`select pg_notify('havre_task', '')`.execute(store.db);
  const waits: number[] = [];
  for (let n = 0; n < 20; n++) {
    const actor = await person();
    const id = await submitTask(world, actor, { spec: aSpec({ memoryMib: 16, script: Buffer.from("true") }), isKeptBack: false });
    for (;;) {
      const { task } = await showTask(world, actor, id);
      if (task.startedAt && task.queuedAt && task.state === "over") {
        waits.push(task.startedAt.getTime() - task.queuedAt.getTime());
        break;
      }
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }
  const { rows } = await sql<{
    n: number;
  }>`select count(*) as n from task where person_id = ${greedy.id} and state = 'pending'`.execute(store.db);
  await sql`update task set state = 'over', ended_at = now() where person_id = ${greedy.id} and state = 'pending'`.execute(
    store.db,
  );
  waits.sort((a, b) => a - b);
  say(
    `whoever had nothing, with ${rows[0]?.n} of another waiting`,
    `waits p50 ${quantile(waits, 0.5)} ms, longest ${waits.at(-1)} ms (< 2000)`,
  );
}

/** On a cluster of its own name, which nothing drives. */
async function decisions(): Promise<void> {
  const people = await Promise.all(Array.from({ length: 50 }, person));
  await aCluster(world, 16);
  await sql`update compute_cluster set name = 'bench', place = 9 where name = 'local' and engine = 'local' and said = ''`.execute(
    store.db,
  );
  const first = await submitTask(world, people[0]!, { spec: aSpec(), isKeptBack: true });
  for (const { id } of people)
    await sql`
      insert into compute_account (person_id, uid, gid) values (${id}, ${id + 1000}, ${id + 1000}) on conflict do nothing`.execute(
      store.db,
    );
  await sql`
    insert into task (id, person_id, name, image, script, spec, cpu, memory_mib, walltime_seconds, cluster, state, queued_at)
    select nextval('task_id'), (${people.map(({ id }) => id)}::bigint[])[1 + n % 50], name, image, script, spec, 1 + n % 4, 64, 60 + n % 3600, 'bench', 'pending', now()
    from task, generate_series(1, ${queued}) n where id = ${first}`.execute(store.db);
  await sql`analyze task`.execute(store.db);
  const times: number[] = [];
  for (let n = 0; n < choices; n++) {
    const at = performance.now();
    await chooseNext(world, "bench");
    times.push(performance.now() - at);
    if (n % 4 === 3)
      await sql`update task_run set state = 'ended', is_forgotten = true where cluster = 'bench' and id in (select id from task_run where cluster = 'bench' and state <> 'ended' limit 8)`.execute(
        store.db,
      );
  }
  times.sort((a, b) => a - b);
  say(
    `one choice with ${queued} waiting, 50 people`,
    `p50 ${quantile(times, 0.5).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms (< 100)`,
  );
}

async function array(): Promise<void> {
  const actor = await person();
  const timed = async <T>(actIt: () => Promise<T>): Promise<[T, string]> => {
    const at = performance.now();
    const result = await actIt();
    return [result, `${(performance.now() - at).toFixed(0)} ms`];
  };
  const [id, submit] = await timed(() =>
    submitTask(world, actor, { spec: aSpec({ array: { first: 1, last: 1_000_000, step: 1 } }), isKeptBack: true }),
  );
  const [, one] = await timed(() => showTask(world, actor, id + 654_321));
  const [, killed] = await timed(() => act(world, actor, { id, act: "kill" }));
  const [, page] = await timed(() =>
    listOver(world, actor, { everybody: false, descending: true, offset: 400_000, limit: 100, countAll: true }),
  );
  say("an array of 1,000,000", `submit ${submit} (< 1 s), one element ${one}, kill ${killed} (< 1 s), a page ${page} (< 100 ms)`);
}
