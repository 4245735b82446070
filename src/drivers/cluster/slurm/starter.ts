import { type ChildProcessByStdio, spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { HavreError } from "../../../kernel/errors.ts";
import { writeSmall } from "../files.ts";
import { CARRIAGE_RETURN, quoted } from "../wrapper.ts";
import { errorOf, LIMIT_MS, notRun } from "./runner.ts";

/**
 * A small shell that starts sbatch. Node would copy the tables of all of its memory for each, and do nothing else meanwhile. A line asks
 * for one: a number, the file with the script, and the words. What it said comes back with its code and the number, ended by a byte that no
 * program prints; as several run at once, in any order.
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

type Shell = ChildProcessByStdio<Writable, Readable, null>;
interface Answer {
  readonly code: number;
  readonly said: string;
}

/** Opened with its first; close when no more are to be started. */
export class Starter {
  readonly #environment: Readonly<Record<string, string>>;
  #shell: Shell | undefined;
  #last = 0;
  readonly #asked = new Map<string, (answer: Answer | undefined) => void>();

  constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = environment;
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
    this.#shell?.stdin.end();
    this.#shell = undefined;
  }

  async #ask(line: string, ends: AbortSignal): Promise<Answer> {
    const number = String(++this.#last);
    this.#shell ??= this.#open();
    const shell = this.#shell;
    const answer = await new Promise<Answer | undefined>((resolve, reject) => {
      const stop = (): void => {
        this.#asked.delete(number);
        reject(notRun("sbatch", ends, new Error("it takes too long")));
      };
      if (ends.aborted) return stop();
      ends.addEventListener("abort", stop, { once: true });
      this.#asked.set(number, found => {
        ends.removeEventListener("abort", stop);
        resolve(found);
      });
      (shell.stdout as Socket).ref();
      shell.stdin.write(`${number} ${line}\n`);
    });
    if (answer) return answer;
    throw new HavreError("unavailable", "Slurm: no process can be started on this machine now.", { retry: "temporary" });
  }

  #open(): Shell {
    const shell = spawn("/bin/sh", ["-c", LOOP, "havre-sbatch"], {
      cwd: "/",
      env: { ...this.#environment, SLURM_TIME_FORMAT: "%s" },
      detached: true,
      stdio: ["pipe", "pipe", "ignore"],
    });
    const gone = (): void => {
      if (this.#shell === shell) this.#shell = undefined;
      for (const number of [...this.#asked.keys()]) this.#answer(shell, number, undefined);
    };
    shell.once("error", gone).once("exit", gone);
    shell.stdin.on("error", gone);
    let text = "";
    shell.stdout.setEncoding("utf8").on("data", (piece: string) => {
      const whole = (text + piece).split(END);
      text = whole.pop() ?? "";
      for (const told of whole) {
        const [, number = "", code = "", said = ""] = /^(\d+) (\d+) (.*)$/s.exec(told) ?? [];
        this.#answer(shell, number, { code: Number(code), said });
      }
    });
    // Havre may end while it is there.
    shell.unref();
    (shell.stdin as Socket).unref();
    return shell;
  }

  #answer(shell: Shell, number: string, answer: Answer | undefined): void {
    const tell = this.#asked.get(number);
    this.#asked.delete(number);
    if (this.#asked.size === 0) (shell.stdout as Socket).unref();
    tell?.(answer);
  }
}
