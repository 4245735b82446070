import type { Command } from "../../ports/cluster.ts";
import { runsItself } from "./workload.ts";

/**
 * The few lines of sh that stand between an engine and a command. They see to what no engine does: that the command begins once
 * however often the engine starts them, that its outputs go to its files, that one file and the number of processes are limited, that
 * a program which is not there is told from one that fails. In its box lie: `begun`, who began it (the engine's name of that start's
 * job); `begins`, a line for each time; `refused`, why it never began; `code`, its exit code, of which some engines tell seven bits.
 */
export interface Wrapping {
  /** As the node sees them; $BOX and $DIR are set by words before. */
  readonly before: readonly string[];
  readonly stdout: string;
  readonly stderr: string;
  /** An expression of sh for the name of this job: the same when the engine begins it again. */
  readonly key: string;
  readonly requeue: boolean;
  readonly diskBytes: number;
  /** 0: the engine limits them. */
  readonly processes: number;
  /** Words of sh that set "$@" to the command; they may use $PATH of the workload. */
  readonly command: readonly string[];
  /** How "$@" is run: "" as it is. */
  readonly launch: string;
  /** Keeps what its control group has counted, for engines that forget it at the end: `used` in microseconds and bytes, `oom`. */
  readonly counts: boolean;
}

/** The exit code of a start that another start made needless. */
export const NEEDLESS = 88;
export const NOT_FOUND = 127;
const BLOCK_BYTES = 512;

export function wrapperScript(wrapping: Wrapping): string {
  const { before, stdout, stderr, key, requeue, diskBytes, processes, command, launch, counts } = wrapping;
  const again = requeue ? `{ read -r owner <"$BOX/begun" && [ "$owner" = "$KEY" ]; }` : "false";
  const outputs = stdout === stderr ? `>>${quoted(stdout)} 2>&1` : `>>${quoted(stdout)} 2>>${quoted(stderr)}`;
  const script = [
    ...before,
    `KEY=${key}`,
    `set -C; { echo "$KEY" >"$BOX/begun"; } 2>/dev/null || ${again} || exit ${NEEDLESS}; set +C`,
    `echo "$KEY" >>"$BOX/begins"`,
    `cd "$DIR" || { echo "the directory cannot be entered" >"$BOX/refused"; exit ${NOT_FOUND}; }`,
    `exec ${outputs}`,
    `ulimit -c 0; ulimit -f ${Math.ceil(diskBytes / BLOCK_BYTES)} || exit ${NOT_FOUND}`,
    ...(processes > 0 ? [limitProcesses(processes)] : []),
    ...command,
    `command -v -- "$1" >/dev/null || { echo "$1: not found" >"$BOX/refused"; echo "$1: not found" >&2; exit ${NOT_FOUND}; }`,
    `: >|"$BOX/code"; ${launch}"$@"; code=$?; echo "$code" >|"$BOX/code"`,
    ...(counts ? COUNTED : []),
    `exit "$code"`,
    "",
  ].join("\n");
  // Not said where nothing asks for it, as saying it takes a process.
  return script.includes(CARRIAGE_RETURN_WORD) ? `${CARRIAGE_RETURN}\n${script}` : script;
}

/** Of control groups version 1, else 2, as they are seen from inside. */
const COUNTED = [
  `at=/sys/fs/cgroup cpu= peak= oom=0`,
  `if read -r cpu <$at/cpuacct/cpuacct.usage; then cpu=$((cpu / 1000)); read -r peak <$at/memory/memory.max_usage_in_bytes; events=$at/memory/memory.oom_control`,
  `else read -r word cpu <$at/cpu.stat; read -r peak <$at/memory.peak; events=$at/memory.events; fi 2>/dev/null`,
  `while read -r word count; do [ "$word" != oom_kill ] || oom=$count; done 2>/dev/null <$events`,
  `echo "$oom" >|"$BOX/oom"; echo "$cpu $peak" >|"$BOX/used"`,
];

/** The kernel counts an account's processes wherever they run, so those that are there already, of anybody, do not count. */
const limitProcesses = (processes: number): string =>
  `there() { shift; echo $(($# + ${processes})); }; most=$(there x /proc/[0-9]*); ulimit -p "$most" 2>/dev/null || ulimit -u "$most"`;

/** @param folder words for where a script lies */
export function commandWords(command: Command, folder: string): string[] {
  if (command.kind === "program") return [`set -- ${command.program.map(quoted).join(" ")}`];
  if (command.kind === "image") return []; // "$@" is what the image says
  const script = `${folder}/${quoted(command.file)}`;
  if (runsItself(command.script)) return [`set -- ${script}`];
  return [`if command -v bash >/dev/null; then set -- bash ${script}; else set -- sh ${script}; fi`];
}

const CARRIAGE_RETURN_WORD = '"$CR"';
/** One word for sh, whatever is in it but NUL. Carriage returns are held in $CR: some engines take no script that has any. */
export const quoted = (word: string): string =>
  word
    .split("\r")
    .map(part => (part === "" ? "" : `'${part.replaceAll("'", `'\\''`)}'`))
    .join(CARRIAGE_RETURN_WORD) || "''";

export const CARRIAGE_RETURN = `CR=$(printf '\\r')`;
