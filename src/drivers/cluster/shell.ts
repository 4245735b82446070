import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";

export interface ShellOptions<Answer> {
  /**
   * Reads lines from its input, starts a program for each, and tells what became of it. Without one what is asked for are commands for
   * the shell itself, which runs one after the other.
   */
  readonly loop?: string;
  /** Commands that it is given before anything else. */
  readonly first?: string;
  /** What it is called in a list of processes. */
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What ends each thing that it tells. */
  readonly end: string;
  /** Under which key something was asked for, and the answer; undefined for what is none. */
  readonly read: (told: string) => readonly [key: string, answer: Answer] | undefined;
}

type Shell = ChildProcessByStdio<Writable, Readable, null>;

/**
 * A small shell that is kept to start programs: Node would copy the tables of all of its memory for each, and do nothing else meanwhile (20 ms
 * on a busy machine, against less than 1). Opened with the first that is asked for; close when no more are to be. It ends when Havre does;
 * what it started goes on.
 */
export class KeptShell<Answer> {
  readonly #options: ShellOptions<Answer>;
  #shell: Shell | undefined;
  readonly #asked = new Map<string, (answer: Answer | undefined) => void>();

  constructor(options: ShellOptions<Answer>) {
    this.#options = options;
  }

  /** @param key nobody else's while this is under way. @param line without its end. @returns undefined when the shell is gone */
  ask(key: string, line: string): Promise<Answer | undefined> {
    return new Promise(resolve => {
      this.#shell ??= this.#open();
      this.#asked.set(key, resolve);
      (this.#shell.stdout as Socket).ref();
      this.#shell.stdin.write(`${line}\n`);
    });
  }

  /** What is under way goes on, and keeps nobody waiting. */
  close(): void {
    this.#shell?.stdin.end();
    (this.#shell?.stdout as Socket | undefined)?.unref();
    this.#shell = undefined;
  }

  #open(): Shell {
    const { loop, first = "", name, environment, end, read } = this.#options;
    const shell = spawn("/bin/sh", loop === undefined ? ["-s", name] : ["-c", loop, name], {
      cwd: "/",
      env: environment,
      detached: true,
      stdio: ["pipe", "pipe", "ignore"],
    });
    const gone = (): void => {
      if (this.#shell === shell) this.#shell = undefined;
      for (const key of [...this.#asked.keys()]) this.#answer(shell, key, undefined);
    };
    shell.once("error", gone).once("exit", gone);
    shell.stdin.on("error", gone);
    if (first !== "") shell.stdin.write(first);
    let text = "";
    shell.stdout.setEncoding("utf8").on("data", (piece: string) => {
      const whole = (text + piece).split(end);
      text = whole.pop() ?? "";
      for (const told of whole) {
        const answer = read(told);
        if (answer) this.#answer(shell, ...answer);
      }
    });
    // Havre may end while it is there.
    shell.unref();
    (shell.stdin as Socket).unref();
    return shell;
  }

  #answer(shell: Shell, key: string, answer: Answer | undefined): void {
    const tell = this.#asked.get(key);
    this.#asked.delete(key);
    if (this.#asked.size === 0) (shell.stdout as Socket).unref();
    tell?.(answer);
  }
}
