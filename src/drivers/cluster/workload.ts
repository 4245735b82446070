import { normalize } from "node:path";
import { HavreError } from "../../kernel/errors.ts";
import { type ClusterAbilities, type Command, HOST_IMAGE, SCRIPT_MAX_BYTES, type Workload } from "../../ports/cluster.ts";

/**
 * What every cluster refuses alike, before anything is made of it: a workload that is malformed, or that asks for what `can` does
 * not have. @throws HavreError "invalid", in words for whoever wrote it
 */
export function checkWorkload(workload: Workload, engine: string, can: ClusterAbilities): void {
  const problem = malformed(workload) ?? beyond(workload, can);
  if (problem !== undefined) throw new HavreError("invalid", `${engine}: ${problem}`);
}

function malformed(workload: Workload): string | undefined {
  const { id, directory, mount, volumes, stdout, stderr, environment, limits, account, command, elements, ports } = workload;
  if (!/^[a-z0-9][a-z0-9-]{0,47}$/.test(id)) return `"${id}" is no id of a workload.`;
  for (const path of [directory, mount, ...volumes.flatMap(volume => [volume.source, volume.mount]), ...scratchMount(workload)])
    if (!isWholePath(path)) return `${JSON.stringify(path)} is no absolute path without "." and "..".`;
  for (const target of [mount, ...volumes.map(volume => volume.mount), ...scratchMount(workload)])
    if (/^\/((proc|dev|sys)(\/.*)?)?$/.test(target)) return `nothing can be mounted at ${target}.`;
  for (const name of [stdout, stderr]) if (!isFileName(name)) return `${JSON.stringify(name)} is no name of a file.`;
  const bad = wrongVariable([environment, ...(elements ?? []).map(element => element.environment)]);
  if (bad !== undefined) return `the variable ${JSON.stringify(bad)} has a name or a value that no program can be given.`;
  const wrong = wrongCommand(command, [stdout, stderr]);
  if (wrong !== undefined) return wrong;
  const counts = [
    limits.memoryBytes,
    limits.walltimeSeconds,
    limits.processes,
    limits.outputBytes,
    limits.diskBytes,
    ...Object.values(workload.units ?? {}),
  ];
  if (!counts.every(count => Number.isSafeInteger(count) && count > 0) || !(limits.cpu > 0 && limits.cpu < 1e6))
    return "limits and units must be whole numbers above 0.";
  const numbers = [account.uid, account.gid, ...account.groups];
  if (!numbers.every(number => Number.isInteger(number) && number > 0 && number < 2 ** 32 - 1))
    return "work is done by an ordinary account, never by root.";
  const names = [
    ...workload.avoid,
    ...Object.keys(workload.labels),
    ...Object.keys(workload.units ?? {}),
    ...(workload.queue === undefined ? [] : [workload.queue]),
  ];
  const odd = [...names, ...Object.values(workload.labels).filter(value => value !== "")].find(
    name => !/^[A-Za-z0-9][\w.-]*$/.test(name),
  );
  if (odd !== undefined) return `${JSON.stringify(odd)} is no name of a node, a label, a unit or a queue.`;
  const indices = (elements ?? []).map(element => element.index);
  if (new Set(indices).size !== indices.length || !indices.every(index => Number.isSafeInteger(index) && index >= 0))
    return "elements of an array have different numbers from 0.";
  if (elements?.length === 0) return "an array has at least one element.";
  for (const { container, host } of ports) if (!isPort(container) || !isPort(host)) return "ports are numbers from 1 to 65535.";
  return undefined;
}

function beyond(
  { image, network, ports, gpus, elements, after, limits, queue }: Workload,
  can: ClusterAbilities,
): string | undefined {
  if (!can.images && image !== HOST_IMAGE) return `images are not run here, only "${HOST_IMAGE}".`;
  if (!can.networks.includes(network)) return `the network "${network}" is not offered here, only ${can.networks.join(", ")}.`;
  if (ports.length > 0 && !can.ports) return "ports are not opened here.";
  if (ports.length > 0 && network === "none") return 'ports need the network "outside" or "host".';
  if (gpus > 0 && !can.gpus) return "there are no GPUs here.";
  if ((elements?.length ?? 0) > can.arrays) return `an array may have ${can.arrays} elements here.`;
  if ((after?.length ?? 0) > 0 && !can.dependencies) return "waiting for others is not done here.";
  if ((limits.nodes ?? 1) > 1 && !can.nodes) return "there is one node here.";
  if (queue !== undefined && !can.queue) return "there are no queues here.";
  return undefined;
}

function wrongCommand(command: Command, outputs: readonly string[]): string | undefined {
  if (command.kind === "image") return undefined;
  if (command.kind === "program")
    return command.program.some(word => word.includes("\0")) || command.program[0] === ""
      ? "no program can be called so."
      : undefined;
  if (!isFileName(command.file) || outputs.includes(command.file))
    return `${JSON.stringify(command.file)} is no name for the script.`;
  if (command.script.length > SCRIPT_MAX_BYTES) return `a script may have ${SCRIPT_MAX_BYTES} bytes.`;
  return undefined;
}

function wrongVariable(environments: readonly Readonly<Record<string, string>>[]): string | undefined {
  for (const environment of environments)
    for (const [name, value] of Object.entries(environment))
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || value.includes("\0")) return name;
  return undefined;
}

const scratchMount = ({ scratch }: Workload): string[] => (scratch ? [scratch.mount] : []);
const isWholePath = (path: string): boolean =>
  path.startsWith("/") && !path.includes("\0") && normalize(path) === path && (path === "/" || !path.endsWith("/"));
const isFileName = (name: string): boolean => /^[^/\0]{1,255}$/.test(name) && name !== "." && name !== "..";
const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port < 65536;

/** How a script is run: by itself when it says by what ("#!") or is a program of the machine; undefined: by a shell. */
export function runsItself(script: Uint8Array): boolean {
  const start = Buffer.from(script.buffer, script.byteOffset, Math.min(4, script.length)).toString("latin1");
  return start.startsWith("#!") || start === "\x7fELF";
}
