import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { EmbeddedConnection } from "../../src/drivers/postgres/embedded.ts";
import { freePort } from "../../test/engines/ports.ts";
import { endWithUs } from "../shared/processes.ts";

const PROJECT = join(import.meta.dirname, "peer");
/** Debian's own: its packages are seen by no other Python. */
const PYTHON = "/usr/bin/python3";
const START_WITHIN_MS = 20_000;

export const peerMissing = (): string | undefined =>
  spawnSync(PYTHON, ["-c", "import rest_framework, djoser, django_filters, gunicorn, psycopg2"]).status === 0
    ? undefined
    : "apt-get install python3-djangorestframework python3-djoser python3-django-filters gunicorn python3-psycopg2";

export const peerVersion = (): string =>
  spawnSync(PYTHON, [
    "-c",
    `import importlib.metadata as m, platform
names = {"Django": "Django", "REST framework": "djangorestframework", "djoser": "djoser", "django-filter": "django-filter", "gunicorn": "gunicorn"}
print(", ".join(f"{name} {m.version(package)}" for name, package in names.items()) + f", Python {platform.python_version()}")`,
  ])
    .stdout.toString()
    .trim();

export interface Peer {
  readonly pid: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** Two workers, as gunicorn has them by default, or of several threads each, which then also keep a client's connection. */
export async function startPeer(
  database: EmbeddedConnection,
  publicUrl: string,
  threads: number,
  more: Readonly<Record<string, string>> = {},
): Promise<Peer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const flags = ["--workers", "2", "--threads", String(threads), "--keep-alive", "60", "--log-level", "error"];
  const child = spawn(PYTHON, ["-m", "gunicorn", "--bind", `127.0.0.1:${port}`, ...flags, "wsgi:application"], {
    cwd: PROJECT,
    env: {
      PATH: process.env.PATH ?? "",
      PYTHONDONTWRITEBYTECODE: "1",
      DJANGO_SETTINGS_MODULE: "settings",
      PEER_DATABASE_HOST: database.host,
      PEER_DATABASE: database.database,
      PEER_DATABASE_USER: database.user,
      PEER_PUBLIC_URL: publicUrl,
      ...more,
    },
    stdio: ["ignore", "inherit", "inherit"],
  });
  endWithUs(child);
  const stop = async (): Promise<void> => {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  };
  for (const deadline = Date.now() + START_WITHIN_MS; !(await fetch(url).catch(() => undefined)); await sleep(50))
    if (child.exitCode !== null || Date.now() > deadline) throw new Error("The peer does not start.");
  return { pid: child.pid ?? 0, url, stop };
}
