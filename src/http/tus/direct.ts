import { type IncomingMessage, type Server, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { SECOND } from "../../kernel/clock.ts";
import { KIB, MIB } from "../../kernel/units.ts";

/**
 * Reads the body of a large request straight from its TCP connection into memory that is used again and again.
 *
 * Node's HTTP parser copies every 64 KiB of a body into new memory, which the garbage collector then has to find: measured on two
 * cores, receiving 1 GiB costs 0.94 s of CPU and 90 MiB of memory that way, and 0.3 s and 12 MiB this way. A body of known length
 * needs no parser at all.
 *
 * So once the headers are read, the connection is taken from the parser: its handle gets a socket of its own (`net.Socket` with
 * `onread`, made for this), the answer is written by a fresh ServerResponse on that socket, and for the next request the socket
 * is handed to the server like a new connection. Three things of Node that are not documented are needed: `socket._handle`,
 * `socket.parser.unconsume()` and the `handle` option of `net.Socket`. Where one is missing, and for TLS and chunked bodies, the
 * ordinary stream is read instead: slower, and the same for everyone outside.
 */
export interface DirectBody {
  read(reader: Reader): void;
  /** No more is read, and nothing is handed over any more once this returns. */
  stop(): void;
  /**
   * Call when all that was handed over is taken. @returns the response to answer with; afterwards the connection serves the next
   * request, or is closed when the body did not come whole.
   */
  release(whole: boolean): ServerResponse;
}

export interface Reader {
  /** `then` is called when the memory may be used again. */
  readonly take: (chunk: Uint8Array, then: () => void) => void;
  readonly whole: () => void;
  readonly cut: () => void;
  readonly idleMs: number;
}

interface Handle {
  readonly isStreamBase?: boolean;
  reading?: boolean;
  _consumed?: boolean;
  readStop?(): number;
}
interface Inside {
  _handle: Handle | null;
  readonly parser?: { unconsume?(): void } | null;
  readonly server?: Server;
}
const insideOf = (socket: Socket): Inside => socket as unknown as Inside;

/** Below this the change of sockets costs more than it saves. */
const WORTH_BYTES = 256 * KIB;
/** Two in turn per request: one is filled while the other is written. */
const SLAB_BYTES = MIB;
const MAX_FREE_SLABS = 16;
/** How long the rest of a body that is not wanted is thrown away, so that its sender comes to read our answer. */
const DRAIN_MS = 10 * SECOND;

const free: Buffer[] = [];
const aSlab = (): Buffer => free.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES);
const putBack = (slab: Buffer): void => {
  if (free.length < MAX_FREE_SLABS) free.push(slab);
};

/** @returns undefined when the request has to be read as a stream */
export function takeOver(request: IncomingMessage, response: ServerResponse): DirectBody | undefined {
  const { socket } = request;
  const { _handle: handle, parser, server } = insideOf(socket);
  const length = Number(request.headers["content-length"] ?? 0);
  const fits =
    length >= WORTH_BYTES && request.headers["transfer-encoding"] === undefined && !request.complete && !socket.destroyed;
  // Of requests sent without waiting for answers, only the first may have the connection.
  const first = response.socket === socket;
  if (
    !fits ||
    !first ||
    socket.constructor !== Socket ||
    !handle?.isStreamBase ||
    !handle.readStop ||
    !parser?.unconsume ||
    !server
  )
    return undefined;
  const early = (request.read() as Buffer | null) ?? Buffer.alloc(0);
  handle.readStop();
  handle.reading = false;
  parser.unconsume();
  handle._consumed = false;
  insideOf(socket)._handle = null;
  // The request now looks aborted to Node; nobody else listens to it.
  request.on("error", () => {});
  socket.destroy();
  return new Direct(request, response, server, handle, early, length - early.length);
}

class Direct implements DirectBody {
  readonly #request: IncomingMessage;
  readonly #old: ServerResponse;
  readonly #server: Server;
  readonly #socket: Socket;
  readonly #early: Buffer;
  readonly #slabs = [aSlab(), aSlab()] as const;
  readonly #busy = [false, false];
  #at: 0 | 1 = 0;
  #filled = 0;
  #left: number;
  #reader: Reader | undefined;

  constructor(request: IncomingMessage, old: ServerResponse, server: Server, handle: Handle, early: Buffer, left: number) {
    this.#request = request;
    this.#old = old;
    this.#server = server;
    this.#early = early;
    this.#left = left;
    const onread = { buffer: () => this.#space(), callback: (count: number) => this.#onRead(count) };
    // `manualStart`: no byte before read().
    this.#socket = new Socket({ handle, onread, manualStart: true } as unknown as ConstructorParameters<typeof Socket>[0]);
    this.#socket.on("error", () => {}).once("close", () => this.#reader?.cut());
  }

  read(reader: Reader): void {
    this.#reader = reader;
    if (this.#early.length > 0) reader.take(this.#early, () => {});
    if (this.#left === 0) {
      reader.whole();
      return;
    }
    this.#socket.once("end", () => this.#reader?.cut()).once("timeout", () => this.#reader?.cut());
    this.#socket.setTimeout(reader.idleMs).resume();
    if (this.#socket.destroyed) reader.cut();
  }

  /** Never beyond the end of this body, so that the next request stays in the connection. */
  #space(): Uint8Array {
    return this.#slabs[this.#at].subarray(this.#filled, this.#filled + Math.max(1, this.#left));
  }

  /** @returns whether to read on */
  #onRead(count: number): boolean {
    if (!this.#reader) return true;
    this.#left -= count;
    this.#filled += count;
    if (this.#filled < SLAB_BYTES && this.#left > 0) return true;
    this.#handOver();
    if (this.#left === 0) this.#reader.whole();
    return this.#left > 0 && !this.#busy[this.#at];
  }

  #handOver(): void {
    const mine = this.#at;
    const chunk = this.#slabs[mine].subarray(0, this.#filled);
    this.#at = mine === 0 ? 1 : 0;
    this.#filled = 0;
    if (chunk.length === 0) return;
    this.#busy[mine] = true;
    this.#reader?.take(chunk, () => {
      this.#busy[mine] = false;
      if (this.#reader && this.#left > 0 && this.#at === mine) this.#socket.resume();
    });
  }

  stop(): void {
    if (this.#reader && this.#left > 0) this.#handOver();
    this.#reader = undefined;
    this.#socket.setTimeout(0);
    this.#socket.removeAllListeners("timeout").removeAllListeners("end");
    if (this.#left > 0) insideOf(this.#socket)._handle?.readStop?.();
  }

  release(whole: boolean): ServerResponse {
    for (const slab of this.#slabs) putBack(slab);
    const response = new ServerResponse(this.#request);
    response.shouldKeepAlive = whole && this.#old.shouldKeepAlive;
    response.assignSocket(this.#socket);
    response.once("finish", () => (response.shouldKeepAlive ? this.#serveNext(response) : this.#drain()));
    return response;
  }

  #serveNext(response: ServerResponse): void {
    response.detachSocket(this.#socket);
    this.#socket.removeAllListeners("error").removeAllListeners("close");
    this.#server.emit("connection", this.#socket);
    this.#socket.resume();
  }

  #drain(): void {
    const timer = setTimeout(() => this.#socket.destroy(), DRAIN_MS).unref();
    this.#socket.once("close", () => clearTimeout(timer)).once("end", () => this.#socket.destroy());
    this.#socket.end();
    this.#socket.resume();
  }
}
