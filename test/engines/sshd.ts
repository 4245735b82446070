import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { freePort, isInstalled, type Running, run, until } from "./ports.ts";

/** What every SFTP server started here is: on 127.0.0.1, with a folder of its own. */
export interface SftpServer {
  /** `sftp://127.0.0.1:PORT/…`, of the folder. */
  readonly url: string;
  readonly port: number;
  readonly root: string;
  readonly user: string;
  /** Of the one that takes passwords. */
  readonly password: string;
  /** A private key that it lets in. */
  readonly privateKey: string;
  stop(): Promise<void>;
}

export interface OpenSsh extends SftpServer {
  /** For a client that runs commands: its key and the server's, in files. */
  readonly access: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly keyFile: string;
    readonly knownHostsFile: string;
  };
  /** As after the server was set up anew. */
  newHostKey(): Promise<void>;
  /** A further private key that it lets in, with a passphrase. */
  lockedKey(passphrase: string): Promise<string>;
  /** A further private key that it lets in until a day, "20261231". */
  keyUntil(day: string): Promise<string>;
}

const SSHD = "/usr/sbin/sshd";

export const sshdMissing = (): string | false =>
  isInstalled(SSHD) && isInstalled("ssh-keygen") ? false : "OpenSSH's server is not installed";

/** OpenSSH for the user that runs the tests. It takes no passwords: whose, would the system's own accounts decide. */
export async function startSshd({ readOnly = false } = {}): Promise<OpenSsh> {
  const home = await mkdtemp(join(tmpdir(), "havre-sshd-"));
  const root = join(home, "root");
  await mkdir(root);
  const port = await freePort();
  const hostKey = join(home, "host");
  const config = join(home, "config");
  makeKey(hostKey);
  makeKey(join(home, "client"));
  const knownHostsFile = join(home, "known");
  await writeFile(knownHostsFile, `[127.0.0.1]:${port} ${await readFile(`${hostKey}.pub`, "utf8")}`);
  await writeFile(
    config,
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${hostKey}
PidFile none
AuthorizedKeysFile ${join(home, "client.pub")}
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
MaxStartups 100
Subsystem sftp internal-sftp${readOnly ? " -R" : ""}
`,
  );
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
  let server: Running;
  const start = async (): Promise<void> => {
    server = run(SSHD, ["-D", "-f", config, "-E", join(home, "log")]);
    await until("sshd answers", () => listens(port));
  };
  await start();
  return {
    url: `sftp://127.0.0.1:${port}${root}`,
    port,
    root,
    user: userInfo().username,
    access: { host: "127.0.0.1", port, user: userInfo().username, keyFile: join(home, "client"), knownHostsFile },
    password: "",
    privateKey: await readFile(join(home, "client"), "utf8"),
    async newHostKey() {
      await server.stop();
      makeKey(join(home, "other"));
      await rename(join(home, "other"), hostKey);
      await start();
    },
    async lockedKey(passphrase) {
      const path = join(home, "locked");
      makeKey(path, passphrase);
      await appendFile(join(home, "client.pub"), await readFile(`${path}.pub`));
      return readFile(path, "utf8");
    },
    async keyUntil(day) {
      const path = join(home, `until-${day}`);
      makeKey(path);
      await appendFile(join(home, "client.pub"), `expiry-time="${day}" ${await readFile(`${path}.pub`, "utf8")}`);
      return readFile(path, "utf8");
    },
    async stop() {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** `rclone serve sftp`, with a password and a key. It is built on another library than OpenSSH. */
export async function startRcloneSftp(): Promise<SftpServer> {
  const home = await mkdtemp(join(tmpdir(), "havre-rclone-sftp-"));
  const root = join(home, "root");
  await mkdir(root);
  const port = await freePort();
  const [user, password] = ["mira", "pâss:wörd #1"];
  makeKey(join(home, "client"));
  const server = run("rclone", [
    ...["serve", "sftp", root, "--addr", `127.0.0.1:${port}`, "--config", join(home, "none")],
    ...["--user", user, "--pass", password],
    // Without the first, rclone shows for minutes the folder as it was before; without the second it writes only from the start.
    ...["--dir-cache-time", "0s", "--vfs-cache-mode", "writes", "--vfs-write-back", "0s", "--cache-dir", join(home, "cache")],
  ]);
  await until("rclone answers", () => listens(port));
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  };
  const privateKey = await readFile(join(home, "client"), "utf8");
  return { url: `sftp://127.0.0.1:${port}/`, port, root, user, password, privateKey, stop };
}

function makeKey(path: string, passphrase = ""): void {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-C", "test", "-f", path], { stdio: "ignore" });
}

const listens = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, "127.0.0.1")
      .once("data", () => resolve(true))
      .once("error", () => resolve(false));
    socket.setTimeout(1000, () => resolve(false)).once("close", () => resolve(false));
    setTimeout(() => socket.destroy(), 1500).unref();
  });
