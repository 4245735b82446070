import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DAV_PASSWORD, DAV_USER, type DavOptions, type DavServer } from "./dav.ts";
import { answers, freePort, isInstalled, run, until } from "./ports.ts";

export const rcloneMissing = (): string | false => (isInstalled("rclone") ? false : "rclone is not installed");

/** `rclone serve webdav`: built on Go's webdav package, which ignores If-None-Match. */
export async function startRclone(options: DavOptions = {}): Promise<DavServer> {
  const { user = DAV_USER, password = DAV_PASSWORD } = options;
  const home = await mkdtemp(join(tmpdir(), "havre-rclone-"));
  const root = options.root ?? join(home, "root");
  await mkdir(root, { recursive: true });
  const port = await freePort();
  const args = [
    "serve",
    "webdav",
    root,
    "--addr",
    `127.0.0.1:${port}`,
    "--user",
    user,
    "--pass",
    password,
    "--config",
    join(home, "none"),
  ];
  // Without it, rclone shows for minutes the folder as it was before.
  const server = run("rclone", [...args, "--dir-cache-time", "0s"]);
  const url = `http://127.0.0.1:${port}/`;
  await until("rclone answers", () => answers(url));
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(home, { recursive: true });
  };
  return { url, root, user, password, stop };
}
