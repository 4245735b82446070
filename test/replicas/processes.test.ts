import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ADMIN, type Havre, startHavre, until } from "../harness/havre.ts";

const PROCESSES = 3;
/** How long a change may take to count in another process when the word of it is lost; it hardly ever is. */
const EVERYWHERE_MS = 1_000;

/** A connection of its own for each request: any of the processes may get it. */
async function ask(havre: Havre, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${havre.url}${path}`, { ...init, headers: { connection: "close", ...init.headers } });
}

describe("several processes behind one port", () => {
  let havre: Havre;
  let token: string;

  before(async () => {
    havre = await startHavre({ env: { SERVE_PROCESSES: String(PROCESSES), LOG_LEVEL: "info" } });
    token = await newToken();
  });
  after(() => havre?.stop());

  async function newToken(): Promise<string> {
    const body = JSON.stringify(ADMIN);
    const login = await ask(havre, "/api/auth/jwt/create/", {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
    const { access } = (await login.json()) as { access: string };
    const made = await ask(havre, "/api/auth/tokens/api/", {
      method: "POST",
      body: JSON.stringify({ current_password: ADMIN.password }),
      headers: { authorization: `Bearer ${access}`, "content-type": "application/json" },
    });
    assert.ok(made.ok, await made.clone().text());
    return ((await made.json()) as { token: string }).token;
  }
  const me = async (key: string): Promise<number> =>
    (await ask(havre, "/api/auth/users/me/", { headers: { authorization: `Token ${key}` } })).status;
  /** Those that answered, by their log. */
  const answering = (): Set<number> =>
    new Set(
      havre.log
        .filter(line => line.includes('"path":"/api/auth/users/me/"'))
        .map(line => (JSON.parse(line) as { pid: number }).pid),
    );

  it("all answer, and know the same people", async () => {
    await until(async () => (await me(token)) === 200 && answering().size === PROCESSES, "each of them to have answered");
    assert.ok(!answering().has(havre.pid ?? 0), "the first only hands over");
  });

  it("refuse a token that is void everywhere, soon after one of them made it void", async () => {
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < PROCESSES; n++) assert.equal(await me(token), 200);
      const old = token;
      token = await newToken();
      const since = performance.now();
      let slowest = 0;
      while (performance.now() - since < 300) if ((await me(old)) === 200) slowest = performance.now() - since;
      assert.ok(slowest < EVERYWHERE_MS, `after ${slowest} ms`);
      assert.equal(await me(token), 200);
    }
  });

  it("tell their numbers together", async () => {
    const metrics = await (await ask(havre, "/metrics")).text();
    const counted = [...metrics.matchAll(/^havre_http_request_seconds_count\{.*users\/me.*\} (\d+)$/gm)];
    const requests = counted.reduce((sum, [, count]) => sum + Number(count), 0);
    const logged = havre.log.filter(line => line.includes('"path":"/api/auth/users/me/"')).length;
    assert.ok(requests > 0 && Math.abs(requests - logged) <= 1, `${requests} counted, ${logged} in the log`);
    assert.match(metrics, /^havre_tasks\{state="all"\} 0$/m);
  });

  it("go on when one is killed, and another takes its place", async () => {
    const [victim = 0] = answering();
    havre.log.length = 0;
    process.kill(victim, "SIGKILL");
    // Until the kernel has ended it, its part of the port is open, and what is connected to it goes down with it.
    await until(async () => havre.log.some(line => line.includes("another takes its place")), "its end");
    for (let n = 0; n < 3 * PROCESSES; n++) assert.equal(await me(token), 200);
    await until(async () => {
      await me(token);
      return answering().size === PROCESSES && !answering().has(victim);
    }, "as many as before");
  });

  it("end with the first, also when that is killed", async () => {
    const gone = (): Promise<boolean> =>
      ask(havre, "/healthz").then(
        () => false,
        () => true,
      );
    await havre.kill();
    await until(gone, "the port to be free");
    await havre.start();
    assert.equal(await me(token), 200);
    const since = performance.now();
    assert.equal(await havre.end(), 0);
    assert.ok(performance.now() - since < 20_000, "none had to be killed");
    assert.ok(await gone());
  });
});
