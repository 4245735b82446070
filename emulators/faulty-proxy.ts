import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { Transform } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

const LINGER_MS = 1000;

/** What happens to connections. Changing it concerns those already open, too. */
export type ProxyFault =
  | { readonly kind: "none" }
  /** New connections are cut before a byte, those open at once. */
  | { readonly kind: "down" }
  /** Connections stay open and nothing passes any more. */
  | { readonly kind: "hang" }
  /** Each connection is cut once so many bytes went up to the server, or down to the client. */
  | { readonly kind: "cut"; readonly afterBytes: number; readonly direction: "up" | "down" }
  | { readonly kind: "slow"; readonly bytesPerSecond: number }
  /** Answers come byte by byte: never silent, and never done. */
  | { readonly kind: "trickle"; readonly everyMs: number };

export interface FaultyProxy {
  readonly port: number;
  /** The same URL through the proxy. */
  through(url: string): string;
  set(fault: ProxyFault): void;
  /** Bytes passed to the server so far, over all connections. */
  bytesUp(): number;
  connections(): number;
  stop(): Promise<void>;
}

/** A TCP proxy on 127.0.0.1 in front of a server, for the weather between two machines. */
export async function startFaultyProxy(target: { readonly host?: string; readonly port: number }): Promise<FaultyProxy> {
  let fault: ProxyFault = { kind: "none" };
  let changed = Promise.withResolvers<void>();
  let bytesUp = 0;
  let connections = 0;
  const open = new Set<Socket>();
  const cutAll = (): void => {
    for (const socket of open) socket.resetAndDestroy();
  };

  /** Passes bytes one way, as the fault of the moment allows. */
  const passage = (direction: "up" | "down", cut: () => void): Transform => {
    let passed = 0;
    const pass = async (chunk: Buffer): Promise<Buffer> => {
      while (fault.kind === "hang") await changed.promise;
      if (fault.kind === "slow") await sleep((chunk.length / fault.bytesPerSecond) * 1000);
      const left = fault.kind === "cut" && fault.direction === direction ? fault.afterBytes - passed : chunk.length;
      const part = chunk.subarray(0, Math.max(0, left));
      passed += part.length;
      if (direction === "up") bytesUp += part.length;
      // After the part has left this process.
      if (left < chunk.length) setImmediate(cut);
      return part;
    };
    return new Transform({
      highWaterMark: 64 * 1024,
      async transform(chunk, _, done) {
        let at = 0;
        for (; fault.kind === "trickle" && direction === "down" && at < chunk.length && !this.destroyed; at++) {
          this.push(chunk.subarray(at, at + 1));
          await sleep(fault.everyMs);
        }
        pass(chunk.subarray(at)).then(part => done(null, part), done);
      },
    });
  };

  const server = createServer(client => {
    connections++;
    if (fault.kind === "down") return void client.resetAndDestroy();
    const upstream = connect(target.port, target.host ?? "127.0.0.1");
    const cut = (): void => {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    };
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket
        .setNoDelay(true)
        .on("error", cut)
        .on("close", () => open.delete(socket));
    }
    // A server that is gone ends its side only: a client that is still sending would never notice. First it may read a last answer.
    client.on("finish", () => setTimeout(() => client.destroy(), LINGER_MS).unref());
    client.pipe(passage("up", cut)).pipe(upstream);
    upstream.pipe(passage("down", cut)).pipe(client);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;

  const set = (next: ProxyFault): void => {
    fault = next;
    changed.resolve();
    changed = Promise.withResolvers();
    if (fault.kind === "down") cutAll();
  };
  const stop = async (): Promise<void> => {
    set({ kind: "down" });
    server.close();
    await once(server, "close");
  };
  const through = (url: string): string => Object.assign(new URL(url), { hostname: "127.0.0.1", port: String(port) }).href;
  return { port, through, set, bytesUp: () => bytesUp, connections: () => connections, stop };
}
