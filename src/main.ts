import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import pino, { type Logger } from "pino";
import { runAdmin } from "./commands/admin.ts";
import { runDoctor } from "./commands/doctor.ts";
import { runImages } from "./commands/images.ts";
import { runSelfTest } from "./commands/self-test.ts";
import { runVerify } from "./commands/verify.ts";
import { ACCEPTED, type Config, ConfigError, readConfig } from "./config.ts";
import { ensureAccounts, type FirstAccount } from "./core/people/index.ts";
import type { World } from "./core/world.ts";
import { demoDav } from "./demo/dav.ts";
import { type Demo, type DemoStorages, loadDemo } from "./demo/load.ts";
import { makeAgave } from "./dialects/agave/index.ts";
import { makeGodocker } from "./dialects/godocker/index.ts";
import { makeVre } from "./dialects/vre/index.ts";
import { makeWaldur } from "./dialects/waldur/index.ts";
import { openBlobs } from "./drivers/blobs/all.ts";
import { makeClouds } from "./drivers/cloud/all.ts";
import { makeClusters, type OpenCluster } from "./drivers/cluster/all.ts";
import { openHome } from "./drivers/cluster/local/home.ts";
import { openFolders } from "./drivers/folders/index.ts";
import { makeOpenUrl } from "./drivers/http/fetch.ts";
import { makeGuardedHttp } from "./drivers/http/guarded.ts";
import { openSmtp } from "./drivers/mail/smtp.ts";
import { type EmbeddedPostgres, findEmbedded, startEmbedded } from "./drivers/postgres/embedded.ts";
import { makeOpenStorage } from "./drivers/storage/all.ts";
import { makeWebhook } from "./drivers/webhook/webhook.ts";
import { allErrands } from "./errands/all.ts";
import { ErrandRunner } from "./errands/runner.ts";
import { TaskLoop } from "./errands/tasks/loop.ts";
import { isOneOfMany, type Many, serveByMany, takeLeave, tellThatItListens } from "./http/processes.ts";
import { makeServer, type Server } from "./http/server.ts";
import { systemClock } from "./kernel/clock.ts";
import { asHavreError, chainOf } from "./kernel/errors.ts";
import { Secrets } from "./kernel/secrets.ts";
import type { Cloud } from "./ports/cloud.ts";
import { noteSigningKey, signingKeys } from "./store/maintenance.ts";
import { migrate } from "./store/migrate.ts";
import { Store } from "./store/store.ts";

/** The command line, and the only place where the parts meet. */

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const VERSION = (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string }).version;
const DEMO_DAV = { prefix: "/demo/dav", username: "demo", password: "demo-drive" };

const HELP = `Havre ${VERSION}: a Virtual Research Environment

  havre up          everything in one process, with an embedded database unless DATABASE_URL is set
  havre serve       HTTP only
  havre work        background work only
  havre migrate     bring the database to this version
  havre admin …     people, groups, tokens (havre admin --help)
  havre self-test   send a small object through every storage
  havre doctor      check that this machine and these settings can work
  havre verify F    check a receipt offline
  havre version

Settings come from the environment: docs/configuration.md
`;

/** What was opened and must be closed, the last first. */
class Opened {
  readonly #closers: (() => Promise<void> | void)[] = [];
  add(close: () => Promise<void> | void): void {
    this.#closers.unshift(close);
  }
  async close(log: Logger): Promise<void> {
    for (const close of this.#closers.splice(0))
      try {
        await close();
      } catch (error) {
        log.warn({ error: chainOf(error) }, "closing");
      }
  }
}

async function openDatabase(
  config: Config,
  log: Logger,
  opened: Opened,
  own: boolean,
): Promise<{ connectionString: string } | EmbeddedPostgres["connection"]> {
  if (config.databaseUrl !== "") return { connectionString: config.databaseUrl };
  const running = own ? undefined : await findEmbedded(config.dataDir);
  if (running) return running;
  const embedded = await startEmbedded({ dataDir: config.dataDir, log: line => log.debug({ part: "postgres" }, line) });
  opened.add(() => embedded.stop());
  return embedded.connection;
}

async function openWorld(config: Config, log: Logger, opened: Opened, own = true): Promise<World> {
  await mkdir(config.dataDir, { recursive: true });
  const secrets = new Secrets(config.secretKey || (await keptSecret(config.dataDir)));
  const store = new Store({
    connection: await openDatabase(config, log, opened, own),
    maxConnections: config.databaseConnections,
    recentMs: config.signInMemoryMs,
    onError: error => log.warn({ error: chainOf(error) }, "database connection"),
  });
  opened.add(() => store.close());
  await migrate(store.db);
  await noteSigningKey(store.db, secrets.publicKey);
  const blobs = await openBlobs(config);
  opened.add(() => blobs.close());
  const openStorage = makeOpenStorage({ egressAllow: egressAllow(config), folderRoots: config.folderRoots });
  return {
    store,
    clock: systemClock,
    secrets,
    settings: { ...config, mailIsCaught: config.mailHost === "" },
    blobs,
    openStorage,
    folders: await openFolders(join(await openHome(config.computeDir), "shared")),
    log,
  };
}

/** The demo's own drive is on this machine. */
const egressAllow = (config: Config): readonly string[] => [
  ...config.egressAllow,
  ...(config.demo ? ["127.0.0.1/32", "::1/128"] : []),
];

/** Without SECRET_KEY (development only) the key is made once and kept beside the data. */
async function keptSecret(dataDir: string): Promise<string> {
  const file = join(dataDir, "secret.key");
  try {
    return await readFile(file, "utf8");
  } catch {
    const fresh = randomBytes(48).toString("base64url");
    await writeFile(file, fresh, { mode: 0o600, flag: "wx" });
    return fresh;
  }
}

function firstAccounts(config: Config): FirstAccount[] {
  const accounts: FirstAccount[] = [];
  if (config.adminPassword !== "")
    accounts.push({
      username: config.adminName,
      email: config.adminEmail,
      password: config.adminPassword,
      isStaff: true,
      isSuperuser: true,
    });
  if (config.dropoffUser !== "")
    accounts.push({
      username: config.dropoffUser,
      email: config.dropoffEmail,
      password: config.dropoffPassword || undefined,
      isSuperuser: true,
      hawk: config.dropoffHawkKey === "" ? undefined : { key: config.dropoffHawkKey, secret: config.dropoffHawkSecret },
    });
  if (config.vrwUser !== "")
    accounts.push({ username: config.vrwUser, email: config.vrwEmail, password: config.vrwPassword, groups: [config.vrwGroup] });
  return accounts;
}

/** Our own WebDAV folder; behind TLS a plain folder, as a certificate for localhost is rarely one to be trusted. */
async function demoStorages(config: Config): Promise<DemoStorages> {
  const folder = join(config.folderRoots[0] ?? config.dataDir, "demo");
  const sealed = join(config.folderRoots[0] ?? config.dataDir, "demo-encrypted");
  for (const path of [folder, sealed]) await mkdir(path, { recursive: true });
  const url = `http://127.0.0.1:${config.port}${DEMO_DAV.prefix}/`;
  const { username, password } = DEMO_DAV;
  if (config.tlsCert !== "") return { folder, drive: { engine: "FOLDER", address: sealed, username: "", password: "" } };
  return { folder, drive: { engine: "WEBDAV", address: url, username, password } };
}

interface Roles {
  readonly serve: boolean;
  readonly work: boolean;
}

async function run(config: Config, log: Logger, opened: Opened, roles: Roles): Promise<Demo | undefined> {
  if (isOneOfMany) opened.add(takeLeave);
  // One of many finds the database that the first process has started.
  const world = await openWorld(config, log, opened, !isOneOfMany);
  await ensureAccounts(world, firstAccounts(config));
  const demo = config.demo && roles.serve ? await loadDemo(world, await demoStorages(config)) : undefined;
  if (roles.serve && config.serveProcesses > 1 && !isOneOfMany) opened.add(await serveByMany(manyOf(config), log));
  else if (roles.serve) await serve(config, log, opened, world, demo);
  if (roles.work) {
    const mailer =
      config.mailHost === ""
        ? undefined
        : openSmtp({
            host: config.mailHost,
            port: config.mailPort,
            user: config.mailUser || undefined,
            password: config.mailPassword || undefined,
            useTls: config.mailTls,
          });
    if (mailer) opened.add(() => mailer.close());
    const openUrl = makeOpenUrl({ egressAllow: egressAllow(config) });
    const webhook = makeWebhook(makeGuardedHttp({ egressAllow: config.egressAllow }));
    opened.add(() => webhook.close());
    const runner = new ErrandRunner(world, allErrands(mailer, await openClouds(config, world, opened), openUrl, webhook));
    await runner.start();
    opened.add(() => runner.stop());
    const tasks = new TaskLoop(world, taskClusters(config, world));
    tasks.start();
    opened.add(() => tasks.stop());
  }
  return demo;
}

const manyOf = ({ serveProcesses, port, host }: Config): Many => ({
  count: serveProcesses,
  exec: fileURLToPath(import.meta.url),
  command: "serve",
  port,
  host,
});

async function openClouds(config: Config, world: World, opened: Opened): Promise<ReadonlyMap<string, Cloud>> {
  // The first key stays what it is when SECRET_KEY changes: what we have built must be found again.
  const first = (await signingKeys(world.store.db)).at(-1);
  const clouds = await makeClouds(config, first?.publicKey ?? "");
  for (const cloud of clouds.values()) opened.add(() => cloud.close());
  return clouds;
}

function taskClusters(config: Config, world: World): ReadonlyMap<string, OpenCluster> {
  const blobs = config.blobUrl.startsWith("file:") ? [fileURLToPath(config.blobUrl)] : [];
  return makeClusters(config, {
    shared: world.folders.root,
    mark: world.folders.id.replaceAll("-", "").slice(0, 12),
    hidden: [config.dataDir, ...blobs, ...config.folderRoots],
  });
}

async function serve(config: Config, log: Logger, opened: Opened, world: World, demo: Demo | undefined): Promise<void> {
  const server: Server = await makeServer(
    world,
    log,
    [
      makeVre({ version: VERSION, demo }),
      makeWaldur({ version: VERSION }),
      makeGodocker({ root: world.folders.root }),
      makeAgave(),
    ],
    {
      trustedProxies: config.trustedProxies,
      allowedHosts: config.allowedHosts,
      tls: config.tlsCert === "" ? undefined : { cert: config.tlsCert, key: config.tlsKey },
      metricsToken: config.metricsToken,
      portalDir: join(ROOT, "dist", "portal"),
      version: VERSION,
    },
  );
  if (demo) await demoDav(server.app, { ...DEMO_DAV, folder: join(config.dataDir, "demo-drive") });
  await server.listen(config.port, config.host);
  tellThatItListens();
  opened.add(() => server.close());
}

/**
 * Stops in good order at the first signal; a second one ends at once, which loses nothing either. A signal often goes to all
 * processes and to one of many by the first again: that is not a second one.
 */
function untilSignal(): Promise<string> {
  return new Promise(resolve => {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.on(signal, () => {
        resolve(signal);
        if (!isOneOfMany) process.on(signal, () => process.exit(130));
      });
  });
}

function welcome(config: Config, demo: Demo | undefined, startedAt: number): string {
  const lines = [
    `Havre ${VERSION} is ready after ${((performance.now() - startedAt) / 1000).toFixed(2)} s.`,
    "",
    `  Portal        ${config.publicUrl}/`,
  ];
  if (demo) {
    lines.push(`  Hand in data  ${demo.dropOffUrl}`, "");
    for (const { username, password, role } of demo.accounts) lines.push(`  Sign in       ${username} / ${password}   (${role})`);
    lines.push(
      `  Mails         ${config.publicUrl}/outbox   (as admin)`,
      `  Copies        ${join(config.dataDir, "demo-drive")} (encrypted: age -d, passphrase "${demo.passphrase}")`,
      `                ${join(config.folderRoots[0] ?? "", "demo")}`,
    );
  }
  lines.push(`  API           ${config.publicUrl}/api/swagger/`, "", "Ctrl-C stops it.", "");
  return lines.join("\n");
}

async function service(config: Config, log: Logger, roles: Roles): Promise<number> {
  const stopped = untilSignal();
  const opened = new Opened();
  for (const [name, reason] of Object.entries(ACCEPTED))
    if (name !== "DATABASE_URL" && process.env[name] !== undefined)
      log.info({ setting: name }, `${name} has no effect: ${reason}`);
  try {
    const demo = await run(config, log, opened, roles);
    log.info({ version: VERSION, pid: process.pid, ...roles, port: config.port }, "started");
    if (!isOneOfMany && (process.stdout.isTTY || config.demo)) process.stderr.write(`\n${welcome(config, demo, 0)}\n`);
    log.info({ signal: await stopped }, "stopping");
    return 0;
  } finally {
    await opened.close(log);
    log.info({}, "stopped");
  }
}

async function once(config: Config, log: Logger, act: (world: World) => Promise<number>): Promise<number> {
  const opened = new Opened();
  try {
    return await act(await openWorld(config, log, opened, false));
  } finally {
    await opened.close(log);
  }
}

async function doctor(config: Config, log: Logger, say: (line: string) => void): Promise<number> {
  const opened = new Opened();
  const clouds = (world: World) => openClouds(config, world, opened);
  const clusters = (world: World) => taskClusters(config, world);
  try {
    return await runDoctor(config, say, act => once(config, log, act), { clouds, clusters });
  } finally {
    await opened.close(log);
  }
}

async function main(args: readonly string[]): Promise<number> {
  const [command = "help", ...rest] = args;
  const say = (line: string): number => {
    process.stdout.write(`${line}\n`);
    return 0;
  };
  if (command === "help" || command === "--help") return say(HELP);
  if (command === "version" || command === "--version") return say(VERSION);
  if (command === "verify") return runVerify(rest, say);
  const config = readConfig(process.env);
  const isService = command === "up" || command === "serve" || command === "work";
  const log = pino(
    { level: isService ? config.logLevel : "warn", redact: ["*.password", "*.secret", "*.authorization", "*.cookie"] },
    pino.destination({ dest: isService ? 1 : 2, sync: !isService }),
  );
  if (command === "up") return service(config, log, { serve: true, work: true });
  if (command === "serve") return service(config, log, { serve: true, work: false });
  if (command === "work") return service(config, log, { serve: false, work: true });
  if (command === "migrate") return once(config, log, async () => say("The database is at this version."));
  if (command === "admin" && rest[0] === "image") return runImages(config.computeDir, rest.slice(1), say);
  if (command === "admin") return once(config, log, world => runAdmin(world, [...rest], say));
  if (command === "self-test") return once(config, log, world => runSelfTest(world, say));
  if (command === "doctor") return doctor(config, log, say);
  process.stderr.write(`Unknown command "${command}".\n\n${HELP}`);
  return 2;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const known = asHavreError(error);
  process.stderr.write(
    `havre: ${error instanceof ConfigError ? error.message : known.kind === "bug" ? chainOf(error) : known.message}\n`,
  );
  process.exitCode = 1;
}
