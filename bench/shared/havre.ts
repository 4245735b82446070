import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type EmbeddedConnection, findEmbedded } from "../../src/drivers/postgres/embedded.ts";
import { freePort } from "../../test/engines/ports.ts";
import { endWithUs } from "./processes.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const READY_WITHIN_MS = 60_000;

export interface HavreUnderTest {
  readonly pid: number;
  readonly url: string;
  readonly dataDir: string;
  /** All that it was started with: to read the same settings here. */
  readonly env: Readonly<Record<string, string>>;
  /** From the start of the process to the first "ready". */
  readonly startSeconds: number;
  /** Its embedded database. */
  database(): Promise<EmbeddedConnection>;
  /** Ends it in good order; its data stay. */
  stop(): Promise<void>;
}

/** `havre up` as an operator starts it, with its embedded database; in a process of its own. */
export async function startHavre(
  dataDir: string,
  settings: Readonly<Record<string, string>> = {},
  nodeArguments: readonly string[] = [],
): Promise<HavreUnderTest> {
  await mkdir(dataDir, { recursive: true });
  const { PATH = "", HOME = "" } = process.env;
  const port = await freePort();
  const env = { PATH, HOME, PORT: String(port), DATA_DIR: dataDir, LOG_LEVEL: "warn", ...settings };
  const url = `http://127.0.0.1:${port}`;
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...nodeArguments, "src/main.ts", "up"], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  endWithUs(child);
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", text => said.push(String(text)));
  await untilReady(child, url, said);
  const startSeconds = (performance.now() - startedAt) / 1000;
  const database = async (): Promise<EmbeddedConnection> => {
    const connection = await findEmbedded(dataDir);
    if (connection === undefined) throw new Error("Its database does not run.");
    return connection;
  };
  return { pid: child.pid ?? 0, url, dataDir, env, startSeconds, database, stop: () => end(child) };
}

async function untilReady(child: ChildProcess, url: string, said: readonly string[]): Promise<void> {
  for (const deadline = performance.now() + READY_WITHIN_MS; ; await sleep(5)) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    if (child.exitCode !== null || performance.now() > deadline) {
      child.kill();
      throw new Error(`Havre does not start:\n${said.join("")}`);
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });
