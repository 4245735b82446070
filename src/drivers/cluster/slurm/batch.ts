import { join } from "node:path";
import type { Workload } from "../../../ports/cluster.ts";
import type { Note } from "../notes.ts";
import { commandWords, quoted, wrapperScript } from "../wrapper.ts";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const MIB = 1024 * 1024;

export interface Submission {
  /** Words by which it becomes the account that is asked for, which only root may; empty: it runs as whoever runs sbatch. */
  readonly account: readonly string[];
  /** Slurm's numbers of those it comes after, as far as Slurm still knows them. */
  readonly after: readonly string[];
}

/**
 * The words for sbatch. A job has the environment that sbatch has, which is next to nothing (runner.ts): for any other that is asked for, the
 * node starts `su` to learn the account's own. The outputs are the wrapper's: names of files may hold what sbatch would replace.
 */
export function sbatchWords(workload: Workload, note: Note, { account, after }: Submission): string[] {
  const { limits, labels, avoid, gpus, units, queue, elements } = workload;
  const minutes = Math.max(1, Math.ceil(limits.walltimeSeconds / 60));
  const features = Object.entries(labels).map(([name, value]) => (value === "" ? name : `${name}_${value}`));
  const licenses = Object.entries(units ?? {}).map(([name, count]) => `${name}:${count}`);
  return [
    ...["sbatch", "--parsable", "--export=ALL", "--chdir=/tmp", "--output=/dev/null", "--error=/dev/null", "--input=/dev/null"],
    ...[`--job-name=${note.name}`, `--time=${minutes}`, `--nodes=${limits.nodes ?? 1}`, "--ntasks-per-node=1"],
    ...[`--cpus-per-task=${Math.ceil(limits.cpu)}`, `--mem=${Math.max(1, Math.ceil(limits.memoryBytes / MIB))}M`],
    workload.requeue ? "--requeue" : "--no-requeue",
    ...account,
    ...(queue === undefined ? [] : [`--partition=${queue}`]),
    ...(gpus > 0 ? [`--gres=gpu:${gpus}`] : []),
    ...(licenses.length > 0 ? [`--licenses=${licenses.join(",")}`] : []),
    ...(features.length > 0 ? [`--constraint=${features.join("&")}`] : []),
    ...(avoid.length > 0 ? [`--exclude=${avoid.join(",")}`] : []),
    ...(elements ? [`--array=${elements.map(({ index }) => index).join(",")}`] : []),
    ...(after.length > 0 ? [`--dependency=afterany:${after.join(":")}`] : []),
  ];
}

/** The batch script: the wrapper, with the environment in it, so that no other program is told it. */
export function batchScript(workload: Workload, note: Note, box: string): string {
  const { directory, environment, command, elements, limits } = workload;
  const pairs = (variables: Readonly<Record<string, string>>): string =>
    Object.entries(variables)
      .map(([name, value]) => ` ${quoted(`${name}=${value}`)}`)
      .join("");
  const inside = elements ? "/$SLURM_ARRAY_TASK_ID" : "";
  const each = (elements ?? []).filter(element => Object.keys(element.environment).length > 0);
  const cases = each.map(element => `${element.index}) set --${pairs(element.environment)} "$@" ;;`);
  const path = environment.PATH ?? PATH;
  return `#!/bin/sh\n${wrapperScript({
    before: [`BOX=${quoted(box)}${inside}`, `DIR=${quoted(directory)}${inside}`, `export PATH=${quoted(path)}`],
    stdout: note.stdout,
    stderr: note.stderr,
    key: elements ? '"$' + '{SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"' : "$SLURM_JOB_ID",
    requeue: note.requeue,
    diskBytes: limits.diskBytes,
    counts: false,
    processes: limits.processes,
    command: commandWords(command, quoted(directory)),
    launch: `launch() {\n${[
      // The last of two variables of one name counts, so an element's own come after the common ones.
      ...(cases.length > 0 ? [`case $SLURM_ARRAY_TASK_ID in`, ...cases, `esac`] : []),
      `env -i PATH=${quoted(path)}${pairs(environment)} "$@"`,
    ].join("\n")}\n}\nlaunch `,
  })}`;
}

export const elementFolders = ({ directory, elements }: Workload): string[] =>
  elements ? elements.map(({ index }) => join(directory, String(index))) : [];
