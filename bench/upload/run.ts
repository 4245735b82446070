import { type ChildProcess, execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { GIB, MIB, parseBytes } from "../../src/kernel/units.ts";
import { startTestServer, type TestServer } from "../../test/harness/server.ts";

/**
 * Uploads over loopback: Havre, nginx's WebDAV PUT, and @tus/server with @tus/file-store and a second pass for the hash.
 *   node bench/upload/run.ts [--size 2GiB] [--rounds 3] [--files 1,8] [--disk /tmp] [--memory /dev/shm] [--only ours,nginx,…]
 * `nginx durable` ends when the files are synced as well, as Havre's answer promises. Runs are interleaved; before each the page
 * cache is given pages that are warm, as a virtual machine's first touch of memory can cost more than all the rest.
 */
const { values: asked } = parseArgs({
  options: {
    size: { type: "string", default: "2GiB" },
    rounds: { type: "string", default: "3" },
    files: { type: "string", default: "1,8" },
    disk: { type: "string", default: tmpdir() },
    memory: { type: "string", default: "/dev/shm" },
    only: { type: "string", default: "ours,nginx,nginx durable,@tus/server" },
  },
});
const sizeBytes = parseBytes(asked.size) ?? 2 * GIB;
const CHUNK = 8 * MIB;
const run = promisify(execFile);
const hereFile = (name: string): string => join(import.meta.dirname, name);

interface Peer {
  readonly name: string;
  readonly way: "put" | "tus";
  readonly port: number;
  readonly path: string;
  readonly metadata: string;
  readonly pids: readonly number[];
  readonly folder: string;
  readonly durable: boolean;
  stop(): Promise<void>;
}

interface Result {
  readonly mibPerSecond: number;
  readonly cpuPerGib: number;
  readonly growthMib: number;
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.once("data", data => resolve(String(data).split("\n")[0] ?? ""));
    child.once("exit", code => reject(new Error(`ended with ${code}`)));
  });
}
const ended = (child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<void> =>
  new Promise(resolve => {
    child.once("exit", () => resolve());
    child.kill(signal);
  });

async function node(name: string, script: string, folder: string, more: object = {}): Promise<Peer> {
  await mkdir(folder, { recursive: true });
  const child = spawn(process.execPath, [hereFile(script), JSON.stringify({ folder, ...more })], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said = JSON.parse(await firstLine(child)) as Pick<Peer, "port" | "path" | "metadata">;
  return { name, way: "tus", pids: [child.pid ?? 0], folder, durable: true, ...said, stop: () => ended(child) };
}

const freePort = (): Promise<number> =>
  new Promise(resolve => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });

async function nginx(name: string, folder: string, durable: boolean): Promise<Peer> {
  const port = await freePort();
  await mkdir(join(folder, "up"), { recursive: true });
  await mkdir(join(folder, "body"), { recursive: true });
  const config = `user root; worker_processes 2; daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
    events {} http { access_log off; client_body_temp_path ${folder}/body; client_max_body_size 0; client_body_buffer_size 1m;
    server { listen 127.0.0.1:${port} reuseport; root ${folder}/up; location / { dav_methods PUT; } } }`;
  await writeFile(join(folder, "nginx.conf"), config);
  const child = spawn("nginx", ["-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log")], { stdio: "ignore" });
  const workers = async (): Promise<number[]> => {
    const text = await run("ps", ["-o", "pid=", "--ppid", String(child.pid)]).catch(() => ({ stdout: "" }));
    return text.stdout
      .split("\n")
      .filter(line => line.trim() !== "")
      .map(Number);
  };
  const deadline = performance.now() + 5000;
  while ((await workers()).length < 2 && performance.now() < deadline) await new Promise(resolve => setTimeout(resolve, 20));
  return {
    name,
    way: "put",
    port,
    path: "/",
    metadata: "",
    pids: await workers(),
    folder: join(folder, "up"),
    durable,
    stop: () => ended(child, "SIGTERM"),
  };
}

const TICKS = 100;
const cpuOf = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /, "")
      .split(" ");
    return sum + (Number(fields[11]) + Number(fields[12])) / TICKS;
  }, 0);
const residentOf = (pids: readonly number[]): number =>
  pids.reduce(
    (sum, pid) => sum + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) * 1024,
    0,
  );

async function emptied(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
}

/** Makes the pages that the run will fill, and frees them again. */
async function warm(folder: string, bytes: number): Promise<void> {
  const path = join(folder, ".warm");
  const file = await open(path, "w");
  const piece = Buffer.alloc(8 * MIB, 1);
  for (let left = bytes; left > 0; left -= piece.length) await file.write(piece);
  await file.close();
  await rm(path);
}

async function upload(peer: Peer, files: number, chunk: number, sizeBytes: number): Promise<Result> {
  await warm(peer.folder, files * sizeBytes);
  const paths = Array.from({ length: files }, (_, index) => (peer.way === "put" ? `${peer.path}file${index}` : peer.path));
  const order = {
    port: peer.port,
    files,
    bytes: sizeBytes,
    chunk: Math.min(chunk, sizeBytes),
    way: peer.way,
    paths,
    metadata: peer.metadata,
  };
  const cpuBefore = cpuOf(peer.pids);
  const before = residentOf(peer.pids);
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, residentOf(peer.pids));
  }, 50);
  const { stdout } = await run(process.execPath, [hereFile("client.ts"), JSON.stringify(order)]);
  let { seconds } = JSON.parse(stdout) as { seconds: number };
  if (peer.durable && peer.way === "put") {
    const began = performance.now();
    await Promise.all(paths.map(path => synced(join(peer.folder, path))));
    seconds += (performance.now() - began) / 1000;
  }
  clearInterval(watch);
  const gib = (files * sizeBytes) / GIB;
  const result = {
    mibPerSecond: (gib * 1024) / seconds,
    cpuPerGib: (cpuOf(peer.pids) - cpuBefore) / gib,
    growthMib: (peak - before) / MIB,
  };
  await emptied(peer.folder);
  return result;
}

async function synced(path: string): Promise<void> {
  const file = await open(path, "r+");
  await file.datasync().finally(() => file.close());
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

async function compare(where: string, root: string, database: TestServer): Promise<void> {
  const folder = await mkdtemp(join(root, "havre-bench-"));
  const makers: Record<string, () => Promise<Peer>> = {
    ours: () => node("ours", "ours.ts", join(folder, "ours"), { connection: database.connection }),
    nginx: () => nginx("nginx", join(folder, "nginx"), false),
    "nginx durable": () => nginx("nginx durable", join(folder, "nginx-durable"), true),
    "@tus/server": () => node("@tus/server", "stock.ts", join(folder, "stock")),
  };
  const peers: Peer[] = [];
  try {
    for (const name of asked.only.split(",")) peers.push(await (makers[name] ?? unknown(name))());
    for (const peer of peers) await upload(peer, 1, CHUNK, 16 * MIB);
    for (const files of asked.files.split(",").map(Number))
      for (const chunk of [Number.MAX_SAFE_INTEGER, CHUNK]) {
        const results = new Map<string, Result[]>();
        for (let round = 0; round < Number(asked.rounds); round++)
          for (const peer of peers)
            results.set(peer.name, [...(results.get(peer.name) ?? []), await upload(peer, files, chunk, sizeBytes)]);
        show(`${where}, ${files} × ${asked.size}, ${chunk === CHUNK ? "8 MiB PATCHes" : "one PATCH"}`, results);
      }
  } finally {
    for (const peer of peers) await peer.stop();
    await rm(folder, { recursive: true });
  }
}

const unknown = (name: string): never => {
  throw new Error(`There is no "${name}" to compare with.`);
};

function show(title: string, results: ReadonlyMap<string, readonly Result[]>): void {
  const of = (name: string, key: keyof Result): number => median((results.get(name) ?? []).map(result => result[key]));
  const ours = of("ours", "mibPerSecond");
  console.log(`\n${title}`);
  for (const name of results.keys()) {
    const speed = of(name, "mibPerSecond");
    const ratio = name === "ours" || ours === 0 ? "" : `   ours is ${(ours / speed).toFixed(2)} ×`;
    console.log(
      `  ${name.padEnd(14)} ${speed.toFixed(0).padStart(5)} MiB/s  ${of(name, "cpuPerGib").toFixed(2).padStart(5)} CPU s/GiB  +${of(name, "growthMib").toFixed(0).padStart(3)} MiB${ratio}`,
    );
  }
}

const database = await startTestServer();
try {
  const { Kysely, PostgresDialect } = await import("kysely");
  const { default: pg } = await import("pg");
  const { migrate } = await import("../../src/store/migrate.ts");
  const db = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ ...database.connection, max: 1 }) }) });
  await migrate(db).finally(() => db.destroy());
  for (const [where, root] of [
    ["disk", asked.disk],
    ["memory", asked.memory],
  ] as const)
    if (root !== "") await compare(where, root, database);
} finally {
  await database.stop();
}
