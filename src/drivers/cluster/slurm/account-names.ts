import type { Account } from "../../../ports/cluster.ts";
import type { RunProgram } from "./runner.ts";

/** Names change seldom; one that has changed is refused by Slurm until then, and asked for again. */
const KNOWN_MS = 60_000;
/** No number, which could be meant as one. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.@-]*$/;

/**
 * What accounts are called where Slurm's programs run. Told a number, sbatch first looks for an account of that name in every directory
 * that the machine knows, and only then takes it as a number.
 */
export class AccountNames {
  readonly #run: RunProgram;
  readonly #known = new Map<string, { readonly name: Promise<string>; readonly until: number }>();

  /** @param run runs a program there */
  constructor(run: RunProgram) {
    this.#run = run;
  }

  /** Words for sbatch: names, or the numbers where there are none. */
  async words({ uid, gid }: Pick<Account, "uid" | "gid">, signal: AbortSignal): Promise<string[]> {
    const [user, group] = await Promise.all([this.#named("passwd", uid, signal), this.#named("group", gid, signal)]);
    return [`--uid=${user}`, `--gid=${group}`];
  }

  #named(list: "passwd" | "group", number: number, signal: AbortSignal): Promise<string> {
    const key = `${list} ${number}`;
    const known = this.#known.get(key);
    if (known && known.until > performance.now()) return known.name;
    const name = this.#run(["getent", list, String(number)], { signal }).then(
      line => nameIn(line, number),
      () => String(number), // it has no name
    );
    this.#known.set(key, { name, until: performance.now() + KNOWN_MS });
    return name;
  }
}

/** "name:x:1000:…", for whom the number is this one. */
function nameIn(line: string, number: number): string {
  const [name = "", , found] = line.trim().split(":");
  return NAME.test(name) && found === String(number) ? name : String(number);
}
