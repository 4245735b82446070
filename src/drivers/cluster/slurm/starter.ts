import { HavreError } from "../../../kernel/errors.ts";
import { newKey } from "../../../kernel/ids.ts";
import { KeptShell } from "../shell.ts";
import { CARRIAGE_RETURN, quoted } from "../wrapper.ts";
import { errorOf, LIMIT_MS, notRun } from "./runner.ts";

/** What ends an answer: a byte that no program prints. */
const END = "\x1e";
const FIRST = `${CARRIAGE_RETURN}; trap '' HUP INT\n`;
/** What a shell says of a program that is not there, or cannot be run. */
const NOT_RUN = [126, 127];

interface Answer {
  readonly code: number;
  readonly said: string;
}

/**
 * Starts sbatch: shells that are kept, each with one under way at a time, so that one process is made for each job and no file. The script goes
 * to it as a document in the shell's own commands.
 */
export class Starter {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #all: KeptShell<Answer>[] = [];
  readonly #idle: KeptShell<Answer>[] = [];

  constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = { ...environment, SLURM_TIME_FORMAT: "%s" };
  }

  /**
   * Runs sbatch on a script. Where the signal comes first it may still be submitted, as when Havre is killed.
   * @param script without NUL. @returns what it printed, without its warnings. @throws HavreError, as a RunProgram
   */
  async submit(words: readonly string[], script: string, signal: AbortSignal): Promise<string> {
    const ends = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
    const { code, said } = await this.#ask(words, script, ends);
    if (NOT_RUN.includes(code)) throw notRun("sbatch", ends, new Error(said));
    if (code !== 0) throw errorOf("sbatch", said, false);
    return said.replace(/^sbatch: .*\n?/gm, "");
  }

  close(): void {
    for (const shell of this.#all) shell.close();
  }

  async #ask(words: readonly string[], script: string, ends: AbortSignal): Promise<Answer> {
    const stopped = (): HavreError => notRun("sbatch", ends, new Error("it takes too long"));
    if (ends.aborted) throw stopped();
    const shell = this.#idle.pop() ?? this.#open();
    // One that nobody waits for any more is busy all the same, until it answers.
    const answered = shell.ask("", commandOf(words, script)).finally(() => this.#idle.push(shell));
    let stop = (): void => {};
    const late = new Promise<never>((_, reject) => {
      stop = () => reject(stopped());
      ends.addEventListener("abort", stop, { once: true });
    });
    const answer = await Promise.race([answered, late]).finally(() => ends.removeEventListener("abort", stop));
    if (answer) return answer;
    throw new HavreError("unavailable", "Slurm: no process can be started on this machine now.", { retry: "temporary" });
  }

  #open(): KeptShell<Answer> {
    const shell = new KeptShell<Answer>({
      first: FIRST,
      name: "havre-sbatch",
      environment: this.#environment,
      end: END,
      read: told => {
        const [, code = "", said = ""] = /^(\d+) (.*)$/s.exec(told) ?? [];
        return ["", { code: Number(code), said }];
      },
    });
    this.#all.push(shell);
    return shell;
  }
}

/** Words of sh that run it on the script and tell what became of it. The end of the script is a line that nobody can have guessed. */
function commandOf(words: readonly string[], script: string): string {
  const end = `end-${newKey(20)}`;
  const document = script.endsWith("\n") || script === "" ? script : `${script}\n`;
  const run = `exec ${words.map(quoted).join(" ")} <<'${end}' 2>&1\n${document}${end}\n`;
  return `said=$(${run}); printf '%s %s\\036' $? "$said"`;
}
