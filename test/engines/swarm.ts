import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { promisify } from "node:util";
import { type EngineSite, startDockerd } from "./docker.ts";
import { freePort } from "./ports.ts";

const exec = promisify(execFile);

export interface SwarmSite {
  readonly home: string;
  /** The manager first. */
  readonly sites: readonly EngineSite[];
  stop(): Promise<void>;
}

/** Of one node, which the suite counts. */
const UNITS = ["--node-generic-resource", "suite=2"];

/** A real Swarm of three daemons, all on this machine and on loopback. */
export async function startSwarm(): Promise<SwarmSite> {
  const home = await mkdtemp("/var/tmp/havre-swarm-");
  const sites: EngineSite[] = [];
  const stop = async (): Promise<void> => {
    for (const site of sites.toReversed()) await site.stop();
    await exec("ip", ["link", "del", "docker_gwbridge"]).catch(() => {});
    await rm(home, { recursive: true, force: true });
  };
  try {
    for (let index = 0; index < 3; index++) sites.push(await startDockerd(index === 0 ? UNITS : []));
    const port = await freePort();
    const at = (index: number): string[] => [
      ...["--advertise-addr", `127.0.0.${index + 2}`],
      ...["--listen-addr", `127.0.0.${index + 2}:${port}`],
    ];
    const docker = (index: number, ...words: string[]) => exec("docker", ["-H", sites[index]?.url ?? "", ...words]);
    await docker(0, "swarm", "init", ...at(0));
    const token = (await docker(0, "swarm", "join-token", "-q", "worker")).stdout.trim();
    for (const index of [1, 2]) await docker(index, "swarm", "join", "--token", token, ...at(index), `127.0.0.2:${port}`);
    return { home, sites, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
