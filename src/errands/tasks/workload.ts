import {
  type ArrayRange,
  askedOf,
  dataFolder,
  folderOf,
  indexOf,
  type MountedVolume,
  mountsOf,
  type Run,
  SSH_PORT,
  type TaskSettings,
  type TaskView,
} from "../../core/tasks/index.ts";
import type { ClusterAbilities, Network, Volume, Workload } from "../../ports/cluster.ts";
import { refOf } from "./runs.ts";

/** Where a task sees its folder and its person's files, on clusters that show folders elsewhere than they lie. */
const JOB_MOUNT = "/mnt/go-docker";
const DATA_MOUNT = "/mnt/god-data";
/** Where our own ssh server listens: a task may not open the port that it is known by. */
const SSH_PORT_INSIDE = 2222;
const SCRATCH_MOUNT = "/tmp-data";
export const URIS_FILE = "godocker-uris.txt";
export const TIMES_FILE = "god.info";
const MIB = 1024 * 1024;
/** A scratch room counts with the folder; limits of a disk are whole bytes above 0. */
const LEAST_DISK = 16 * MIB;

/**
 * What is asked of a cluster for a run of a task or an element, or for those of several elements in one piece. Pure.
 * @param runs of one task and one workload. @param root of the shared folders, absolute. @param isThere which of the folders asked for are there
 */
export function workloadOf(
  view: TaskView,
  runs: readonly Run[],
  settings: TaskSettings,
  can: ClusterAbilities,
  root: string,
  isThere: ReadonlySet<string>,
): Workload {
  const { task } = view;
  const { spec } = task;
  const run = runs[0]!;
  const asked = askedOf(spec.labels);
  const ref = refOf(run);
  const mounted = mountsOf(view, settings, root).filter(({ path }) => isThere.has(path));
  const data = { source: `${root}/${dataFolder(task.personId)}`, mount: DATA_MOUNT, readOnly: true };
  const ownServer = spec.interactive && spec.script.length === 0;
  const environment = (of: Run): Record<string, string> => environmentOf(view, of, can, root, mounted);
  const common = environment(run);
  return {
    id: ref.id,
    name: `task ${view.id}`,
    image: spec.image,
    command: { kind: "script", script: spec.script.length > 0 ? spec.script : Buffer.from(SSH_SERVER), file: "cmd.sh" },
    environment: common,
    directory: `${root}/${folderOf(task, ref.index !== undefined || run.element < 0 ? undefined : run.element)}`,
    mount: JOB_MOUNT,
    volumes: [
      data,
      ...mounted.map((volume): Volume => ({ source: volume.path, mount: volume.mount, readOnly: volume.acl === "ro" })),
    ],
    stdout: "god.log",
    stderr: "god.err",
    account: { uid: view.uid, gid: view.gid, groups: view.groups, asRoot: spec.asRoot },
    limits: {
      cpu: spec.cpu,
      memoryBytes: spec.memoryMib * MIB,
      walltimeSeconds: run.walltimeSeconds,
      processes: settings.taskProcesses,
      outputBytes: settings.taskOutput,
      diskBytes: Math.max(LEAST_DISK, settings.taskDisk + spec.scratchMib * MIB),
    },
    gpus: spec.gpus,
    network: networkOf(spec, can.networks),
    ports: run.ports.map(port => (ownServer && port.container === SSH_PORT ? { ...port, container: SSH_PORT_INSIDE } : port)),
    labels: Object.fromEntries(asked.labels),
    ...(asked.units === undefined ? {} : { units: asked.units }),
    avoid: settings.taskSkipFailedNodes ? task.failedNodes : [],
    ...(spec.scratchMib > 0 ? { scratch: { bytes: spec.scratchMib * MIB, mount: SCRATCH_MOUNT } } : {}),
    ...(ref.index === undefined
      ? {}
      : {
          elements: runs.map(one => ({
            index: refOf(one).index ?? 0,
            environment: Object.fromEntries(Object.entries(environment(one)).filter(([name, value]) => common[name] !== value)),
          })),
        }),
  };
}

function environmentOf(
  view: TaskView,
  run: Run,
  can: ClusterAbilities,
  root: string,
  mounted: readonly MountedVolume[],
): Record<string, string> {
  const { task } = view;
  const { spec } = task;
  const place = run.element < 0 ? undefined : run.element;
  const pwd = can.mounts ? JOB_MOUNT : `${root}/${folderOf(task, place)}`;
  const home = mounted.find(({ name }) => name === "home");
  const homeSeen = home ? (can.mounts ? home.mount : home.path) : pwd;
  const ownServer = spec.interactive && spec.script.length === 0;
  return {
    HOME: homeSeen,
    USER: view.username,
    GODOCKER_JID: String(place === undefined ? task.id : task.id + 1 + place),
    GODOCKER_PWD: pwd,
    GODOCKER_HOME: homeSeen,
    GODOCKER_DATA: can.mounts ? DATA_MOUNT : `${root}/${dataFolder(task.personId)}`,
    ...(spec.array && place !== undefined ? arrayVariables(spec.array, place) : {}),
    ...(ownServer ? { HAVRE_SSH_PORT: String(SSH_PORT_INSIDE), HAVRE_SSH_KEYS: sshKeys(spec.said) } : {}),
  };
}

/** A task that wants a network gets the best that there is; one that wants none gets none, or is refused by its cluster. */
function networkOf(spec: TaskView["task"]["spec"], offered: readonly Network[]): Network {
  if (!spec.network && spec.ports.length === 0 && !spec.interactive) return "none";
  return (["outside", "host"] as const).find(network => offered.includes(network)) ?? "none";
}

const arrayVariables = (range: ArrayRange, place: number): Record<string, string> =>
  Object.fromEntries(
    [
      ["ID", indexOf(range, place)],
      ["FIRST", range.first],
      ["LAST", range.last],
      ["STEP", range.step],
    ].flatMap(([name, value]) => ["GOGOCKER", "GODOCKER"].map(prefix => [`${prefix}_TASK_${name}`, String(value)])),
  );

const sshKeys = (said: Readonly<Record<string, unknown>>): string => (typeof said.publicKey === "string" ? said.publicKey : "");

/** What an interactive task runs that brings no command: an ssh server, of the account's own, which lets that account in by its key. */
const SSH_SERVER = `#!/bin/sh
set -eu
umask 077
ssh=$GODOCKER_PWD/.ssh-server
mkdir -p "$ssh"
printf '%s\\n' "$HAVRE_SSH_KEYS" > "$ssh/authorized_keys"
[ -f "$ssh/key" ] || ssh-keygen -q -t ed25519 -N '' -f "$ssh/key"
server=$(command -v sshd || echo /usr/sbin/sshd)
echo "ssh server on port $HAVRE_SSH_PORT"
exec "$server" -D -e -f /dev/null -p "$HAVRE_SSH_PORT" -h "$ssh/key" -o PidFile=none -o UsePAM=no -o StrictModes=no -o PasswordAuthentication=no \\
  -o "AuthorizedKeysFile=$ssh/authorized_keys"
`;
