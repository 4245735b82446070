import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A port on 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

export const isInstalled = (program: string): boolean => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;

/** Asks until the answer is yes. @throws Error, with `what`, when it is not by the deadline */
export async function until(what: string, ask: () => Promise<boolean> | boolean, withinMs = 10_000): Promise<void> {
  for (const deadline = Date.now() + withinMs; !(await ask()); await sleep(20))
    if (Date.now() > deadline) throw new Error(`Waited ${withinMs} ms in vain: ${what}.`);
}

/** Any HTTP answer at all. */
export const answers = (url: string): Promise<boolean> =>
  fetch(url, { method: "OPTIONS" }).then(
    () => true,
    () => false,
  );

/** A server program as a child; `stop` returns when it is gone. */
export interface Running {
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

export function run(program: string, args: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(program, args, { stdio: "ignore", env: { ...process.env, ...env } });
  const ended = once(child, "exit");
  ended.catch(() => {});
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), 3000);
    await ended;
    clearTimeout(force);
  };
  return { child, stop };
}
