import { readFile } from "node:fs/promises";
import { type Dispatcher, Pool } from "undici";
import { HavreError } from "../../../kernel/errors.ts";
import { jsonIn } from "../json.ts";
import { errorOf, type RunProgram } from "./runner.ts";

/**
 * Slurm's REST API (slurmrestd, version 0.0.38 of it), spoken to in the words of Slurm's programs: what the driver would have a program
 * do is asked of the API, and its answer is given in the lines that the program would print. So there is one driver, and its words
 * are read in one place. What the API cannot do (nodes to be avoided, ending one element of an array, suspending, another time limit, use while it
 * runs) is not offered.
 */
export interface RestAccess {
  /** "https://host:port", "http://127.0.0.1:port" or "unix:///socket". */
  readonly url: string;
  /** Whose jobs they are; the token is theirs. "" on a socket that knows its caller. */
  readonly user: string;
  /** With a token of Slurm's (JWT); read anew each time, as they expire. */
  readonly tokenFile: string;
}

const VERSION = "v0.0.38";
const ANSWER_MS = 60_000;
const AT_ONCE = 8;

// biome-ignore lint/suspicious/noExplicitAny: documents of another system, looked at field by field
type Json = any;

export class RestApi {
  readonly #pool: Pool;
  readonly #access: RestAccess;

  constructor(access: RestAccess) {
    const at = new URL(access.url);
    const common = { connections: AT_ONCE, headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS };
    const isSocket = at.protocol === "unix:";
    this.#pool = isSocket ? new Pool("http://localhost", { ...common, socketPath: at.pathname }) : new Pool(at.origin, common);
    this.#access = access;
  }

  close = (): Promise<void> => this.#pool.close();

  /** As if one of Slurm's programs ran. */
  readonly run: RunProgram = async (words, { signal, input = "" }) => {
    const [program = "", ...rest] = words;
    switch (program) {
      case "squeue":
        return lines((await this.#queue(signal)).filter(isNamed(options(rest).name)).map(queueLine));
      case "sacct":
        return lines((await this.#accounts(options(rest), signal)).flatMap(accountLines));
      case "sbatch":
        return this.#submit(rest, input, signal);
      case "scancel":
        await eachOf(rest, job => this.#ask("DELETE", `/slurm/${VERSION}/job/${job}`, signal));
        return "";
      case "sinfo":
        return lines(((await this.#ask("GET", `/slurm/${VERSION}/nodes`, signal)).nodes as Json[]).map(nodeLine));
      default:
        if (words.join(" ") === "scontrol show config") return this.#config(signal);
        throw new HavreError("invalid", `Slurm's REST API cannot do this: ${program} ${rest[0] ?? ""}.`);
    }
  };

  async #queue(signal: AbortSignal): Promise<Json[]> {
    return (await this.#ask("GET", `/slurm/${VERSION}/jobs`, signal)).jobs as Json[];
  }

  async #accounts({ name, jobs, starttime }: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Json[]> {
    const found: Json[] = [];
    const from = starttime?.slice(0, 10); // whole days are all that it understands in one way
    await eachOf((name ?? jobs ?? "").split(",").filter(Boolean), async one => {
      const path = name === undefined ? `/job/${one}` : `/jobs?job_name=${one}&start_time=${from}`;
      const answer = await this.#ask("GET", `/slurmdb/${VERSION}${path}`, signal).catch(error => {
        if (!/Nothing found/.test((error as Error).message)) throw error;
        return { jobs: [] };
      });
      found.push(...(answer.jobs as Json[]));
    });
    return found;
  }

  async #submit(words: readonly string[], script: string, signal: AbortSignal): Promise<string> {
    const given = options(words);
    if (given.exclude !== undefined) throw new HavreError("invalid", "Slurm's REST API cannot keep a job from nodes.");
    const job = {
      name: given["job-name"],
      environment: { SLURM_GET_USER_ENV: "0" }, // it must not be empty; the script clears it
      current_working_directory: given.chdir,
      standard_output: given.output,
      standard_error: given.error,
      standard_input: given.input,
      time_limit: Number(given.time),
      nodes: [Number(given.nodes), Number(given.nodes)],
      tasks_per_node: 1,
      cpus_per_task: Number(given["cpus-per-task"]),
      memory_per_node: Number.parseInt(given.mem ?? "1", 10),
      requeue: words.includes("--requeue"),
      ...(given.partition === undefined ? {} : { partition: given.partition }),
      ...(given.gres === undefined ? {} : { gres: given.gres }),
      ...(given.licenses === undefined ? {} : { licenses: given.licenses }),
      ...(given.constraint === undefined ? {} : { constraints: given.constraint }),
      ...(given.dependency === undefined ? {} : { dependency: given.dependency }),
    };
    const { job_id: id } = await this.#ask("POST", `/slurm/${VERSION}/job/submit`, signal, { script, job });
    return `${id}\n`;
  }

  /** What `check` reads of it. Without accounts slurmdbd cannot be asked. */
  async #config(signal: AbortSignal): Promise<string> {
    const { meta } = await this.#ask("GET", `/slurm/${VERSION}/ping`, signal);
    await this.#ask("GET", `/slurmdb/${VERSION}/diag`, signal);
    const release = meta?.Slurm?.release ?? "?";
    return `SLURM_VERSION = ${release} by slurmrestd\nAccountingStorageType = accounting_storage/slurmdbd\nClusterName = ?\n`;
  }

  async #ask(method: Dispatcher.HttpMethod, path: string, signal: AbortSignal, body?: object): Promise<Json> {
    const { user, tokenFile } = this.#access;
    const token = tokenFile === "" ? "" : (await readFile(tokenFile, "utf8").catch(cannotRead)).trim();
    const headers = {
      ...(user === "" ? {} : { "x-slurm-user-name": user }),
      ...(token === "" ? {} : { "x-slurm-user-token": token }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    const { statusCode, body: answer } = await this.#pool
      .request({ method, path, headers, signal, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
      .catch(cause => {
        throw new HavreError(signal.aborted ? "timeout" : "unavailable", "Slurm: slurmrestd does not answer.", { cause });
      });
    const text = await answer.text();
    const json = jsonIn<Json>(text); // or "Unable to parse query."
    const errors = ((json?.errors ?? []) as Json[]).map(one => [one.error, one.description].filter(Boolean).join(": "));
    const cause = new Error(text.slice(0, 2000));
    if (statusCode === 401)
      throw new HavreError("unauthenticated", `Slurm: slurmrestd refuses the token of ${user || "its caller"}.`, { cause });
    // A token that has expired and a controller that is away are answered alike.
    if (/Unspecified error/.test(errors.join()))
      throw new HavreError("unavailable", "Slurm: slurmrestd cannot ask it: is the token good, and does the controller run?", {
        cause,
      });
    if (errors.length > 0 || statusCode >= 400) throw errorOf("slurmrestd", `error: ${errors.join("; ") || text}`, false);
    return json;
  }
}

function cannotRead(cause: unknown): never {
  throw new HavreError("unauthenticated", "Slurm: SLURM_TOKEN_FILE cannot be read.", { cause });
}

const lines = (all: readonly string[]): string => all.map(line => `${line}\n`).join("");
const isNamed = (names: string | undefined) => {
  const wanted = new Set(names?.split(","));
  return (job: Json): boolean => wanted.has(job.name);
};
/** "--name=value" by name. */
const options = (words: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    words.flatMap(word => {
      const [, name = "", value = ""] = /^--([\w-]+)=(.*)$/s.exec(word) ?? [];
      return name === "" ? [] : [[name, value]];
    }),
  );

/** In the order of SQUEUE_FORMAT. */
const queueLine = (job: Json): string =>
  [
    ...[job.array_job_id || job.job_id, job.array_task_id ?? "N/A", job.name, job.job_state, job.start_time],
    ...[job.nodes, job.restart_cnt, job.state_reason, job.job_id, ""],
  ].join("|");

/**
 * In the order of SACCT_FORMAT: the job, and a step for the memory that it held. Exit codes above 0 are told as 0, and all times of the
 * processor too (seen with 22.05); of the first the state says that it failed, the others are left out.
 */
export function accountLines(job: Json): string[] {
  const id = job.array?.job_id > 0 && job.array.task_id !== null ? `${job.array.job_id}_${job.array.task_id}` : job.job_id;
  const exit = `${job.exit_code?.return_code ?? 0}:${job.exit_code?.signal?.signal_id ?? 0}`;
  const { start, end } = job.time;
  const common = [job.state.current, exit, start, end, job.nodes, ""];
  const peaks = ((job.steps ?? []) as Json[]).flatMap(step =>
    ((step.tres?.requested?.max ?? []) as Json[]).filter(({ type }) => type === "mem").map(({ count }) => Number(count)),
  );
  const main = [id, job.name, ...common, "", `${job.required?.memory ?? 0}M`].join("|");
  return peaks.length === 0 ? [main] : [main, [`${id}.batch`, "batch", ...common, Math.max(...peaks), ""].join("|")];
}

/** In the order of SINFO_FORMAT. */
const nodeLine = (node: Json): string => {
  const down = ((node.state_flags ?? []) as string[]).includes("NOT_RESPONDING") ? "*" : "";
  const isDrained = ((node.state_flags ?? []) as string[]).some(flag => /DRAIN|MAINT|RESERVED/.test(flag));
  const cpus = `${node.alloc_cpus}/${node.idle_cpus}/0/${node.cpus}`;
  const state = isDrained ? "drained" : `${node.state}${down}`;
  return [
    node.name,
    state,
    cpus,
    node.real_memory,
    node.alloc_memory,
    node.gres,
    node.gres_used,
    node.features || "(null)",
    "",
  ].join("|");
};

async function eachOf(items: readonly string[], act: (item: string) => Promise<unknown>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, items.length) }, async () => {
      for (const item of queue) await act(item);
    }),
  );
}
