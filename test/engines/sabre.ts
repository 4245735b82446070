import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DAV_PASSWORD, DAV_USER, type DavOptions, type DavServer } from "./dav.ts";
import { answers, freePort, run, until } from "./ports.ts";

const AUTOLOAD = "Sabre/autoload.php";

export const sabreMissing = (): string | false =>
  spawnSync("php", ["-r", `require "${AUTOLOAD}";`]).status === 0
    ? false
    : "php-cli with php-sabre-dav and php-xml is not installed";

/** SabreDAV, on which Nextcloud and ownCloud are built, under PHP's own little server. */
export async function startSabre(options: DavOptions = {}): Promise<DavServer> {
  const { user = DAV_USER, password = DAV_PASSWORD } = options;
  const home = await mkdtemp(join(tmpdir(), "havre-sabre-"));
  const root = options.root ?? join(home, "root");
  for (const folder of [root, join(home, "data")]) await mkdir(folder, { recursive: true });
  const port = await freePort();
  await writeFile(join(home, "server.php"), program(root, join(home, "data"), user, password));
  // Its workers are children that a signal to their parent would leave behind: so one process, one request at a time.
  const limits = ["-d", "post_max_size=0", "-d", "memory_limit=512M", "-d", "error_reporting=0", "-d", "max_execution_time=0"];
  const server = run("php", [...limits, "-S", `127.0.0.1:${port}`, join(home, "server.php")]);
  const url = `http://127.0.0.1:${port}/`;
  await until("SabreDAV answers", () => answers(url));
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(home, { recursive: true });
  };
  return { url, root, user, password, stop };
}

const program = (root: string, data: string, user: string, password: string): string => `<?php
require "${AUTOLOAD}";
class OneUser extends Sabre\\DAV\\Auth\\Backend\\AbstractBasic {
  protected function validateUserPass($user, $password) { return $user === ${quoted(user)} && $password === ${quoted(password)}; }
}
$server = new Sabre\\DAV\\Server(new Sabre\\DAV\\FS\\Directory(${quoted(root)}));
$server->setBaseUri("/");
$server->addPlugin(new Sabre\\DAV\\Auth\\Plugin(new OneUser(), "dav"));
$server->addPlugin(new Sabre\\DAV\\Locks\\Plugin(new Sabre\\DAV\\Locks\\Backend\\File(${quoted(`${data}/locks`)})));
$server->exec();
`;

const quoted = (text: string): string => `base64_decode("${Buffer.from(text).toString("base64")}")`;
