import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, isInstalled, run, until } from "./ports.ts";

const MODULE = "/usr/lib/nginx/modules/ngx_http_js_module.so";
const OURS = join(import.meta.dirname, "../../deploy/nginx");

export const nginxMissing = (): string | false =>
  (isInstalled("nginx") || existsSync("/usr/sbin/nginx")) && existsSync(MODULE)
    ? false
    : "nginx with njs (nginx-light, libnginx-mod-http-js) is not installed";

export interface Nginx {
  readonly folder: string;
  stop(): Promise<void>;
}

/** Debian's nginx with its JavaScript, in a folder of its own. @param site goes into `http { }`; `$folder` in it is the folder */
export async function startNginx(
  site: string,
  files: Readonly<Record<string, string>>,
  ports: readonly number[],
): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), "havre-nginx-"));
  const inFolder = (text: string): string => text.replaceAll("$folder", folder);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), inFolder(text));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(name => `${name}_temp_path ${folder}/${name};`);
  const main = `load_module ${MODULE}; daemon off; pid ${folder}/pid; worker_processes 1; events {}
    http { access_log off; js_path ${folder}; ${temporary.join(" ")} ${inFolder(site)} }`;
  await writeFile(join(folder, "nginx.conf"), main);
  const log = join(folder, "error.log");
  const path = `${process.env.PATH ?? ""}:/usr/sbin`;
  const server = run("nginx", ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", log], { PATH: path });
  await until("nginx listens", async () => {
    if (server.child.exitCode !== null) throw new Error(`nginx ended: ${readFileSync(log, "utf8")}`);
    return (await Promise.all(ports.map(listens))).every(Boolean);
  });
  return {
    folder,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const listens = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

export interface Front extends Nginx {
  readonly api: string;
  readonly portal: string;
  readonly uploads: string;
}

export interface FrontOptions {
  /** Port of Havre. */
  readonly havre: number;
  /** Port of an external upload daemon; Havre's own when absent. */
  readonly daemon?: number;
  /** The operator's own files: "real-ip.inc", "admin-addresses.inc". */
  readonly files?: Readonly<Record<string, string>>;
  /** Ports that Havre was told of before; free ones when absent. */
  readonly ports?: readonly [api: number, portal: number, uploads: number];
}

/** deploy/nginx as it is shipped, only on other ports and in another folder. */
export async function startFront({ havre, daemon = havre, files = {}, ports: given }: FrontOptions): Promise<Front> {
  const ports = given ?? [await freePort(), await freePort(), await freePort()];
  const [api, portal, uploads] = ports;
  const read = (name: string): string => readFileSync(join(OURS, name), "utf8").replaceAll("/etc/nginx/havre", "$folder");
  const upstreams = [havre, daemon];
  const site = read("havre.conf")
    .replaceAll("server 127.0.0.1:1380", () => `server 127.0.0.1:${upstreams.shift()}`)
    .replaceAll(/listen \[::\]:\d+;/g, "")
    .replace("listen 1337;", `listen 127.0.0.1:${api};`)
    .replace("listen 8080;", `listen 127.0.0.1:${portal};`)
    .replace("listen 1090;", `listen 127.0.0.1:${uploads};`);
  const nginx = await startNginx(site, { "proxy.inc": read("proxy.inc"), "tus.js": read("tus.js"), ...files }, ports);
  const at = (port: number): string => `http://127.0.0.1:${port}`;
  return { ...nginx, api: at(api), portal: at(portal), uploads: at(uploads) };
}
