import type { Network } from "../../../ports/cluster.ts";

export interface SandboxPlan {
  /** Words that lay out the system under "/": a root filesystem, or parts of the machine's own. */
  readonly system: readonly string[];
  readonly uid: number;
  readonly gid: number;
  readonly hostname: string;
  /** Over it, in this order. */
  readonly binds: readonly { readonly source: string; readonly target: string; readonly readOnly: boolean }[];
  /** Most that temporary files in memory take; they count as memory too where control groups count it. */
  readonly memoryBytes: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly network: Network;
  /** Folders and files of Havre that would be seen in it: shown empty. */
  readonly hidden: readonly string[];
  readonly filtered: boolean;
}

/** Descriptors that the supervisor opens for bubblewrap. */
export const [STATUS_FD, ARGS_FD, SECCOMP_FD] = [7, 8, 9];

/**
 * The words for bubblewrap, as its --args takes them from a file: no other process of the machine sees them.
 * Namespaces of its own for users, processes, mounts, IPC, names and the network; no way to make more; no rights; everything
 * read-only but what is bound so and /tmp. It ends with its parent, and takes every process inside with it.
 */
export function sandboxArgs(plan: SandboxPlan): string[] {
  const { uid, gid, memoryBytes, network } = plan;
  const inMemory = (path: string): string[] => ["--size", String(memoryBytes), "--perms", "1777", "--tmpfs", path];
  return [
    ...["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"],
    // "outside" comes with a network namespace that is made around it.
    ...(network === "none" ? ["--unshare-net"] : []),
    ...["--disable-userns", "--cap-drop", "ALL", "--new-session", "--die-with-parent"],
    ...["--uid", String(uid), "--gid", String(gid), "--hostname", plan.hostname],
    ...["--clearenv", ...Object.entries(plan.environment).flatMap(([name, value]) => ["--setenv", name, value])],
    ...plan.system,
    ...plan.hidden.flatMap(path => ["--size", "4096", "--tmpfs", path]),
    ...["--proc", "/proc", "--dev", "/dev", ...inMemory("/dev/shm"), "--remount-ro", "/dev", ...inMemory("/tmp")],
    ...plan.binds.flatMap(({ source, target, readOnly }) => [readOnly ? "--ro-bind" : "--bind", source, target]),
    ...["--remount-ro", "/", "--chdir", plan.workingDirectory],
    ...["--json-status-fd", String(STATUS_FD), ...(plan.filtered ? ["--seccomp", String(SECCOMP_FD)] : [])],
  ];
}

export const asArgsFile = (words: readonly string[]): string => words.map(word => `${word}\0`).join("");

export interface WayIn {
  /** To become before anything else; undefined when Havre itself is no more than that. */
  readonly account: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] } | undefined;
  readonly network: Network;
  readonly ports: readonly { readonly container: number; readonly host: number }[];
  readonly logFile: string;
}

/** What the supervisor runs: gives up root, makes the network around it where one is wanted, then the sandbox and the command. */
export function sandboxCommand({ account, network, ports, logFile }: WayIn, command: readonly string[]): string[] {
  const groups = account && account.groups.length > 0 ? ["--groups", account.groups.join(",")] : ["--clear-groups"];
  // pasta makes a user namespace of its own, in which bubblewrap must be root to make the next; bubblewrap itself ends all that.
  const noNew = network === "outside" ? [] : ["--no-new-privs"];
  const become = account
    ? ["setpriv", "--reuid", String(account.uid), "--regid", String(account.gid), ...groups, "--inh-caps=-all", ...noNew]
    : [];
  const mapped = ports.map(({ container, host }) => `${host}:${container}`).join(",");
  // Nothing of the node's loopback: neither by its address, nor by the gateway, nor by what listens there already.
  const around =
    network === "outside"
      ? [
          ...["pasta", "--quiet", "--foreground", "--log-file", logFile, "--config-net", "--no-map-gw"],
          ...["-t", mapped || "none", "-u", "none", "-T", "none", "-U", "none", "--"],
        ]
      : [];
  return [...become, ...around, "bwrap", "--args", String(ARGS_FD), "--", ...command];
}
