import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, constants, stat } from "node:fs/promises";
import { join } from "node:path";
import { HavreError } from "../../../kernel/errors.ts";

/** Whether this machine can make a sandbox at all. */
export const PROGRAM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export const unusable = (why: string): HavreError =>
  new HavreError("unavailable", `Nothing can run on this machine: ${why}. Work is never run without its sandbox.`, {
    retry: "never",
  });

/** @param path folders as in PATH */
export async function liesIn(path: string, program: string): Promise<boolean> {
  const look = (folder: string): Promise<boolean> =>
    access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
  return (await Promise.all(path.split(":").map(look))).some(Boolean);
}

/** Whether accounts of runs may make network devices of their own: pasta starts without that, and fails in the run. */
export async function opensTunnels(device = "/dev/net/tun"): Promise<boolean> {
  try {
    if (process.getuid?.() !== 0) await access(device, constants.R_OK | constants.W_OK);
    else return ((await stat(device)).mode & 0o006) === 0o006;
    return true;
  } catch {
    return false;
  }
}

const BECOME_NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
const TRIAL = [
  ...[
    "bwrap",
    "--unshare-all",
    "--unshare-user",
    "--disable-userns",
    "--ro-bind",
    "/usr",
    "/usr",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
  ],
  ...["--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "/usr/bin/true"],
];

/** @returns what stands in the way; undefined when a sandbox was made and left */
export async function sandboxComplaint(programs = PROGRAM_PATH): Promise<string | undefined> {
  if (process.platform !== "linux") return "it needs Linux";
  const command = process.getuid?.() === 0 ? [...BECOME_NOBODY, ...TRIAL] : TRIAL;
  for (const program of ["bwrap", ...(command === TRIAL ? [] : ["setpriv"])])
    if (!(await liesIn(programs, program))) return `${program} is not installed (Debian: bubblewrap, util-linux)`;
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd: "/", env: { PATH: programs }, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", chunk => (said += chunk));
  const [code] = (await once(child, "close")) as [number | null];
  return code === 0 ? undefined : said.trim() || `bubblewrap ended with ${code}`;
}
