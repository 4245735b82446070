import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileStore } from "@tus/file-store";
import { Server, type Upload } from "@tus/server";
import { bodyV1, type HookName } from "./tusd.ts";

const HOOKS = join(import.meta.dirname, "hooks");
/** Debian's own: its packages are seen by no other Python. */
const PYTHON = "/usr/bin/python3";

export const pythonMissing = (): string | false =>
  existsSync(PYTHON) && spawnSync(PYTHON, ["-c", "import requests"]).status === 0 ? false : "python3-requests is not installed";

export interface Ended {
  readonly status: number | null;
  readonly said: string;
}

/** Runs a hook script as tusd's file hooks do: the body on standard input, the exit status is the answer. */
export function runHook(hook: HookName, body: unknown, settings: Readonly<Record<string, string>>) {
  const script = join(HOOKS, `${hook.replace("-", "_")}.py`);
  const env = { PATH: process.env.PATH ?? "", PYTHONDONTWRITEBYTECODE: "1", ...settings };
  const child = spawn(PYTHON, [script], { cwd: HOOKS, env, stdio: ["pipe", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", piece => (said += piece));
  child.stdin.end(typeof body === "string" ? body : JSON.stringify(body));
  const ended: Promise<Ended> = once(child, "close").then(([status]) => ({ status, said }));
  return { child, ended };
}

/** What became of an upload's second hook. */
export interface Finish {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** An external upload daemon as tusd 1 with file hooks: it refuses when pre-create fails, and waits for no post-finish. */
export interface Daemon {
  readonly port: number;
  readonly folder: string;
  /** By the declared name. */
  readonly finishes: ReadonlyMap<string, Finish>;
  stop(): Promise<void>;
}

export async function startDaemon(settings: Readonly<Record<string, string>>): Promise<Daemon> {
  const folder = await mkdtemp(join(tmpdir(), "havre-daemon-"));
  const finishes = new Map<string, Finish>();
  const bodyOf = (hook: HookName, { id, size = 0, metadata }: Upload) => {
    const body = bodyV1(hook, { id, size, metadata: metadata as Record<string, string> });
    const Storage = hook === "pre-create" ? null : { Type: "filestore", Path: join(folder, id) };
    return { ...body, Upload: { ...body.Upload, Storage } };
  };
  const tus = new Server({
    path: "/files",
    datastore: new FileStore({ directory: folder }),
    respectForwardedHeaders: true,
    async onUploadCreate(_request, upload) {
      const { status, said } = await runHook("pre-create", bodyOf("pre-create", upload), settings).ended;
      if (status !== 0) throw { status_code: 500, body: `pre-create hook failed: ${said}` };
      await writeFile(join(folder, `${upload.id}.info`), JSON.stringify(upload));
      return {};
    },
    async onUploadFinish(_request, upload) {
      finishes.set(String(upload.metadata?.filename), runHook("post-finish", bodyOf("post-finish", upload), settings));
      return {};
    },
  });
  const server = createServer((request, response) => void tus.handle(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    folder,
    finishes,
    async stop() {
      for (const { child } of finishes.values()) child.kill("SIGKILL");
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
