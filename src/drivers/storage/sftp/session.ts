import { createHash } from "node:crypto";
import ssh2, { type ConnectConfig, type ServerHostKeyAlgorithm, type SFTPWrapper, type Client as SshClient } from "ssh2";
import { HavreError } from "../../../kernel/errors.ts";
import type { StorageAccess } from "../../../ports/storage.ts";
import type { GuardedLookup } from "../../http/lookup.ts";
import { connectGuarded } from "../../http/sockets.ts";
import type { SftpAddress } from "./address.ts";
import { asRefusal } from "./refusal.ts";

/** From the first byte to being signed in. */
const READY_TIMEOUT_MS = 20_000;
/** A connection that is silent is asked whether it lives; after three unanswered questions it is given up. */
const KEEPALIVE_MS = 10_000;
const KEEPALIVES = 3;
const ANSWER_TIMEOUT_MS = 60_000;

export interface SftpSettings extends GuardedLookup {
  /** Longest wait for the answer to one request; 60 s when absent. */
  readonly answerTimeoutMs?: number;
}

/** As the library calls back. */
export type Done<T> = (error?: Error | null, value?: T) => void;
export type Ask<T> = (sftp: SFTPWrapper, done: Done<T>) => void;

/** One SSH connection, made when first needed and made anew after it was cut. */
export class Session {
  readonly where: string;
  readonly #access: StorageAccess;
  readonly #address: SftpAddress;
  readonly #settings: SftpSettings;
  #channel: Promise<Channel> | undefined;
  readonly #closing = new AbortController();

  constructor(access: StorageAccess, address: SftpAddress, settings: SftpSettings) {
    this.where = address.where;
    this.#access = access;
    this.#address = address;
    this.#settings = settings;
  }

  /** What an open file is called means something only in the channel that opened it: keep the two together. */
  async channel(signal: AbortSignal): Promise<Channel> {
    signal.throwIfAborted();
    // Others may wait for the same connection: so a signal ends the wait, not the connecting.
    this.#channel ??= this.#connect().then(channel => {
      channel.onLost = () => {
        this.#channel = undefined;
      };
      return channel;
    });
    this.#channel.catch(() => {
      this.#channel = undefined;
    });
    return within(this.where, signal, this.#channel, READY_TIMEOUT_MS + ANSWER_TIMEOUT_MS);
  }

  async close(): Promise<void> {
    this.#closing.abort(new HavreError("network", `${this.where}: the connection was closed.`));
    const channel = await this.#channel?.catch(() => undefined);
    channel?.end();
    this.#channel = undefined;
  }

  async #connect(): Promise<Channel> {
    const { host, port } = this.#address;
    const closing = this.#closing.signal;
    const sock = await connectGuarded(this.#settings, { host, port, signal: closing, calledAs: this.where });
    const client = new ssh2.Client();
    const refusal: { error?: HavreError } = {};
    try {
      await new Promise<void>((resolve, reject) => {
        closing.addEventListener("abort", () => reject(closing.reason), { once: true });
        client
          .on("ready", resolve)
          .on("error", error => reject(refusal.error ?? this.#meaning(error)))
          .on("close", () => reject(refusal.error ?? new HavreError("network", `${this.where}: the connection was cut.`)))
          .on("keyboard-interactive", (_name, _words, _language, prompts, answer) =>
            // Some servers ask for the password this way. A second question is one that no program can answer.
            answer(prompts.length === 1 && prompts[0]?.echo === false ? [this.#access.password] : []),
          )
          .connect(this.#config(sock, refusal));
      });
      const sftp = await new Promise<SFTPWrapper>((resolve, reject) =>
        client.sftp((error, opened) => (error ? reject(this.#noSftp(error)) : resolve(opened))),
      );
      return new Channel(this.where, client, sftp, this.#settings.answerTimeoutMs ?? ANSWER_TIMEOUT_MS);
    } catch (error) {
      client.on("error", () => {}).destroy();
      // The library only says goodbye; a server may hold the line for minutes.
      sock.destroy();
      throw error;
    }
  }

  #config(sock: ConnectConfig["sock"], refusal: { error?: HavreError }): ConnectConfig {
    const { username, password, hostKey } = this.#access;
    return {
      sock: sock as NonNullable<ConnectConfig["sock"]>,
      username,
      ...this.#credentials(password),
      tryKeyboard: this.#access.privateKey === undefined,
      readyTimeout: READY_TIMEOUT_MS,
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: KEEPALIVES,
      hostVerifier: (key: Buffer, verify: (isGood: boolean) => void): void =>
        void this.#checkHost(key).then(
          () => verify(true),
          error => {
            refusal.error = error;
            verify(false);
          },
        ),
      // A server may have keys of several kinds: the one that is known is asked for first.
      ...(hostKey === undefined
        ? {}
        : { algorithms: { serverHostKey: { prepend: algorithmsOf(hostKey), append: [], remove: [] } } }),
    };
  }

  #credentials(password: string): Pick<ConnectConfig, "password" | "privateKey" | "passphrase"> {
    const { privateKey } = this.#access;
    if (privateKey === undefined) return { password };
    const parsed = ssh2.utils.parseKey(privateKey, password === "" ? undefined : password);
    const key = Array.isArray(parsed) ? parsed[0] : parsed;
    if (key === undefined || key instanceof Error || !key.isPrivateKey())
      throw new HavreError("invalid", `${this.where}: the private key cannot be read.`, {
        detail: { advice: PRIVATE_KEY_ADVICE },
        cause: key,
      });
    return { privateKey, ...(password === "" ? {} : { passphrase: password }) };
  }

  /** Before anything secret is sent. @throws "forbidden" for a key that is not the known one; what the pinning throws */
  async #checkHost(key: Buffer): Promise<void> {
    const shown = hostKeyText(key);
    const known = this.#access.hostKey ?? (await this.#access.onHostKey?.(shown)) ?? shown;
    if (known === shown) return;
    throw new HavreError("forbidden", `${this.where}: the server shows another host key (${shown}) than before (${known}).`, {
      detail: { advice: HOST_KEY_ADVICE },
    });
  }

  #meaning(error: Error & { level?: string }): HavreError {
    const told = (kind: "unauthenticated" | "timeout" | "protocol" | "network", reason: string): HavreError =>
      new HavreError(kind, `${this.where}: ${reason}.`, { cause: error });
    if (error.level === "client-authentication")
      return told(
        "unauthenticated",
        this.#access.privateKey === undefined ? "wrong user name or password" : "wrong user name or key",
      );
    if (error.level === "client-timeout") return told("timeout", "the server took too long to let us in");
    if (error.level === "client-socket") return told("network", "the connection was cut");
    if (/keepalive/i.test(error.message)) return told("timeout", "the server fell silent");
    return told("protocol", "what answers there is no SSH server that we understand");
  }

  #noSftp(cause: Error): HavreError {
    return new HavreError("protocol", `${this.where}: the server lets us in, but has no SFTP for this user.`, {
      retry: "never",
      cause,
    });
  }
}

/** SFTP over one connection. After that is lost, every request is refused. */
export class Channel {
  readonly where: string;
  readonly #client: SshClient;
  readonly #sftp: SFTPWrapper;
  readonly #answerTimeoutMs: number;
  #isLost = false;
  /** Of every request that is not answered yet: the library forgets them when a connection ends. */
  readonly #unanswered = new Set<(error: HavreError) => void>();
  onLost: () => void = () => {};

  constructor(where: string, client: SshClient, sftp: SFTPWrapper, answerTimeoutMs: number) {
    this.where = where;
    this.#client = client;
    this.#sftp = sftp;
    this.#answerTimeoutMs = answerTimeoutMs;
    const lost = (): void => this.end();
    client.on("close", lost).on("error", lost);
    sftp.on("close", lost).on("error", lost);
  }

  /** Sends one request; has done so when it returns. @throws HavreError; the signal's own reason */
  ask<T>(signal: AbortSignal, act: Ask<T>): Promise<T> {
    const answer = new Promise<T>((resolve, reject) => {
      if (this.#isLost) return reject(this.#cut());
      if (signal.aborted) return;
      this.#unanswered.add(reject);
      act(this.#sftp, (error, value) => {
        this.#unanswered.delete(reject);
        if (error) reject(error);
        else resolve(value as T);
      });
    });
    return within(this.where, signal, answer, this.#answerTimeoutMs);
  }

  end(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#client.end();
    for (const reject of this.#unanswered) reject(this.#cut());
    this.#unanswered.clear();
    this.onLost();
  }

  #cut(): HavreError {
    return new HavreError("network", `${this.where}: the connection was cut.`);
  }
}

/** What the server does after a signal or too long a wait nobody looks at. */
async function within<T>(where: string, signal: AbortSignal, answer: Promise<T>, withinMs: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  const timer = setTimeout(() => reject(new HavreError("timeout", `${where}: the server fell silent.`)), withinMs);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  answer.catch(() => {});
  try {
    return await Promise.race([answer, promise]);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw asRefusal(where, error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

const PRIVATE_KEY_ADVICE =
  "Paste the whole private key, from its BEGIN line to its END line. If the key has a passphrase, put that into the password field.";
const HOST_KEY_ADVICE =
  "Ask whoever manages the storage whether its server was set up anew. Only if it was, forget the known host key; otherwise somebody may stand between you and the server.";

/** "ssh-ed25519 SHA256:…": as `ssh-keyscan HOST | ssh-keygen -lf -` shows it. */
function hostKeyText(key: Buffer): string {
  const kind = key.subarray(4, 4 + key.readUInt32BE(0)).toString("latin1");
  const hash = createHash("sha256").update(key).digest("base64").replace(/=+$/, "");
  return `${/^[\w@.-]{1,64}$/.test(kind) ? kind : "unknown"} SHA256:${hash}`;
}

const algorithmsOf = (hostKey: string): ServerHostKeyAlgorithm[] => {
  const kind = hostKey.split(" ")[0] as ServerHostKeyAlgorithm;
  return kind === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [kind];
};
