import { rm } from "node:fs/promises";
import { join } from "node:path";
import { HavreError } from "../../../kernel/errors.ts";
import { writeSmall } from "../../files.ts";
import { KeptShell } from "../shell.ts";
import { CARRIAGE_RETURN, quoted } from "../wrapper.ts";

/**
 * The supervisor of one run: a shell that uses nothing but its own words, so that it costs hardly more than a fork. It outlives
 * Havre, begins the run unless another has, and writes down how it ended when nothing of it is left.
 *
 *     $1 the run's folder, $2 the file for its end, then the command; 1 and 2 are the outputs
 *     FILE_BLOCKS: largest file, in blocks of 512 bytes · SECCOMP: the filter · of its cage, see cages.ts: ENTER, MEMBERS, THAW, READ,
 *     DATA_KIB and PROCESSES (limits of the account, "" for none)
 *
 * SIGTERM ends the run. `set -C` lets ">" make a file and never replace one: that is how the claim and the end are made once. A child
 * that cannot be caged is not run: code 125, and no word of bubblewrap's.
 */
const SUPERVISOR = `supervise() {
set -C; run=$1 end=$2; shift 2
child= told=
trap 'told=1; [ -z "$child" ] || kill -9 $child 2>/dev/null' TERM
trap '' HUP INT
read -r stat </proc/self/stat; read -r boot </proc/sys/kernel/random/boot_id
{ echo "$boot $stat" >"$run/claim"; } 2>/dev/null || exit 0
(
  trap - TERM HUP INT
  for file in $ENTER; do echo 0 >|"$file" || exit 125; done
  ulimit -c 0; ulimit -f $FILE_BLOCKS || exit 125
  [ -z "$DATA_KIB" ] || ulimit -d $DATA_KIB || exit 125
  [ -z "$PROCESSES" ] || ulimit -p $PROCESSES 2>/dev/null || ulimit -u $PROCESSES || exit 125
  exec "$@" 7>|"$run/status" 8<"$run/args" 9<"$SECCOMP"
) &
child=$!
[ -z "$told" ] || kill -9 $child 2>/dev/null
code=127
while :; do told=; wait $child; now=$?; [ $now = 127 ] || code=$now; [ -n "$told" ] || break; done
exec 2>/dev/null
tries=0
rest() { tries=$((tries+1)); [ $tries -lt 100 ] || sleep 0.05; }
if [ -n "$MEMBERS" ]; then
  while read -r pid <"$MEMBERS"; do kill -9 $pid; set -- $THAW; echo $1 >|"$2"; rest; done
else
  read -r pid <"$run/status"; pid=\${pid#*: }; pid=\${pid%%[!0-9]*}
  # The number may be somebody else's by now, and a zombie is dead though its new parent may not have looked yet.
  alive() { read -r stat <"/proc/$pid/stat" && case $stat in "$pid (bwrap) Z"*) false ;; "$pid (bwrap) "*) : ;; *) false ;; esac; }
  [ -z "$pid" ] || while alive && kill -9 $pid; do rest; done
  READ="seen=$run/seen"
fi
out="code=$code
"
for pair in $READ; do
  text=; while read -r line; do text="$text$line;"; done <"\${pair#*=}"
  out="$out\${pair%%=*}=$text
"
done
echo "\${out}whole=1" >"$end"
}
`;

/**
 * The starter, which forks the supervisors; they have its $CR. A line asks for one: its outputs, by the descriptors that Havre holds open, and the file that
 * says what is to be done. The answer comes when the outputs are open there.
 */
const STARTER = `${SUPERVISOR}
${CARRIAGE_RETURN}
trap '' HUP INT
while read -r out err file; do
  jobs >/dev/null 2>&1
  { ( . "$file" ) >&3 2>&4 3>&- 4>&- & } 3>>"$out" 4>>"$err" && echo "0 $file" || echo "1 $file"
done
`;

/** The last line of an end that is whole. */
export const WHOLE = "whole=1\n";

export interface Start {
  readonly folder: string;
  readonly end: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Open files; they stay open here. */
  readonly stdout: number;
  readonly stderr: number;
}

/** Starts supervisors, in a session of their own. Opened with its first; close when no more are to be started. */
export class Supervisors {
  readonly #shell = new KeptShell<boolean>({
    loop: STARTER,
    name: "havre-run",
    environment: {},
    end: "\n",
    read: line => [line.slice(2), line.startsWith("0")],
  });
  readonly #starting = new Map<string, Promise<void>>();

  /**
   * It does nothing when the run has begun. Who asks while the same is being started waits for the same answer.
   * @throws HavreError "unavailable" when no process can be made
   */
  start(what: Start): Promise<void> {
    const known = this.#starting.get(what.folder);
    if (known) return known;
    const started = this.#start(what).finally(() => this.#starting.delete(what.folder));
    this.#starting.set(what.folder, started);
    return started;
  }

  async #start({ folder, end, argv, environment, stdout, stderr }: Start): Promise<void> {
    // Another process of Havre may be starting the same run.
    const file = join(folder, `start.${process.pid}`);
    const facts = Object.entries(environment).map(([name, value]) => `${name}=${quoted(value)}`);
    const text = [...facts, "export PATH", `supervise ${[folder, end, ...argv].map(quoted).join(" ")}`, ""].join("\n");
    await writeSmall(file, text, { mode: 0o600 });
    const outputs = [stdout, stderr].map(output => `/proc/${process.pid}/fd/${output}`);
    const isStarted = await this.#shell.ask(file, [...outputs, file].join(" "));
    if (isStarted) return;
    await rm(file, { force: true });
    throw new HavreError("unavailable", "No process can be started on this machine now.", { retry: "temporary" });
  }

  close(): void {
    this.#shell.close();
  }
}
