import { rm } from "node:fs/promises";
import { HavreError } from "../../../kernel/errors.ts";
import { writeSmall } from "../files.ts";
import { KeptShell } from "../shell.ts";
import { CARRIAGE_RETURN, quoted } from "../wrapper.ts";
import { errorOf, LIMIT_MS, notRun } from "./runner.ts";

/**
 * Starts sbatch. A line asks for one: a number, the file with the script, and the words. What it said comes back with its code and the
 * number, ended by a byte that no program prints; as several run at once, in any order.
 */
const LOOP = `${CARRIAGE_RETURN}
trap '' HUP INT
while read -r number script words; do
  jobs >/dev/null 2>&1
  { said=$(eval "exec $words" <"$script" 2>&1); printf '%s %s %s\\036' "$number" $? "$said"; } &
done
`;
const END = "\x1e";
/** What a shell says of a program that is not there, or cannot be run. */
const NOT_RUN = [126, 127];

interface Answer {
  readonly code: number;
  readonly said: string;
}

/** Opened with its first; close when no more are to be started. */
export class Starter {
  readonly #shell: KeptShell<Answer>;
  #last = 0;

  constructor(environment: Readonly<Record<string, string>>) {
    this.#shell = new KeptShell({
      loop: LOOP,
      name: "havre-sbatch",
      environment: { ...environment, SLURM_TIME_FORMAT: "%s" },
      end: END,
      read: told => {
        const [, number = "", code = "", said = ""] = /^(\d+) (\d+) (.*)$/s.exec(told) ?? [];
        return [number, { code: Number(code), said }];
      },
    });
  }

  /**
   * Runs sbatch on a script. Where the signal comes first it may still be submitted, as when Havre is killed.
   * @param words none with a line break. @param file where the script lies meanwhile, ours alone; a path without blanks. @returns what it printed, without its warnings. @throws HavreError, as a RunProgram
   */
  async submit(words: readonly string[], script: string, file: string, signal: AbortSignal): Promise<string> {
    await writeSmall(file, script, { mode: 0o600 });
    try {
      const ends = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
      const { code, said } = await this.#ask(`${file} ${words.map(quoted).join(" ")}`, ends);
      if (NOT_RUN.includes(code)) throw notRun("sbatch", ends, new Error(said));
      if (code !== 0) throw errorOf("sbatch", said, false);
      return said.replace(/^sbatch: .*\n?/gm, "");
    } finally {
      await rm(file, { force: true });
    }
  }

  close(): void {
    this.#shell.close();
  }

  async #ask(line: string, ends: AbortSignal): Promise<Answer> {
    const number = String(++this.#last);
    const answer = await new Promise<Answer | undefined>((resolve, reject) => {
      const stop = (): void => {
        this.#shell.forget(number);
        reject(notRun("sbatch", ends, new Error("it takes too long")));
      };
      if (ends.aborted) return stop();
      ends.addEventListener("abort", stop, { once: true });
      this.#shell
        .ask(number, `${number} ${line}`)
        .finally(() => ends.removeEventListener("abort", stop))
        .then(resolve, reject);
    });
    if (answer) return answer;
    throw new HavreError("unavailable", "Slurm: no process can be started on this machine now.", { retry: "temporary" });
  }
}
