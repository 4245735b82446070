import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { createServer } from "node:net";
import type { Logger } from "pino";
import { AggregatorRegistry, type Registry } from "prom-client";

/**
 * Several processes behind one port, so that all cores of a machine answer. The first process keeps the others running and answers
 * nothing itself; the kernel gives each new connection to one of those that listen (SO_REUSEPORT), so none waits for a dead one. They
 * share what replicas share: the database, the blobs, the folders.
 */
export const isOneOfMany = cluster.isWorker;
/** How one of many listens. */
export const besideOthers = isOneOfMany ? { reusePort: true, exclusive: true } : {};

/** Between the end of a process and the start of the next in its place. */
const AGAIN_MS = 500;
/** A process that has not ended in good order by then is killed, which loses nothing. */
const END_WITHIN_MS = 30_000;
const LISTENS = "havre:listens";
const ASK = "havre:metrics?";
const TELL = "havre:metrics";

export interface Many {
  readonly count: number;
  /** The file that each of them runs, and its argument; it must listen. */
  readonly exec: string;
  readonly command: string;
  readonly port: number;
  readonly host: string;
}

/** Starts them and waits until all listen. @returns how to end them @throws when one cannot start; then none runs */
export async function serveByMany({ count, exec, command, port, host }: Many, log: Logger): Promise<() => Promise<void>> {
  await assertFree(port, host);
  cluster.setupPrimary({ exec, args: [command] });
  const registry = new AggregatorRegistry();
  let isEnding = false;
  cluster.on("message", (worker, message) => {
    if (message === ASK)
      registry.clusterMetrics().then(
        text => worker.isConnected() && worker.send({ [TELL]: text }),
        () => {},
      );
  });
  cluster.on("exit", (worker, code, signal) => {
    if (isEnding) return;
    log.warn({ ended: worker.process.pid, code, signal }, "a serving process has ended; another takes its place");
    setTimeout(() => isEnding || cluster.fork(), AGAIN_MS);
  });
  const endAll = async (): Promise<void> => {
    isEnding = true;
    await Promise.all(Object.values(cluster.workers ?? {}).map(worker => worker && end(worker)));
  };
  try {
    await Promise.all(Array.from({ length: count }, () => untilItListens(cluster.fork())));
  } catch (error) {
    await endAll();
    throw error;
  }
  return endAll;
}

/** Those who share a port are not refused by one another: another server on it would not be noticed. */
async function assertFree(port: number, host: string): Promise<void> {
  const server = createServer().listen({ port, host });
  await once(server, "listening");
  server.close();
  await once(server, "close");
}

function untilItListens(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on("message", message => message === LISTENS && resolve());
    worker.once("exit", () => reject(new Error("A serving process cannot start; its log says why.")));
  });
}

async function end(worker: Worker): Promise<void> {
  const ended = once(worker, "exit");
  worker.process.kill("SIGTERM");
  const timer = setTimeout(() => worker.process.kill("SIGKILL"), END_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}

/** Said by one of many. */
export const tellThatItListens = (): unknown => isOneOfMany && process.send?.(LISTENS);

/** The last thing that one of many does: the first one need not wait for it. */
export const takeLeave = (): void => {
  if (process.connected) process.disconnect();
};

/** The numbers of all processes together; of this one when it is alone. */
export async function metricsOfAll(registry: Registry): Promise<string> {
  if (!isOneOfMany) return registry.metrics();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(() => reject(new Error("The other processes do not answer."))), 10_000);
    const hear = (message: unknown): void => {
      if (typeof message === "object" && message !== null && TELL in message) settle(() => resolve(String(message[TELL])));
    };
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      process.off("message", hear);
      act();
    };
    process.on("message", hear);
    process.send?.(ASK);
  });
}

/** Of a process that is one of many: its numbers are told when the others are asked. */
export function shareMetrics(registry: Registry): void {
  if (!isOneOfMany) return;
  new AggregatorRegistry();
  AggregatorRegistry.setRegistries([registry]);
}
