import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { freePort, isInstalled, run, until } from "./ports.ts";

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), "swift-server.py");

/** A real S3 server with one account that may do everything and one that may do nothing. */
export interface S3Server {
  /** Ends with "/"; buckets are the first part of a path. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Signs in, and may not do anything. */
  readonly stranger: { readonly user: string; readonly password: string };
  stop(): Promise<void>;
}

export function swiftMissing(): string | false {
  const python = isInstalled("memcached") && spawnSync("/usr/bin/python3", ["-c", "import swift.common.middleware.s3api.s3api"]);
  return python && python.status === 0 ? false : "OpenStack Swift (python3-swift and memcached) is not installed";
}

/** OpenStack Swift with its S3 face, as Debian brings it, on one folder. Starts in some 3 s. */
export async function startSwift(): Promise<S3Server> {
  const home = await mkdtemp(join(tmpdir(), "havre-swift-"));
  const ports: number[] = [];
  while (ports.length < 5) ports.push(await freePort());
  const server = run("/usr/bin/python3", [PROGRAM, home, ...ports.map(String)]);
  const url = `http://127.0.0.1:${ports[0]}/`;
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    for (const port of ports.slice(0, 4))
      await until("Swift answers", () => isReady(`http://127.0.0.1:${port}/healthcheck`), 60_000);
  } catch (error) {
    await stop();
    throw error;
  }
  const stranger = { user: "test:reader", password: "reading" };
  return { url, user: "test:tester", password: "testing", stranger, stop };
}

const isReady = (url: string): Promise<boolean> =>
  fetch(url).then(
    async answer => (await answer.text()) !== "",
    () => false,
  );

/** Makes a bucket. @returns its address, as the location of a storage */
export async function aBucket(server: S3Server, name = "havre"): Promise<string> {
  const credentials = { accessKeyId: server.user, secretAccessKey: server.password };
  const client = new S3Client({ endpoint: server.url, region: "us-east-1", forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket: name }));
  client.destroy();
  return `${server.url}${name}`;
}
