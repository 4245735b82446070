import type { Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { SECOND } from "../../../kernel/clock.ts";
import { HavreError } from "../../../kernel/errors.ts";
import { KIB, MIB } from "../../../kernel/units.ts";
import { networkError } from "../../http/failures.ts";
import { numberIn, pack, senseless, textIn, unpack } from "./pack.ts";

const MAX_HEADER_BYTES = 4 * KIB;
/** An answer of 256 rows has some 200 KiB. */
const MAX_MESSAGE_BYTES = 16 * MIB;
const HELD_BYTES = MIB;

export interface Patience {
  /** Longest silence, in either direction. */
  readonly silenceMs: number;
  /** For the whole of an answer, once it has begun; a stream of bytes in it may take longer. */
  readonly answerMs: number;
}
const PATIENCE: Patience = { silenceMs: 60 * SECOND, answerMs: 60 * SECOND };

export interface Expected {
  /** Where the stream of bytes goes, if it has room; else new memory is taken. */
  readonly into?: Buffer;
  /** How long the server may be silent before it answers, when longer than usual. */
  readonly withinMs?: number;
}

export interface Message {
  readonly type: string;
  /** Of an API: its number, or in an answer what came of it. */
  readonly info: number;
  readonly text: string;
  /** The stream of bytes behind the message. */
  readonly bytes: Buffer;
}

export interface Outgoing {
  readonly type: string;
  readonly info?: number;
  readonly text?: string;
  readonly bytes?: Buffer;
}

/** iRODS messages over one socket: a length, a header, and up to three parts. One question at a time, by one caller. */
export class Wire {
  #socket: Socket | TLSSocket;
  readonly #where: string;
  readonly #patience: Patience;
  readonly #held: Buffer[] = [];
  #heldBytes = 0;
  #failure: unknown;
  #wake = (): void => {};

  constructor(socket: Socket, where: string, patience: Partial<Patience> = {}) {
    this.#socket = socket;
    this.#where = where;
    this.#patience = { ...PATIENCE, ...patience };
    this.#listen();
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  get isEncrypted(): boolean {
    return "encrypted" in this.#socket;
  }

  #listen(): void {
    const fail = (error: unknown): void => {
      this.#failure ??= error;
      this.#wake();
    };
    this.#socket.on("data", (chunk: Buffer) => {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
      if (this.#heldBytes > HELD_BYTES) this.#socket.pause();
      this.#wake();
    });
    this.#socket
      .on("error", fail)
      .once("end", () => fail(closed()))
      .once("close", () => fail(closed()));
  }

  /** Goes on encrypted, when both sides have agreed to. */
  async encrypt(host: string, certificateAuthorities: readonly string[] | undefined, signal: AbortSignal): Promise<void> {
    const plain = this.#socket;
    for (const event of ["data", "end", "close", "error"]) plain.removeAllListeners(event);
    plain.on("error", () => {});
    const isName = !/^[\d.]+$|:/.test(host);
    const secure = connectTls({
      socket: plain,
      host: host.replace(/^\[|\]$/g, ""),
      ...(isName ? { servername: host } : {}),
      ...(certificateAuthorities === undefined ? {} : { ca: [...certificateAuthorities] }),
    });
    this.#socket = secure;
    let isMade = false;
    secure.once("secureConnect", () => {
      isMade = true;
      this.#wake();
    });
    this.#listen();
    await this.#until(() => isMade, signal);
  }

  /** @throws the signal's reason, "network", "timeout"; after any of these the connection is of no use any more */
  async send({ type, info = 0, text = "", bytes }: Outgoing, signal: AbortSignal): Promise<void> {
    const message = Buffer.from(text);
    await this.sendParts(header(type, message.length, 0, bytes?.length ?? 0, info), message, bytes, signal);
  }

  async sendParts(head: Buffer, message: Buffer, bytes: Buffer | undefined, signal: AbortSignal): Promise<void> {
    this.#socket.write(message.length === 0 ? head : Buffer.concat([head, message]));
    if (bytes === undefined) return;
    let isTaken = false;
    this.#socket.write(bytes, () => {
      isTaken = true;
      this.#wake();
    });
    await this.#until(() => isTaken, signal);
  }

  /** The next message. A server may think for as long as it is given, and then must speak without dawdling. */
  async receive(signal: AbortSignal, { into, withinMs = this.#patience.silenceMs }: Expected = {}): Promise<Message> {
    const length = (await this.#read(4, signal, Date.now() + withinMs)).readUInt32BE(0);
    if (length === 0 || length > MAX_HEADER_BYTES) throw this.#senseless();
    const lateAt = Date.now() + this.#patience.answerMs;
    const head = this.#understood(await this.#read(length, signal, lateAt));
    const [messageBytes, errorBytes, streamBytes] = [head.messageBytes, head.errorBytes, head.streamBytes];
    if ([messageBytes, errorBytes, streamBytes].some(count => count < 0 || count > MAX_MESSAGE_BYTES)) throw this.#senseless();
    const text = (await this.#read(messageBytes, signal, lateAt)).toString("utf8").replace(/\0+$/, "");
    await this.#read(errorBytes, signal, lateAt);
    const bytes = await this.#read(streamBytes, signal, undefined, into);
    return { type: head.type, info: head.info, text, bytes };
  }

  #understood(bytes: Buffer): { type: string; info: number; messageBytes: number; errorBytes: number; streamBytes: number } {
    try {
      const element = unpack(bytes.toString("utf8"));
      return {
        type: textIn(element, "type"),
        info: numberIn(element, "intInfo"),
        messageBytes: numberIn(element, "msgLen"),
        errorBytes: numberIn(element, "errorLen"),
        streamBytes: numberIn(element, "bsLen"),
      };
    } catch {
      throw this.#senseless();
    }
  }

  /** @param lateAt when all of it must be there; without it, it may take as long as some of it keeps coming */
  async #read(count: number, signal: AbortSignal, lateAt?: number, into?: Buffer): Promise<Buffer> {
    const bytes = into !== undefined && into.length >= count ? into.subarray(0, count) : Buffer.allocUnsafe(count);
    let filled = 0;
    while (filled < count) {
      if (this.#held.length === 0) await this.#until(() => this.#held.length > 0, signal, lateAt);
      const chunk = this.#held[0] as Buffer;
      const part = Math.min(chunk.length, count - filled);
      chunk.copy(bytes, filled, 0, part);
      filled += part;
      if (part === chunk.length) this.#held.shift();
      else this.#held[0] = chunk.subarray(part);
      this.#heldBytes -= part;
      if (this.#heldBytes <= HELD_BYTES && this.#socket.isPaused()) this.#socket.resume();
    }
    return bytes;
  }

  /** Waits for something to be so; woken by whatever happens on the socket. */
  async #until(isSo: () => boolean, signal: AbortSignal, lateAt = Date.now() + this.#patience.silenceMs): Promise<void> {
    const wake = (): void => this.#wake();
    signal.addEventListener("abort", wake, { once: true });
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#wake();
    }, lateAt - Date.now());
    try {
      for (;;) {
        const woken = new Promise<void>(resolve => {
          this.#wake = resolve;
        });
        if (signal.aborted) throw signal.reason;
        if (isSo()) return;
        if (this.#failure !== undefined) throw networkError(this.#failure, this.#where, signal);
        if (isLate) throw new HavreError("timeout", `${this.#where}: the server fell silent.`);
        await woken;
      }
    } catch (error) {
      this.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", wake);
    }
  }

  #senseless(): HavreError {
    this.destroy();
    const { message, retry } = senseless();
    return new HavreError("protocol", `${this.#where}: ${message}`, { retry });
  }

  /** The four bytes by which a client says that it has heard how far a long act has come. */
  acknowledge(number: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(number);
    this.#socket.write(bytes);
  }

  /** Says good-bye, as servers like to hear. */
  end(): void {
    if (!this.isOpen) return;
    this.#failure = closed();
    this.#socket.end(header("RODS_DISCONNECT", 0, 0, 0, 0));
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#failure ??= closed();
    this.#socket.destroy();
  }
}

const closed = (): Error => Object.assign(new Error("The connection was closed."), { code: "ECONNRESET" });

/** The numbers are mostly lengths; when encryption begins, servers read settings from them. */
export function header(type: string, messageBytes: number, errorBytes: number, streamBytes: number, info: number): Buffer {
  const fields = { type, msgLen: messageBytes, errorLen: errorBytes, bsLen: streamBytes, intInfo: info };
  const text = Buffer.from(pack("MsgHeader_PI", fields));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text]);
}
