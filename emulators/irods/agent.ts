import type { Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import type { Zone } from "../irods.ts";
import { callApi, type OpenObject } from "./apis.ts";
import { CODES, Refusal } from "./catalogue.ts";
import { type Frame, frame, number, parse, tag, text } from "./codec.ts";
import { SignIn } from "./sign-in.ts";

const SIGN_IN_APIS = new Set([703, 704, 725, 110_000]);
const NOT_SIGNED_IN = -13000;

/** One connection: greeted, perhaps encrypted, signed in, then asked one thing after another. */
export class Agent {
  #socket: Socket;
  #held = Buffer.alloc(0);
  #wake = (): void => {};
  #isOver = false;
  readonly #zone: Zone;
  readonly #opened = new Map<number, OpenObject>();

  constructor(socket: Socket, zone: Zone) {
    this.#socket = socket;
    this.#zone = zone;
    this.#listen();
  }

  #listen(): void {
    const over = (): void => {
      this.#isOver = true;
      this.#wake();
    };
    this.#socket.on("data", chunk => {
      this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
      this.#wake();
    });
    this.#socket.on("error", over).on("close", over).on("end", over);
  }

  async serve(): Promise<void> {
    try {
      await this.#greet();
      const signIn = new SignIn(this.#zone, () => this.#socket instanceof TLSSocket);
      for (;;) {
        const asked = await this.#frame();
        // Whoever says good-bye closes the line, too.
        if (asked?.type === "RODS_DISCONNECT") return this.#finalise();
        if (asked?.type !== "RODS_API_REQ") break;
        await this.#answer(asked, signIn);
      }
    } catch {
      // Whoever talks nonsense is cut off.
    }
    this.#finalise();
    this.#socket.destroy();
  }

  /** What was open for writing when the client went away. */
  #finalise(): void {
    for (const { object, isWritten } of this.#opened.values())
      if (isWritten) object.status = this.#zone.faults.staysLocked ? "2" : "0";
  }

  async #greet(): Promise<void> {
    const startup = await this.#frame();
    if (startup?.type !== "RODS_CONNECT") throw new Error("no start");
    const { tls, zone } = this.#zone;
    const wantsToAgree = text(startup.message, "option").includes("request_server_negotiation");
    if (text(startup.message, "clientRcatZone") === "" || text(startup.message, "apiVersion") !== "d")
      throw new Error("no client");
    let isEncrypted = false;
    if (wantsToAgree) {
      const policy = tls === undefined ? "CS_NEG_REFUSE" : (tls.policy ?? "CS_NEG_REQUIRE");
      this.#send(
        frame(
          "RODS_CS_NEG_T",
          0,
          tag("CS_NEG_PI", [
            ["status", 0],
            ["result", policy],
          ]),
        ),
      );
      const agreed = await this.#frame();
      const result = text(agreed?.message, "result");
      if (number(agreed?.message, "status") !== 1) throw new Error("no agreement");
      isEncrypted = result === "cs_neg_result_kw=CS_NEG_USE_SSL;";
      if (isEncrypted !== (tls !== undefined && result.includes("USE_SSL")) || (policy === "CS_NEG_REQUIRE" && !isEncrypted))
        throw new Error(zone);
    }
    const version: [string, string | number][] = [
      ["status", 0],
      ["relVersion", `rods${this.#zone.version}`],
      ["apiVersion", "d"],
      ["reconnPort", 0],
      ["reconnAddr", ""],
      ["cookie", 400],
    ];
    this.#send(frame("RODS_VERSION", 0, tag("Version_PI", version)));
    if (isEncrypted && tls !== undefined) await this.#encrypt(tls);
  }

  async #encrypt({ key, cert }: { key: string; cert: string }): Promise<void> {
    for (const event of ["data", "end", "close", "error"]) this.#socket.removeAllListeners(event);
    const plain = this.#socket.on("error", () => {});
    this.#socket = new TLSSocket(plain, { isServer: true, secureContext: createSecureContext({ key, cert }) });
    if (this.#held.length > 0) plain.unshift(this.#held);
    this.#held = Buffer.alloc(0);
    this.#listen();
    const [settings] = [await this.#header()];
    if (settings?.type !== "AES-256-CBC" || settings.lengths.join() !== "32,8,16") throw new Error("no settings");
    const secret = await this.#header();
    if (secret?.type !== "SHARED_SECRET" || secret.lengths[0] !== 32 || (await this.#bytes(32)) === undefined)
      throw new Error("no secret");
  }

  async #answer({ info: api, message, bytes }: Frame, signIn: SignIn): Promise<void> {
    const { faults, calls } = this.#zone;
    calls.push(api);
    try {
      const instead = faults.answer?.(api);
      if (instead !== undefined) throw new Refusal(instead);
      if (!signIn.isDone && !SIGN_IN_APIS.has(api)) throw new Refusal(NOT_SIGNED_IN);
      const {
        info = 0,
        text: told = "",
        bytes: stream = Buffer.alloc(0),
      } = SIGN_IN_APIS.has(api) ? signIn.answer(api, message) : callApi(this.#zone, this.#opened, api, message, bytes);
      if (faults.losesAnswer?.(api)) return void this.#socket.destroy();
      this.#send(frame("RODS_API_REPLY", info, told, stream, faults.liesAboutBytes ?? 0));
      if (faults.liesAboutBytes) this.#socket.end();
    } catch (error) {
      this.#send(frame("RODS_API_REPLY", error instanceof Refusal ? error.code : CODES.badInput));
    }
  }

  #send(bytes: Buffer): void {
    if (!this.#zone.faults.trickles) return void this.#socket.write(bytes);
    let at = 0;
    const timer = setInterval(() => {
      if (at < bytes.length && !this.#isOver) this.#socket.write(bytes.subarray(at, ++at));
      else clearInterval(timer);
    }, 1000);
  }

  async #bytes(count: number): Promise<Buffer | undefined> {
    while (this.#held.length < count) {
      if (this.#isOver) return undefined;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  async #header(): Promise<Omit<Frame, "message" | "bytes"> | undefined> {
    const length = (await this.#bytes(4))?.readUInt32BE(0);
    if (length === undefined || length > 4096) return undefined;
    const head = await this.#bytes(length);
    if (head === undefined) return undefined;
    const tree = parse(head.toString());
    const lengths = [number(tree, "msgLen"), number(tree, "errorLen"), number(tree, "bsLen")] as const;
    return { type: text(tree, "type"), info: number(tree, "intInfo"), lengths };
  }

  async #frame(): Promise<Frame | undefined> {
    const head = await this.#header();
    if (head === undefined) return undefined;
    const [message, error, stream] = [
      await this.#bytes(head.lengths[0]),
      await this.#bytes(head.lengths[1]),
      await this.#bytes(head.lengths[2]),
    ];
    if (message === undefined || error === undefined || stream === undefined) return undefined;
    return { ...head, message: message.length === 0 ? undefined : parse(message.toString()), bytes: stream };
  }
}
