import { createHash } from "node:crypto";
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DAV_PASSWORD, DAV_USER, type DavOptions, type DavServer } from "./dav.ts";
import { answers, freePort, isInstalled, run, until } from "./ports.ts";

const MODULES = [
  "mpm_event",
  "authn_core",
  "authn_file",
  "authz_core",
  "authz_user",
  "auth_basic",
  "dav",
  "dav_fs",
  "mime",
  "dir",
  "setenvif",
];
const MODULE_FOLDER = "/usr/lib/apache2/modules";

export const apacheMissing = (): string | false => (isInstalled("apache2") ? false : "apache2 is not installed");

/** Apache httpd with mod_dav on a folder, as Debian's apache2-bin brings it. Started by root it serves as www-data. */
export async function startApache(options: DavOptions = {}): Promise<DavServer> {
  const { user = DAV_USER, password = DAV_PASSWORD } = options;
  const home = await mkdtemp(join(tmpdir(), "havre-apache-"));
  const root = options.root ?? join(home, "root");
  for (const folder of [root, join(home, "lock")]) await mkdir(folder, { recursive: true });
  const isRoot = process.getuid?.() === 0;
  await chmod(home, 0o755);
  if (isRoot) for (const folder of [root, join(home, "lock")]) await chown(folder, ...(await wwwData()));
  const port = await freePort();
  await writeFile(join(home, "htpasswd"), `${user}:{SHA}${createHash("sha1").update(password).digest("base64")}\n`);
  await writeFile(join(home, "httpd.conf"), configuration(home, root, port, isRoot));
  const server = run("apache2", ["-f", join(home, "httpd.conf"), "-D", "FOREGROUND"]);
  const url = `http://127.0.0.1:${port}/`;
  await until("Apache answers", () => answers(url));
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(home, { recursive: true });
  };
  return { url, root, user, password, stop };
}

async function wwwData(): Promise<[number, number]> {
  const { execFileSync } = await import("node:child_process");
  return ["-u", "-g"].map(flag => Number(execFileSync("id", [flag, "www-data"]).toString())) as [number, number];
}

const configuration = (home: string, root: string, port: number, isRoot: boolean): string => `
ServerRoot ${home}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${home}/pid
ErrorLog ${home}/error.log
${isRoot ? "User www-data\nGroup www-data" : ""}
${MODULES.map(name => `LoadModule ${name}_module ${MODULE_FOLDER}/mod_${name}.so`).join("\n")}
TypesConfig /etc/mime.types
# Without it, files above 1 GiB are refused.
LimitRequestBody 0
DavLockDB ${home}/lock/DAVLock
DocumentRoot ${root}
<Directory ${root}>
  Dav On
  AuthType Basic
  AuthName dav
  AuthUserFile ${home}/htpasswd
  Require valid-user
</Directory>
`;
