import { connect, type Socket } from "node:net";

/**
 * The same client for every server: it writes one megabyte of memory again and again to plain sockets, so that reading files and
 * building requests cost next to nothing. Prints {seconds, cpuSeconds}.
 */
interface Order {
  readonly port: number;
  readonly files: number;
  readonly bytes: number;
  /** Bytes per request. */
  readonly chunk: number;
  /** `put` to these paths, or create at `path` and PATCH. */
  readonly way: "put" | "tus";
  readonly paths: readonly string[];
  readonly metadata: string;
}
const order = JSON.parse(process.argv[2] ?? "{}") as Order;
const MEMORY = Buffer.alloc(1 << 20);
for (let at = 0; at < MEMORY.length; at += 4) MEMORY.writeUInt32LE((at * 2654435761) % 2 ** 32, at);

/** One kept-alive connection; requests go one after the other. */
class Line {
  readonly #socket: Socket;
  #answer: ((head: string) => void) | undefined;
  #text = "";
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", data => {
      this.#text += data.toString("latin1");
      const end = this.#text.indexOf("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(this.#text)?.[1] ?? 0);
      if (end < 0 || this.#text.length < end + 4 + length) return;
      const head = this.#text;
      this.#text = "";
      this.#answer?.(head);
    });
    socket.on("error", error => this.#answer?.(`failed ${error.message}`));
    socket.on("close", () => this.#answer?.("failed: closed"));
  }

  static open(): Promise<Line> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port: order.port, host: "127.0.0.1", noDelay: true }, () => resolve(new Line(socket)));
      socket.once("error", reject);
    });
  }

  async ask(method: string, path: string, headers: Record<string, string>, bytes: number): Promise<string> {
    const lines = Object.entries({ Host: `127.0.0.1:${order.port}`, "Content-Length": String(bytes), ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    const answered = new Promise<string>(resolve => {
      this.#answer = resolve;
    });
    this.#socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
    let ready = true;
    for (let left = bytes; left > 0; left -= MEMORY.length) {
      if (!ready) await new Promise(resolve => this.#socket.once("drain", resolve));
      ready = this.#socket.write(left >= MEMORY.length ? MEMORY : MEMORY.subarray(0, left));
    }
    const head = await answered;
    if (!/^HTTP\/1.1 20[014]/.test(head)) throw new Error(head);
    return head;
  }

  close(): void {
    this.#socket.destroy();
  }
}

const TUS = { "Tus-Resumable": "1.0.0" };
async function send(path: string): Promise<void> {
  const line = await Line.open();
  if (order.way === "put") await line.ask("PUT", path, {}, order.bytes);
  else {
    const created = await line.ask(
      "POST",
      path,
      { ...TUS, "Upload-Length": String(order.bytes), "Upload-Metadata": order.metadata },
      0,
    );
    const url = new URL(/location: (\S+)/i.exec(created)?.[1] ?? "", "http://127.0.0.1").pathname;
    for (let at = 0; at < order.bytes; at += order.chunk)
      await line.ask(
        "PATCH",
        url,
        { ...TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(at) },
        Math.min(order.chunk, order.bytes - at),
      );
  }
  line.close();
}

const began = performance.now();
await Promise.all(order.paths.map(send));
const { user, system } = process.cpuUsage();
process.stdout.write(JSON.stringify({ seconds: (performance.now() - began) / 1000, cpuSeconds: (user + system) / 1e6 }));
