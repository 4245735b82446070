import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { DavServer } from "../../test/engines/dav.ts";
import { endedChildrenCpuSeconds, watchPeak } from "../shared/processes.ts";
import type { Measured, Medium } from "./media.ts";

/** The peers: `rclone`, alone and behind `age`, as somebody would type them. */

const ANSWER = join(import.meta.dirname, "answer-passphrase.py");

export interface Peers {
  copy(): Promise<Measured>;
  /** Copies, then downloads everything again and compares. */
  copyAndCheck(): Promise<Measured>;
  encrypt(): Promise<Measured>;
  /** Encrypts, then downloads everything again and compares its hash with that of what was sent. */
  encryptAndCheck(): Promise<Measured>;
}

export function peers(medium: Medium, server: DavServer, passphrase: string): Peers {
  const env = {
    ...process.env,
    RCLONE_CONFIG: join(medium.folder, "no-rclone.conf"),
    RCLONE_CONFIG_DAV_TYPE: "webdav",
    RCLONE_CONFIG_DAV_VENDOR: "other",
    RCLONE_CONFIG_DAV_URL: server.url,
    RCLONE_CONFIG_DAV_USER: server.user,
    RCLONE_CONFIG_DAV_PASS: execFileSync("rclone", ["obscure", server.password], { encoding: "utf8" }).trim(),
    SOURCE: medium.source,
    PASSPHRASE: passphrase,
    ANSWER,
    SENT: join(medium.folder, "sent.sha256"),
  };
  // A folder of its own, for `rclone check` compares folders, or a file with its namesake in one.
  const copy = 'rclone copyto "$SOURCE" dav:peer/source.bin';
  const encrypted = 'python3 "$ANSWER" "$PASSPHRASE" age -p "$SOURCE"';
  // Not sha256sum: Debian's does without the processor's instructions and takes three times as long.
  const check = 'test "$(rclone cat dav:sent.age | openssl sha256 -r)" = "$(cat "$SENT")"';
  const run = (script: string) => () => measured(script, env);
  return {
    copy: run(copy),
    copyAndCheck: run(`${copy} && rclone check "$SOURCE" dav:peer --one-way --download`),
    encrypt: run(`${encrypted} | rclone rcat dav:sent.age`),
    encryptAndCheck: run(`${encrypted} | tee >(openssl sha256 -r > "$SENT") | rclone rcat dav:sent.age && wait && ${check}`),
  };
}

async function measured(script: string, env: NodeJS.ProcessEnv): Promise<Measured> {
  const cpuBefore = endedChildrenCpuSeconds();
  const startedAt = performance.now();
  const child = spawn("bash", ["-o", "pipefail", "-c", script], { env, stdio: ["ignore", "ignore", "pipe"] });
  const peak = watchPeak(child.pid ?? 0);
  let said = "";
  child.stderr.on("data", text => {
    said += text;
  });
  const [code] = await once(child, "exit");
  const seconds = (performance.now() - startedAt) / 1000;
  if (code !== 0) throw new Error(`${script}: status ${code}\n${said}`);
  return { seconds, cpuSeconds: endedChildrenCpuSeconds() - cpuBefore, peakBytes: peak.stop() };
}
