import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { describe, it } from "node:test";
import { until } from "../../../test/harness/uploads.ts";
import { MIB } from "../../kernel/units.ts";
import { type BodyEnd, type BodyOptions, readBody } from "./body.ts";

const sha256 = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");

interface Seen {
  readonly end: BodyEnd;
  readonly bytes: Buffer;
}

/** A server that reads bodies as told, and answers with their hash. */
async function reading(more: Partial<BodyOptions> = {}): Promise<{ server: Server; port: number; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    const take = async (chunk: Uint8Array): Promise<void> => {
      await new Promise(resolve => setImmediate(resolve));
      chunks.push(Buffer.from(chunk));
    };
    const body = await readBody(request, response, {
      take,
      mostBytes: 100 * MIB,
      idleMs: 5000,
      signal: new AbortController().signal,
      ...more,
    });
    seen.push({ end: body.end, bytes: Buffer.concat(chunks) });
    if (body.end === "cut") body.response.socket?.destroy();
    else body.response.writeHead(body.end === "whole" ? 200 : 413).end(sha256(Buffer.concat(chunks)));
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port, seen };
}

const stop = (server: Server): void => {
  server.close();
  server.closeAllConnections();
};

/** Sends requests as text over one connection. @returns the socket and all that came back */
function talk(port: number): { socket: Socket; said: () => string } {
  let text = "";
  const socket = connect(port, "127.0.0.1").on("data", data => {
    text += data.toString("latin1");
  });
  socket.on("error", () => {});
  return { socket, said: () => text };
}
const headOf = (length: number): string => `PATCH /x HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`;

describe("reading a body", () => {
  it("large and small bodies follow one another on one connection, whichever way each is read", async () => {
    const { server, port, seen } = await reading();
    const { socket, said } = talk(port);
    const bodies = [5 * MIB + 1, 10, 256 * 1024, 3 * MIB, 0, 700_000].map(size => randomBytes(size));
    for (const [index, body] of bodies.entries()) {
      socket.write(headOf(body.length));
      socket.write(body);
      await until("its answer", () => said().split("HTTP/1.1 200").length === index + 2 && said().includes(sha256(body)));
      assert.deepEqual(seen[index], { end: "whole", bytes: body });
    }
    socket.destroy();
    stop(server);
  });

  it("a request that was sent before the answer to the one before is not lost", async () => {
    const { server, port, seen } = await reading();
    const { socket, said } = talk(port);
    const bodies = [randomBytes(2 * MIB), randomBytes(1 * MIB), randomBytes(100)];
    for (const body of bodies) socket.write(Buffer.concat([Buffer.from(headOf(body.length)), body]));
    await until("all answers", () => said().split("HTTP/1.1 200").length === 4);
    assert.deepEqual(
      seen.map(({ bytes }) => sha256(bytes)),
      bodies.map(sha256),
    );
    socket.destroy();
    stop(server);
  });

  for (const length of [4 * MIB, 1000])
    it(`a connection that says nothing for too long is cut, and what came is handed over (${length} bytes)`, async () => {
      const { server, port, seen } = await reading({ idleMs: 100 });
      const { socket } = talk(port);
      const part = randomBytes(Math.floor(length / 2));
      socket.write(headOf(length));
      socket.write(part);
      await until("it is cut", () => seen.length === 1);
      assert.deepEqual(seen[0], { end: "cut", bytes: part });
      await until("it is closed", () => socket.destroyed);
      stop(server);
    });

  it("a failure to take a chunk ends the reading, and its cause is told", async () => {
    const failures: unknown[] = [];
    const server = createServer(async (request, response) => {
      const take = (): Promise<void> => Promise.reject(new Error("full"));
      const body = await readBody(request, response, {
        take,
        mostBytes: 100 * MIB,
        idleMs: 5000,
        signal: new AbortController().signal,
      });
      failures.push(body.failure);
      body.response.writeHead(507, { "content-length": "0" }).end();
    });
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    const { socket, said } = talk((server.address() as AddressInfo).port);
    socket.write(headOf(20 * MIB));
    socket.write(randomBytes(20 * MIB));
    await until("the answer comes although the body is still being sent", () => said().startsWith("HTTP/1.1 507"));
    assert.match(String(failures[0]), /full/);
    socket.destroy();
    stop(server);
  });

  it("takes no more from the connection than it can hand on", async () => {
    let release: () => void = () => {};
    const free = new Promise<void>(resolve => {
      release = resolve;
    });
    let taken = 0;
    const { server, port, seen } = await reading({
      take: async chunk => {
        taken += chunk.length;
        await free;
      },
    });
    const { socket } = talk(port);
    socket.write(headOf(64 * MIB));
    socket.write(Buffer.alloc(64 * MIB));
    await until("it is full", () => taken >= MIB);
    await new Promise(resolve => setImmediate(resolve));
    assert.ok(taken <= 4 * MIB);
    release();
    await until("all of it", () => seen.length === 1);
    assert.equal(taken, 64 * MIB);
    socket.destroy();
    stop(server);
  });
});
