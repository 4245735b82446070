import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** What `wrk` measured: a client in C that costs little beside the servers. */
export interface Load {
  readonly requestsPerSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly requests: number;
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

/** Asks for `url` over and over on `connections` kept connections. @throws when any answer is no good one */
export async function load(url: string, token: string, connections: number, seconds: number): Promise<Load> {
  const flags = [
    "--latency",
    "-t1",
    `-c${connections}`,
    `-d${seconds}s`,
    "--timeout",
    "30s",
    "-H",
    `Authorization: Token ${token}`,
  ];
  const { stdout } = await promisify(execFile)("wrk", [...flags, url]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`Not every answer was good:\n${stdout}`);
  const number = (pattern: RegExp): number => {
    const found = pattern.exec(stdout);
    if (found === null) throw new Error(`wrk says something new:\n${stdout}`);
    return Number(found[1]) * (UNITS[found[2] ?? ""] ?? 1);
  };
  return {
    requestsPerSecond: number(/Requests\/sec:\s+([\d.]+)/),
    medianMs: number(/50%\s+([\d.]+)(us|ms|s|m)/),
    p99Ms: number(/99%\s+([\d.]+)(us|ms|s|m)/),
    requests: number(/(\d+) requests in/),
  };
}
