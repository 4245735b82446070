import { connect, type Socket } from "node:net";
import { HavreError } from "../../kernel/errors.ts";
import { networkError } from "./failures.ts";
import { type GuardedLookup, makeGuard, PrivateAddress } from "./lookup.ts";

export interface SocketRequest {
  readonly host: string;
  readonly port: number;
  readonly signal: AbortSignal;
  /** What errors call the other side, e.g. "SFTP files.example.org". */
  readonly calledAs: string;
}

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * A connection to an address that a user chose, for what is not HTTP; with the checks of the guarded client.
 * @throws HavreError "forbidden" (a private address), "network", "timeout"; the signal's own reason
 */
export function connectGuarded(settings: GuardedLookup, { host, port, signal, calledAs }: SocketRequest): Promise<Socket> {
  const guard = makeGuard(settings);
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    if (guard.refuses(host)) return reject(networkError(new PrivateAddress(), calledAs, signal));
    // Requests and answers follow each other: none may wait until the one before is acknowledged.
    const socket = connect({ noDelay: true, host: host.replace(/^\[|\]$/g, ""), port, lookup: guard.lookup });
    const end = (act: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      socket.off("error", failed).off("connect", made);
      act();
    };
    const fail = (error: unknown): void =>
      end(() => {
        socket.on("error", () => {}).destroy();
        reject(networkError(error, calledAs, signal));
      });
    const failed = (error: Error): void => fail(error);
    const abort = (): void => fail(signal.reason);
    const made = (): void => end(() => resolve(socket));
    const timer = setTimeout(() => fail(new HavreError("timeout", `${calledAs}: the host does not answer.`)), CONNECT_TIMEOUT_MS);
    signal.addEventListener("abort", abort, { once: true });
    socket.once("error", failed).once("connect", made);
  });
}
