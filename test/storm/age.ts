import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

export const ageMissing = (): string | false =>
  ["age", "age-keygen", "python3"].every(program => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0)
    ? false
    : "age or python3 is not installed";

export interface AgeIdentity {
  readonly recipient: string;
  /** File that holds the secret key. */
  readonly file: string;
}

/** A key pair as a researcher makes it. */
export function newIdentity(folder: string): AgeIdentity {
  const file = join(folder, "identity.txt");
  execFileSync("age-keygen", ["-o", file], { stdio: "pipe" });
  return { file, recipient: /public key: (age1\w+)/.exec(readFileSync(file, "utf8"))?.[1] ?? "" };
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}

/** What the real age program makes of a file. @throws when it refuses it */
export async function sha256OfSealed(path: string, key: AgeIdentity | { readonly passphrase: string }): Promise<string> {
  if ("passphrase" in key) return withPassphrase(path, key.passphrase);
  const age = spawn("age", ["-d", "-i", key.file, path], { stdio: ["ignore", "pipe", "pipe"] });
  let complaint = "";
  age.stderr.on("data", chunk => (complaint += chunk));
  const hash = createHash("sha256");
  const ended = new Promise<number | null>(resolve => age.once("close", resolve));
  await pipeline(age.stdout, hash);
  if ((await ended) !== 0) throw new Error(`age refuses ${path}: ${complaint}`);
  return hash.digest("hex");
}

const SHA256_OF_NOTHING = createHash("sha256").digest("hex");

/** Age asks for a passphrase on a terminal only, so it gets one. */
async function withPassphrase(path: string, passphrase: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "havre-age-"));
  try {
    writeFileSync(join(folder, "on-a-terminal.py"), ON_A_TERMINAL);
    execFileSync("python3", [join(folder, "on-a-terminal.py"), path, join(folder, "plain"), passphrase], { stdio: "pipe" });
    // For a file of no bytes age writes none.
    return existsSync(join(folder, "plain")) ? await sha256OfFile(join(folder, "plain")) : SHA256_OF_NOTHING;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const ON_A_TERMINAL = `
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp("age", ["age", "-d", "-o", sys.argv[2], sys.argv[1]])
seen = b""
while b"assphrase" not in seen:
    seen += os.read(fd, 1024)
time.sleep(0.1)
os.write(fd, (sys.argv[3] + "\\n").encode())
try:
    while os.read(fd, 1024): pass
except OSError: pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
