import { execFile, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { globSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { answers as answersHttp, freePort, isInstalled, type Running, run, until } from "./ports.ts";

const PROGRAMS = ["slurmctld", "slurmd", "slurmdbd", "sbatch", "munged", "mariadbd", "mariadb-install-db"];

/** Why no Slurm can run here; false when one can. */
export function slurmMissing(): string | false {
  if (process.getuid?.() !== 0) return "Slurm is started as root";
  const missing = PROGRAMS.filter(program => !isInstalled(program));
  return missing.length > 0 ? `${missing.join(", ")} not installed` : false;
}

/** The same for slurmrestd. */
export const restMissing = (): string | false =>
  slurmMissing() ||
  (isInstalled("slurmrestd") && globSync("/usr/lib/*/slurm-wlm/auth_jwt.so").length > 0
    ? false
    : "slurmrestd or its plugin for tokens is not installed");

export interface SlurmSite {
  /** Everything of it; shared by "all nodes", which are this machine. */
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly nodes: readonly string[];
  /** slurmrestd over HTTP on loopback, which takes tokens of Slurm's own. @returns its address, and a file with a token of root's */
  startRest(): Promise<{ readonly url: string; readonly tokenFile: string }>;
  /** Runs one of Slurm's programs. @returns standard output */
  tell(program: string, ...args: readonly string[]): Promise<string>;
  /** Hands a script to sbatch. */
  submit(script: string, words: readonly string[]): Promise<void>;
  /** kill -9 for the daemon of a node and everything that it started, as when its power fails. */
  failNode(node: string): Promise<void>;
  startNode(node: string): Promise<void>;
  stopController(): Promise<void>;
  startController(): Promise<void>;
  stop(): Promise<void>;
}

const exec = promisify(execFile);
const idOf = (name: string, flag: "-u" | "-g"): number => Number(execFileSync("id", [flag, name]).toString());

/** A real Slurm with accounting (slurmdbd on a MariaDB of its own) and some nodes, all on this machine and on loopback. */
export async function startSlurm({ nodes: count = 3 } = {}): Promise<SlurmSite> {
  const home = await mkdtemp("/var/tmp/havre-slurm-");
  await chmod(home, 0o755);
  for (const folder of ["state", "log", "run", "spool", "munge", "db"]) await mkdir(join(home, folder));
  const ports = await Promise.all(Array.from({ length: 3 + count }, freePort));
  const [controller = 0, accounting = 0, database = 0, ...daemons] = ports;
  // Names that no other Slurm of this machine has: control groups are named by them.
  const prefix = `n${randomBytes(3).toString("hex")}x`;
  const nodes = daemons.map((_, index) => `${prefix}${index + 1}`);
  const environment = { PATH: process.env.PATH ?? "", SLURM_CONF: join(home, "slurm.conf"), SLURM_TIME_FORMAT: "%s" };
  const running = new Map<string, Running>();
  const tell = async (program: string, ...args: readonly string[]): Promise<string> =>
    (await exec(program, args, { env: environment })).stdout;
  const answers = (program: string, ...args: readonly string[]): Promise<boolean> =>
    tell(program, ...args).then(
      () => true,
      () => false,
    );
  const start = (name: string, program: string, args: readonly string[]): void => {
    running.set(name, run(program, args, environment));
  };
  const site: SlurmSite = {
    home,
    environment,
    nodes,
    tell,
    async submit(script, words) {
      const sbatch = spawn("sbatch", words, { env: environment, stdio: ["pipe", "ignore", "inherit"] });
      sbatch.stdin.end(script);
      const [code] = (await once(sbatch, "exit")) as [number];
      if (code !== 0) throw new Error(`sbatch ended with ${code}`);
    },
    async failNode(node) {
      const daemon = running.get(node);
      daemon?.child.kill("SIGKILL");
      for (const pid of await ofNode(node)) end(pid);
      await until(`nothing of ${node} is left`, async () => (await ofNode(node)).length === 0);
    },
    async startRest() {
      const port = await freePort();
      const tokenFile = join(home, "token");
      await writeFile(tokenFile, (await tell("scontrol", "token", "username=root", "lifespan=3600")).replace(/^SLURM_JWT=/, ""), {
        mode: 0o600,
      });
      running.set(
        "rest",
        run(
          "setpriv",
          [
            "--reuid",
            "nobody",
            "--regid",
            "nogroup",
            "--clear-groups",
            "slurmrestd",
            "-s",
            "v0.0.38,dbv0.0.38",
            "-a",
            "rest_auth/jwt",
            `127.0.0.1:${port}`,
          ],
          {
            ...environment,
            SLURM_JWT: "daemon",
          },
        ),
      );
      const url = `http://127.0.0.1:${port}`;
      await until("slurmrestd answers", () => answersHttp(`${url}/openapi/v3`), 20_000);
      return { url, tokenFile };
    },
    startNode: async node => start(node, "slurmd", ["-D", "-N", node]),
    stopController: async () => running.get("controller")?.stop(),
    async startController() {
      start("controller", "slurmctld", ["-D"]);
      await until("the controller answers", () => answers("scontrol", "ping"), 20_000);
    },
    async stop() {
      await tell("scancel", "--state=RUNNING,PENDING,SUSPENDED", "--user=root").catch(() => "");
      for (const name of ["rest", ...nodes, "controller", "accounting", "database", "munge"]) await running.get(name)?.stop();
      for (const node of nodes) for (const pid of await ofNode(node)) end(pid);
      await removeGroups(nodes);
      await rm(home, { recursive: true, force: true });
    },
  };
  try {
    const munge = [idOf("munge", "-u"), idOf("munge", "-g")] as const;
    await writeFile(join(home, "munge", "key"), randomBytes(1024), { mode: 0o400 });
    for (const path of ["munge", "munge/key", "run"]) await chown(join(home, path), ...munge);
    await chmod(join(home, "munge"), 0o700);
    const at = (name: string): string => join(home, "munge", name);
    const mungeFiles = [
      `--key-file=${at("key")}`,
      `--pid-file=${at("pid")}`,
      `--log-file=${at("log")}`,
      `--seed-file=${at("seed")}`,
    ];
    start("munge", "setpriv", [
      "--reuid",
      "munge",
      "--regid",
      "munge",
      "--init-groups",
      "munged",
      "--foreground",
      `--socket=${join(home, "run", "munge.sock")}`,
      ...mungeFiles,
    ]);
    const mysql = [idOf("mysql", "-u"), idOf("mysql", "-g")] as const;
    await chown(join(home, "db"), ...mysql);
    await exec("mariadb-install-db", [
      "--no-defaults",
      "--user=mysql",
      `--datadir=${join(home, "db")}`,
      "--auth-root-authentication-method=socket",
      "--skip-test-db",
    ]);
    const socket = join(home, "db", "m.sock");
    start("database", "mariadbd", [
      "--no-defaults",
      "--user=mysql",
      `--datadir=${join(home, "db")}`,
      `--socket=${socket}`,
      "--bind-address=127.0.0.1",
      `--port=${database}`,
      "--innodb-lock-wait-timeout=900",
      "--innodb-flush-log-at-trx-commit=0",
    ]);
    await until(
      "the database answers",
      () =>
        exec("mariadb-admin", ["--no-defaults", "-S", socket, "ping"]).then(
          () => true,
          () => false,
        ),
      30_000,
    );
    await exec("mariadb", [
      "--no-defaults",
      "-S",
      socket,
      "-e",
      "grant all on slurm_acct.* to slurm@'127.0.0.1' identified by 'slurm'",
    ]);
    await writeFile(join(home, "jwt.key"), randomBytes(32), { mode: 0o600 });
    await writeFile(join(home, "slurm.conf"), configuration({ home, controller, accounting, daemons, prefix }));
    await writeFile(
      join(home, "cgroup.conf"),
      "CgroupPlugin=cgroup/v1\nCgroupAutomount=no\nConstrainRAMSpace=yes\nConstrainSwapSpace=yes\nAllowedSwapSpace=0\nMinRAMSpace=1\n",
    );
    await writeFile(join(home, "slurmdbd.conf"), accountingConfiguration({ home, accounting, database }), { mode: 0o600 });
    start("accounting", "slurmdbd", ["-D"]);
    await until("accounting answers", () => answers("sacctmgr", "-n", "show", "cluster"), 30_000);
    await tell("sacctmgr", "-i", "add", "cluster", "havre");
    await tell("sacctmgr", "-i", "add", "account", "havre", "cluster=havre");
    await site.startController();
    for (const node of nodes) await site.startNode(node);
    await until(
      "all nodes are idle",
      async () => (await tell("sinfo", "-h", "-o", "%T").catch(() => "")).trim() === "idle",
      30_000,
    );
    return site;
  } catch (error) {
    const logs = await Promise.all((await readdir(join(home, "log"))).map(name => readFile(join(home, "log", name), "utf8")));
    await site.stop();
    throw new Error(`Slurm did not start: ${logs.join("\n").slice(-3000)}`, { cause: error });
  }
}

/** The daemon of a node, and everything in its control groups: its steps and what they run. */
async function ofNode(node: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const read = (file: string): Promise<string> => readFile(`/proc/${name}/${file}`, "latin1").catch(() => "");
    const [line, groups, stat] = await Promise.all([read("cmdline"), read("cgroup"), read("stat")]);
    const isDaemon = /^slurmd\0/.test(line) && line.includes(`\0${node}\0`);
    const isDead = /\) [ZX] /.test(stat);
    if (!isDead && (isDaemon || groups.includes(`/slurm_${node}/`))) found.push(Number(name));
  }
  return found;
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it went by itself
  }
}

/** Control groups that Slurm leaves for its nodes. */
async function removeGroups(nodes: readonly string[]): Promise<void> {
  await exec("sh", [
    "-c",
    'for n in "$@"; do for g in /sys/fs/cgroup/*/slurm_$n; do [ -d $g ] && find $g -depth -type d -exec rmdir {} + ; done; done 2>/dev/null; true',
    "sh",
    ...nodes,
  ]);
}

const configuration = ({
  home,
  controller,
  accounting,
  daemons,
  prefix,
}: {
  home: string;
  controller: number;
  accounting: number;
  daemons: readonly number[];
  prefix: string;
}): string => `
ClusterName=havre
Licenses=suite:2
SlurmctldHost=${hostname()}(127.0.0.1)
SlurmctldPort=${controller}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${home}/run/munge.sock
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key=${home}/jwt.key
CredType=cred/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation=${home}/state
SlurmdSpoolDir=${home}/spool/%n
SlurmctldPidFile=${home}/run/slurmctld.pid
SlurmdPidFile=${home}/run/slurmd-%n.pid
SlurmctldLogFile=${home}/log/slurmctld.log
SlurmdLogFile=${home}/log/slurmd-%n.log
MailProg=/bin/true
ProctrackType=proctrack/cgroup
TaskPlugin=task/cgroup
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=100
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0,default_queue_depth=1000,partition_job_depth=1000
ReturnToService=2
SlurmdTimeout=10
KillWait=2
MinJobAge=300
MaxJobCount=20000
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=${accounting}
AccountingStoragePass=${home}/run/munge.sock
NodeName=${prefix}[1-${daemons.length}] NodeHostname=${hostname()} NodeAddr=127.0.0.1 Port=[${daemons.join(",")}] CPUs=8 RealMemory=4000 Feature=fast State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;

const accountingConfiguration = ({
  home,
  accounting,
  database,
}: {
  home: string;
  accounting: number;
  database: number;
}): string => `
AuthType=auth/munge
AuthInfo=socket=${home}/run/munge.sock
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key=${home}/jwt.key
DbdHost=${hostname()}
DbdAddr=127.0.0.1
DbdPort=${accounting}
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=${database}
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct
LogFile=${home}/log/slurmdbd.log
PidFile=${home}/run/slurmdbd.pid
CommunicationParameters=NoInAddrAny
`;
