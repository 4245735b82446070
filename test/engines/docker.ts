import { execFile, execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { isInstalled, type Running, run, until } from "./ports.ts";

const exec = promisify(execFile);

export function dockerMissing(): string | false {
  if (process.getuid?.() !== 0) return "a Docker daemon is started as root";
  const missing = ["dockerd", "docker", "busybox"].filter(program => !isInstalled(program));
  return missing.length > 0 ? `${missing.join(", ")} not installed` : false;
}

export function podmanMissing(): string | false {
  if (process.getuid?.() !== 0) return "the Podman service is started as root";
  const missing = ["podman", "runc", "busybox"].filter(program => !isInstalled(program));
  return missing.length > 0 ? `${missing.join(", ")} not installed` : false;
}

export interface EngineSite {
  readonly home: string;
  readonly url: string;
  readonly image: string;
  /** kill -9, as when its machine fails; containers may live on until they are ended. */
  fail(): Promise<void>;
  start(): Promise<void>;
  /** The same, with all that it ran, as when the power of its machine fails. */
  end(): Promise<void>;
  stop(): Promise<void>;
}

const APPLETS =
  "sh cat chmod cp cut date echo env expr false grep head hostname id ln ls mkdir mkfifo mv nc nohup printf ps pwd rm sed setsid sleep sort tail tee test touch tr true uname wc".split(
    " ",
  );

/** A tar of a root filesystem: Debian's static busybox. */
export async function busyboxTar(home: string): Promise<string> {
  const root = join(home, "rootfs");
  for (const folder of ["bin", "usr", "etc", "tmp", "proc", "dev", "sys"]) await mkdir(join(root, folder), { recursive: true });
  const program = execFileSync("sh", ["-c", "command -v busybox"]).toString().trim();
  await writeFile(join(root, "bin", "busybox"), await readFile(program), { mode: 0o755 });
  for (const name of APPLETS) await symlink("busybox", join(root, "bin", name));
  await symlink("../bin", join(root, "usr", "bin"));
  await exec("tar", ["-C", root, "-cf", join(home, "rootfs.tar"), "."]);
  return join(home, "rootfs.tar");
}

/** A real Docker daemon with nothing of the machine's own one: its data, its socket, no networks but none and host. */
export async function startDockerd(extra: readonly string[] = [], home?: string): Promise<EngineSite> {
  const place = home ?? (await mkdtemp("/var/tmp/havre-docker-"));
  await chmod(place, 0o755);
  const url = `unix://${join(place, "d.sock")}`;
  const args = [
    ...["--data-root", join(place, "data"), "--exec-root", join(place, "exec"), "--pidfile", join(place, "pid"), "-H", url],
    ...["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false", "--bridge=none"],
    ...["--default-ulimit", "nofile=1024:1024", ...extra],
  ];
  let daemon: Running | undefined;
  const docker = (...words: string[]) => exec("docker", ["-H", url, ...words]);
  const start = async (): Promise<void> => {
    // A killed daemon's containerd goes with it, and may be a zombie for a while that the next one takes for alive.
    for (const file of ["pid", "exec/containerd/containerd.pid"]) await rm(join(place, file), { force: true });
    daemon = run("dockerd", args);
    await until(
      "the Docker daemon answers",
      () =>
        docker("version").then(
          () => true,
          () => false,
        ),
      30_000,
    );
  };
  await start();
  await docker("import", await busyboxTar(place), "localhost/busybox:1");
  return {
    home: place,
    url,
    image: "localhost/busybox:1",
    start,
    async fail() {
      daemon?.child.kill("SIGKILL");
      await until("it is gone", () => daemon?.child.exitCode !== null || daemon.child.signalCode !== null);
    },
    async end() {
      daemon?.child.kill("SIGKILL");
      await endOf(place);
    },
    async stop() {
      await docker("swarm", "leave", "--force").catch(() => {});
      await daemon?.stop();
      await endOf(place);
      await exec("sh", [
        "-c",
        'grep -F "$1/" /proc/mounts | cut -d" " -f2 | sort -r | while read -r m; do umount -l "$m"; done',
        "sh",
        place,
      ]);
      await rm(place, { recursive: true, force: true });
    },
  };
}

/** What a killed daemon leaves: its containerd, shims, and what they run. They name their folder in their command lines. */
async function endOf(place: string): Promise<void> {
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(`/proc/${name}/cmdline`, "latin1").catch(() => "");
    if (!line.includes(`${place}/exec`) && !line.includes(`${place}/data`)) continue;
    for (const child of await childrenOf(name)) kill(child);
    kill(Number(name));
  }
}

async function childrenOf(pid: string): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "latin1").catch(() => "");
  const own = text
    .trim()
    .split(" ")
    .filter(word => word !== "")
    .map(Number);
  return [...own, ...(await Promise.all(own.map(child => childrenOf(String(child))))).flat()];
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it went with its parent
  }
}

/** Podman's service for the same API, with a store of its own. */
export async function startPodman(): Promise<EngineSite> {
  const home = await mkdtemp("/var/tmp/havre-podman-");
  await chmod(home, 0o755);
  const containers = `[containers]
default_ulimits = ["nofile=1024:1024","nproc=1024:1024"]
netns = "none"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "${home}/tmp"
[network]
network_config_dir = "${home}/networks"
`;
  await writeFile(join(home, "containers.conf"), containers);
  await writeFile(
    join(home, "storage.conf"),
    `[storage]\ndriver = "overlay"\ngraphroot = "${home}/data"\nrunroot = "${home}/run"\n`,
  );
  const environment = { CONTAINERS_CONF: join(home, "containers.conf"), CONTAINERS_STORAGE_CONF: join(home, "storage.conf") };
  const podman = (...words: string[]) => exec("podman", words, { env: { ...process.env, ...environment } });
  const url = `unix://${join(home, "p.sock")}`;
  let service: Running | undefined;
  const start = async (): Promise<void> => {
    // conmon leaves a file "oom" where it was started.
    service = run("sh", ["-c", 'cd "$1" && exec podman system service --time=0 "$2"', "sh", home, url], environment);
    await until(
      "Podman answers",
      () =>
        exec("curl", ["-sf", "--unix-socket", join(home, "p.sock"), "http://d/v1.41/version"]).then(
          () => true,
          () => false,
        ),
      30_000,
    );
  };
  await podman("import", await busyboxTar(home), "localhost/busybox:1");
  await start();
  return {
    home,
    url,
    image: "localhost/busybox:1",
    start,
    async fail() {
      service?.child.kill("SIGKILL");
    },
    async end() {
      service?.child.kill("SIGKILL");
    },
    async stop() {
      await podman("rm", "-fa", "-t", "0").catch(() => {});
      await service?.stop();
      await exec("sh", [
        "-c",
        'grep -F "$1/" /proc/mounts | cut -d" " -f2 | sort -r | while read -r m; do umount -l "$m"; done',
        "sh",
        home,
      ]);
      await rm(home, { recursive: true, force: true });
    },
  };
}
