import { chown, mkdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { HavreError } from "../../../kernel/errors.ts";
import { HOST_IMAGE, type Workload } from "../../../ports/cluster.ts";
import { actsOn, ignoring, replaceFile, writeSmall } from "../../files.ts";
import { isFolder, prepareDirectory } from "../directory.ts";
import { lookInside, makeMountPoint } from "../image-unpack.ts";
import type { Images } from "../images.ts";
import { runsItself } from "../workload.ts";
import { accountsFile, HOST_PATH } from "./host-system.ts";
import type { RunRecord } from "./records.ts";
import { asArgsFile, type SandboxPlan, sandboxArgs, sandboxCommand } from "./sandbox.ts";

/** What is the same for all runs of this machine. */
export interface Ground {
  readonly home: string;
  readonly images: Images;
  /** Words for the machine's own system. */
  readonly hostSystem: readonly string[];
  /** Folders that no run may see, and the one below which directories lie all the same. */
  readonly hidden: readonly string[];
  readonly shared: string;
  /** Whether Havre is root and runs everything as another account. */
  readonly switches: boolean;
  readonly filtered: boolean;
}

interface System {
  readonly words: readonly string[];
  readonly rootfs: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly program: readonly string[];
}

/** Places of the machine's own system that are read-only and of which no part can be anything else. */
const FIXED = /^\/(usr|bin|sbin|lib|lib32|lib64|libx32|etc)(\/|$)/;

/** pasta holds 31 MiB from its start on (measured), and some more with many connections. */
const NETWORK_BYTES = 48 * 1024 * 1024;

/**
 * Prepares everything that a supervisor needs of a workload but the record: the directory, the mount points, the words for the sandbox.
 * @param folder the run's own. @throws HavreError "invalid"
 */
export async function prepareRun(ground: Ground, folder: string, workload: Workload): Promise<RunRecord> {
  const { account, limits, network, ports, command } = workload;
  const system = await systemOf(ground, workload.image);
  const argv = await commandOf(system, workload);
  const owner = ground.switches ? account : undefined;
  await refuseHidden(ground, [workload.directory, ...workload.volumes.map(volume => volume.source)]);
  await Promise.all(workload.volumes.map(volume => isFolder(volume.source)));
  await prepareDirectory(workload.directory, [workload.stdout, workload.stderr], command, owner);
  await refuseHidden(ground, [workload.directory]); // now that it is there, a link in its path shows
  const scratch = workload.scratch ? join(folder, "scratch") : "";
  if (scratch !== "") await prepareDirectory(scratch, [], { kind: "image" }, owner);
  const wanted = [
    { source: workload.directory, target: workload.mount, readOnly: false },
    ...workload.volumes.map(({ source, mount, readOnly }) => ({ source, target: mount, readOnly })),
    ...(workload.scratch ? [{ source: scratch, target: workload.scratch.mount, readOnly: false }] : []),
  ];
  const uid = account.asRoot ? 0 : account.uid;
  const gid = account.asRoot ? 0 : account.gid;
  const plan: SandboxPlan = {
    system: system.words,
    uid,
    gid,
    hostname: network === "host" ? hostname() : "havre",
    binds: [...(await ownFiles(ground, system, workload, uid, gid)), ...(await mountPoints(system, wanted))],
    memoryBytes: limits.memoryBytes,
    environment: { PATH: HOST_PATH, ...system.environment, ...workload.environment },
    workingDirectory: workload.mount,
    network,
    hidden: system.rootfs === undefined ? ground.hidden.filter(path => shows(system.words, path)) : [],
    filtered: ground.filtered,
  };
  await writeSmall(join(folder, "args"), asArgsFile(sandboxArgs(plan)), { mode: 0o600 });
  const logFile = join(folder, "network");
  if (network === "outside") await writeFile(logFile, "", { mode: 0o600 });
  if (network === "outside" && owner) await chown(logFile, owner.uid, owner.gid);
  const wayIn = { account: owner, network, ports, logFile };
  return {
    name: workload.name,
    directory: workload.directory,
    stdout: workload.stdout,
    stderr: workload.stderr,
    owner: owner ? { uid: owner.uid, gid: owner.gid } : undefined,
    // The network of its own is kept up by a process beside it in its cage, which must not be what ends it.
    limits: network === "outside" ? { ...limits, memoryBytes: limits.memoryBytes + NETWORK_BYTES } : limits,
    scratch,
    argv: sandboxCommand(wayIn, argv),
  };
}

async function systemOf({ images, hostSystem }: Ground, image: string): Promise<System> {
  if (image === HOST_IMAGE) return { words: hostSystem, rootfs: undefined, environment: {}, program: [] };
  const { rootfs, config } = await images.find(image);
  return { words: ["--ro-bind", rootfs, "/"], rootfs, environment: config.environment, program: config.program };
}

async function commandOf({ rootfs, program }: System, { image, command }: Workload): Promise<readonly string[]> {
  if (command.kind === "program") return command.program;
  if (command.kind === "image") {
    if (program.length > 0) return program;
    throw new HavreError("invalid", `The image "${image}" does not say what it runs: give a command.`);
  }
  const script = `./${command.file}`;
  if (runsItself(command.script)) return [script];
  for (const shell of ["/bin/bash", "/usr/bin/bash", "/bin/sh"])
    if (await lookInside(rootfs ?? "/", shell)) return [shell, script];
  throw new HavreError("invalid", `The image "${image}" has no shell: the script must begin with "#!".`);
}

type Binds = SandboxPlan["binds"];

/** Small files that say inside who is who, and how others are found. */
async function ownFiles({ home }: Ground, { rootfs }: System, workload: Workload, uid: number, gid: number): Promise<Binds> {
  const show = (source: string, target: string) => ({ source, target, readOnly: true });
  const names =
    workload.network === "host"
      ? [show("/etc/hosts", "/etc/hosts"), show("/etc/resolv.conf", "/etc/resolv.conf")]
      : [show(join(home, "etc", "hosts"), "/etc/hosts"), show(join(home, "etc", "resolv.conf"), "/etc/resolv.conf")];
  if (rootfs !== undefined) return names;
  const folder = await accountFolder(join(home, "etc", `${uid}-${gid}`), uid, gid);
  return [...names, show(join(folder, "passwd"), "/etc/passwd"), show(join(folder, "group"), "/etc/group")];
}

/** Written once by each process that needs them, and always the same. */
const accountFolders = new Map<string, Promise<string>>();

function accountFolder(folder: string, uid: number, gid: number): Promise<string> {
  const known = accountFolders.get(folder);
  if (known) return known;
  const made = (async () => {
    await mkdir(folder, { recursive: true, mode: 0o711 });
    for (const [name, text] of Object.entries(accountsFile(uid, gid))) await replaceFile(join(folder, name), text, 0o644);
    return folder;
  })();
  accountFolders.set(folder, made);
  made.catch(() => accountFolders.delete(folder));
  return made;
}

/** Where each is mounted. A root filesystem is read-only when it is used, so the places are made beforehand. */
async function mountPoints({ rootfs }: System, wanted: Binds): Promise<Binds> {
  const placed: { source: string; target: string; readOnly: boolean }[] = [];
  for (const bind of wanted.toSorted((a, b) => a.target.split("/").length - b.target.split("/").length)) {
    const folder = await isFolder(bind.source);
    if (placed.some(({ target }) => target === bind.target))
      throw new HavreError("invalid", `Two things cannot both be mounted at ${bind.target}.`);
    const isBelow = placed.some(({ target }) => isIn(bind.target, target));
    if (rootfs === undefined && FIXED.test(bind.target))
      throw new HavreError("invalid", `Nothing can be mounted at ${bind.target} in the machine's own system.`);
    const target = rootfs === undefined || isBelow ? bind.target : await makeMountPoint(rootfs, bind.target, folder);
    placed.push({ ...bind, target });
  }
  return placed;
}

const isIn = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder === "/" ? folder : `${folder}/`);

/** Whether a path of the machine can be seen by these words. */
const shows = (words: readonly string[], path: string): boolean =>
  words.some((word, index) => /^--ro-bind/.test(words[index - 2] ?? "") && isIn(path, word));

/** As far as it is there; what is to be made lies below. */
async function realPath(path: string): Promise<string> {
  const real = await actsOn(path).realpath(path).catch(ignoring("ENOENT", "ENOTDIR"));
  return real ?? join(await realPath(dirname(path)), basename(path));
}

/** Neither what is hidden, nor a folder that it lies in, nor anything in it other than below the place of directories. */
async function refuseHidden({ hidden, shared }: Ground, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const real = await realPath(path);
    if (isIn(real, shared) && real !== shared) continue;
    if (hidden.some(secret => isIn(real, secret) || isIn(secret, real)))
      throw new HavreError("invalid", `${path} is not shown to any work.`);
  }
}
