import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort, isInstalled, run, until } from "./ports.ts";

export function sshdMissing(): string | false {
  if (process.getuid?.() !== 0) return "an SSH server is started as root";
  return isInstalled("/usr/sbin/sshd") && isInstalled("ssh") ? false : "OpenSSH is not installed";
}

const exec = promisify(execFile);
const open = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.unref().once("connect", () => socket.destroy());
  });

/** OpenSSH's server for root of this machine, by a key that is made for it. */
export async function startSshd() {
  const home = await mkdtemp(join(tmpdir(), "havre-sshd-"));
  const port = await freePort();
  for (const name of ["host", "user"]) await exec("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(home, name)]);
  await writeFile(join(home, "authorized"), await readFile(join(home, "user.pub"), "utf8"), { mode: 0o600 });
  await writeFile(join(home, "known"), `[127.0.0.1]:${port} ${await readFile(join(home, "host.pub"), "utf8")}`);
  const settings = {
    ListenAddress: "127.0.0.1",
    Port: port,
    HostKey: join(home, "host"),
    AuthorizedKeysFile: join(home, "authorized"),
    PidFile: join(home, "pid"),
    PermitRootLogin: "prohibit-password",
    UsePAM: "no",
    StrictModes: "no",
    MaxStartups: "100",
  };
  await writeFile(
    join(home, "config"),
    Object.entries(settings)
      .map(pair => `${pair.join(" ")}\n`)
      .join(""),
  );
  await mkdir("/run/sshd", { recursive: true });
  const server = run("/usr/sbin/sshd", ["-D", "-f", join(home, "config"), "-E", join(home, "log")]);
  await until("the SSH server answers", () => open(port));
  return {
    access: { host: "127.0.0.1", port, user: "root", keyFile: join(home, "user"), knownHostsFile: join(home, "known") },
    async stop(): Promise<void> {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
