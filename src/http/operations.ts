import type { FastifyInstance, FastifyRequest } from "fastify";
import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { disprovedCopies } from "../core/drops/index.ts";
import { errandLag } from "../core/errands/index.ts";
import { machineCounts } from "../core/machines/index.ts";
import { storageTrials } from "../core/storages/index.ts";
import { type PushedMetric, pushedMetrics, taskCounts } from "../core/tasks/index.ts";
import type { World } from "../core/world.ts";
import { asHavreError } from "../kernel/errors.ts";
import { sameSecret } from "../kernel/secrets.ts";
import { plainAddress } from "./address.ts";
import { metricsOfAll, shareMetrics } from "./processes.ts";

/** Errands may be this late before /readyz says so: the operator looks before the researchers ask. */
const MAX_LAG_SECONDS = 300;

/** /healthz: this process lives. /readyz: it can work. /metrics: numbers for Prometheus. */
export function operations(app: FastifyInstance, world: World, metricsToken: string): void {
  app.get("/healthz", { schema: { hide: true }, logLevel: "silent" }, async () => ({ status: "ok" }));

  app.get("/readyz", { schema: { hide: true }, logLevel: "silent" }, async (_request, reply) => {
    const checks = {
      database: await passes(() => world.store.check()),
      blobs: await passes(() => world.blobs.check()),
      errands: await passes(async () => {
        const { oldestSeconds } = await errandLag(world);
        if (oldestSeconds > MAX_LAG_SECONDS)
          throw new Error(`the oldest errand is ${Math.round(oldestSeconds)} s late: is a worker running?`);
      }),
    };
    const ready = Object.values(checks).every(check => check === "ok");
    return reply.code(ready ? 200 : 503).send({ status: ready ? "ready" : "not ready", checks });
  });

  const { registry, requestSeconds } = metrics(world);
  app.addHook("onResponse", async (request, reply) => {
    const path = request.routeOptions.url ?? "other";
    requestSeconds.observe({ method: request.method, path, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
  });
  app.get("/metrics", { schema: { hide: true }, logLevel: "silent" }, async (request, reply) => {
    if (!mayRead(request, metricsToken))
      return reply
        .code(401)
        .header("www-authenticate", "Bearer")
        .send({ detail: "Metrics are read with METRICS_TOKEN, or from this machine." });
    return reply
      .header("content-type", registry.contentType)
      .send((await metricsOfAll(registry)) + pushedLines(await pushedMetrics(world)));
  });
}

async function passes(check: () => Promise<void>): Promise<string> {
  try {
    await check();
    return "ok";
  } catch (error) {
    const known = asHavreError(error);
    return known.kind === "bug" && error instanceof Error ? error.message : known.message;
  }
}

const LOOPBACK = /^(127\.|::1$)/;

/** A forwarded request comes from this machine's front, not from this machine. */
function mayRead(request: FastifyRequest, token: string): boolean {
  if (token !== "") return sameSecret(request.headers.authorization ?? "", `Bearer ${token}`);
  return LOOPBACK.test(plainAddress(request.socket.remoteAddress ?? "")) && request.headers["x-forwarded-for"] === undefined;
}

/** Numbers that other programs gave us, as they named them. */
function pushedLines(pushed: readonly PushedMetric[]): string {
  const text = (host: string): string => host.replace(/[\\"\n]/g, found => (found === "\n" ? "\\n" : `\\${found}`));
  const lines = [...Map.groupBy(pushed, ({ name }) => name)].flatMap(([name, all]) => [
    `# TYPE ${name} ${all.some(({ host }) => host !== "") ? "counter" : "gauge"}`,
    ...all.map(({ host, value }) => `${name}${host === "" ? "" : `{host="${text(host)}"}`} ${value}`),
  ]);
  return lines.map(line => `${line}\n`).join("");
}

/** Each process would count the same rows of the database: they are not added up. */
const SAME = "first";

function metrics(world: World): { registry: Registry; requestSeconds: Histogram<"method" | "path" | "status"> } {
  const registry = new Registry();
  shareMetrics(registry);
  collectDefaultMetrics({ register: registry, prefix: "havre_" });
  const requestSeconds = new Histogram({
    name: "havre_http_request_seconds",
    help: "Time to answer, by route.",
    labelNames: ["method", "path", "status"],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  new Gauge({
    name: "havre_errands",
    help: "Errands by state.",
    aggregator: SAME,
    labelNames: ["state"],
    registers: [registry],
    async collect() {
      const { waiting, running, parked } = await errandLag(world);
      this.set({ state: "waiting" }, waiting);
      this.set({ state: "running" }, running);
      this.set({ state: "parked" }, parked);
    },
  });
  new Gauge({
    name: "havre_errand_lag_seconds",
    help: "How late the oldest due errand is.",
    aggregator: SAME,
    registers: [registry],
    async collect() {
      this.set((await errandLag(world)).oldestSeconds);
    },
  });
  new Gauge({
    name: "havre_tasks",
    help: "Tasks of everybody, by what they do; all: ever submitted.",
    aggregator: SAME,
    labelNames: ["state"],
    registers: [registry],
    async collect() {
      for (const [state, count] of Object.entries(await taskCounts(world))) this.set({ state }, count);
    },
  });
  new Gauge({
    name: "havre_blob_free_bytes",
    help: "Room left for uploads.",
    aggregator: SAME,
    registers: [registry],
    async collect() {
      this.set(await world.blobs.freeBytes());
    },
  });
  new Gauge({
    name: "havre_machines",
    help: "Virtual machines by provider and status.",
    aggregator: SAME,
    labelNames: ["provider", "status"],
    registers: [registry],
    async collect() {
      this.reset();
      for (const { provider, status, count } of (await machineCounts(world)).byStatus) this.set({ provider, status }, count);
    },
  });
  new Gauge({
    name: "havre_machine_orphans",
    help: "Servers in a cloud that carry our mark and belong to no machine.",
    aggregator: SAME,
    registers: [registry],
    async collect() {
      this.set((await machineCounts(world)).orphans);
    },
  });
  new Gauge({
    name: "havre_storages",
    help: "Storages by what their last hourly trial came to.",
    aggregator: SAME,
    labelNames: ["outcome"],
    registers: [registry],
    async collect() {
      this.reset();
      for (const [outcome, storages] of await storageTrials(world)) this.set({ outcome }, storages);
    },
  });
  new Gauge({
    name: "havre_copies_disproved",
    help: "Delivered copies that were found altered or gone when they were read again.",
    aggregator: SAME,
    registers: [registry],
    async collect() {
      this.set(await disprovedCopies(world));
    },
  });
  return { registry, requestSeconds };
}
