import { spawn } from "node:child_process";
import { HavreError } from "../../../kernel/errors.ts";
import { quoted } from "../wrapper.ts";

/** Runs a program of Slurm, and gives its standard output. @throws HavreError, see errorOf */
export type RunProgram = (
  words: readonly string[],
  options: { readonly signal: AbortSignal; readonly input?: string },
) => Promise<string>;

export interface SshAccess {
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  /** Files of OpenSSH. Without a list of known hosts the client's own is used; an unknown host is refused. */
  readonly keyFile?: string;
  readonly knownHostsFile?: string;
}

export const LIMIT_MS = 60_000;

/** @param environment for the programs: PATH, and SLURM_CONF where it lies elsewhere. @param ssh absent: on this host */
export function makeRunner(environment: Readonly<Record<string, string>>, ssh?: SshAccess): RunProgram {
  return async (words, { signal, input }) => {
    const [program = "", ...args] = ssh ? sshWords(ssh, environment, words) : words;
    const ends = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
    const child = spawn(program, args, {
      cwd: "/",
      env: ssh ? { PATH: environment.PATH } : { ...environment, SLURM_TIME_FORMAT: "%s" },
      stdio: ["pipe", "pipe", "pipe"],
      signal: ends,
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", chunk => out.push(chunk as Buffer));
    child.stderr.on("data", chunk => err.push(chunk as Buffer));
    child.stdin.on("error", () => {}); // it may end before it has read all
    child.stdin.end(input ?? "");
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", cause => reject(notRun(words[0] ?? "", ends, cause)));
      child.once("close", status => resolve(status ?? 255));
    });
    const said = Buffer.concat(err).toString("utf8");
    if (code !== 0) throw errorOf(words[0] ?? "", said, ssh !== undefined && code === 255);
    return Buffer.concat(out).toString("utf8");
  };
}

function sshWords(ssh: SshAccess, environment: Readonly<Record<string, string>>, words: readonly string[]): string[] {
  const known = ssh.knownHostsFile === undefined ? [] : ["-o", `UserKnownHostsFile=${ssh.knownHostsFile}`];
  const key = ssh.keyFile === undefined ? [] : ["-i", ssh.keyFile, "-o", "IdentitiesOnly=yes"];
  const settings = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "ConnectTimeout=10",
    "ServerAliveInterval=15",
    "ForwardAgent=no",
  ];
  const conf = environment.SLURM_CONF === undefined ? [] : [`SLURM_CONF=${environment.SLURM_CONF}`];
  // Nothing else of what the account has there: jobs would have it too.
  const remote = `env -i PATH="$PATH" ${["SLURM_TIME_FORMAT=%s", ...conf, ...words].map(quoted).join(" ")}`;
  return [
    ...["ssh", "-T", ...settings.flatMap(setting => ["-o", setting]), ...known, ...key],
    ...(ssh.port === undefined ? [] : ["-p", String(ssh.port)]),
    ...(ssh.user === undefined ? [] : ["-l", ssh.user]),
    // No carriage return is in any of the words: ids, numbers and paths that were looked at.
    ...["--", ssh.host, remote],
  ];
}

export function notRun(program: string, ends: AbortSignal, cause: Error): HavreError {
  if (ends.aborted) return new HavreError("timeout", `Slurm: ${program} did not answer in time.`, { cause });
  return new HavreError("unavailable", `Slurm: ${program} cannot be run.`, { cause, retry: "never" });
}

/** In this order: words that Slurm's programs and ssh say, and what they mean for us. */
const MEANINGS: readonly (readonly [RegExp, ConstructorParameters<typeof HavreError>[0]])[] = [
  [/Permission denied \(|Host key verification failed|Too many authentication failures/, "unauthenticated"],
  [
    /Unable to contact slurm|Connection refused|Connection timed out|Socket timed out|Zero Bytes were transmitted|Connection reset|persistent connection|backup mode|Problem talking to|DNS SRV lookup/i,
    "unavailable",
  ],
  [/AssocMax|QOSMax|QOSGrp|AssocGrp|policy|MaxSubmit|job limit|limit exceeded|temporarily unable/i, "throttled"],
  [
    /Access\/permission denied|Invalid account or account\/partition|Invalid --uid|Invalid user|Protocol authentication/i,
    "forbidden",
  ],
  [
    /Invalid partition|invalid feature|not available|Invalid qos|More processors requested|Memory required|Invalid generic resource|Invalid node name|Requested time limit|Invalid job array|unbundled|Batch script|Pathname of a file/i,
    "invalid",
  ],
];

export function errorOf(program: string, said: string, isSsh: boolean): HavreError {
  const line = said.split("\n").find(text => /error|denied|failed|refused/i.test(text)) ?? said.split("\n")[0] ?? "";
  const kind = MEANINGS.find(([words]) => words.test(said))?.[1] ?? (isSsh ? "network" : "protocol");
  return new HavreError(kind, `Slurm: ${line.replace(/^\w+: (error: )?/, "").slice(0, 300) || `${program} failed.`}`, {
    cause: new Error(said.slice(0, 2000)),
  });
}
