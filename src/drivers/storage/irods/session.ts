import { HavreError } from "../../../kernel/errors.ts";
import type { StorageAccess } from "../../../ports/storage.ts";
import type { GuardedLookup } from "../../http/lookup.ts";
import { connectGuarded } from "../../http/sockets.ts";
import type { IrodsAddress } from "./address.ts";
import { refusal } from "./refusal.ts";
import { askPam, greet, signIn } from "./sign-in.ts";
import { type Expected, type Message, type Outgoing, type Patience, Wire } from "./wire.ts";

export interface IrodsSettings extends GuardedLookup {
  /** Further certificate authorities (PEM), besides those Node trusts. */
  readonly certificateAuthorities?: readonly string[];
  readonly patience?: Partial<Patience>;
}

const MOST_IDLE = 4;

/** A connection that is signed in. It does one thing at a time. */
export interface Connection {
  /** As error messages begin. */
  readonly where: string;
  /** Asks an API. @throws HavreError for a negative answer, after which the connection is still good */
  ask(request: Omit<Outgoing, "type">, signal: AbortSignal, expected?: Expected): Promise<Message>;
  /** The next answer to what was asked, where there are several. */
  next(signal: AbortSignal, expected?: Expected): Promise<Message>;
  acknowledge(number: number): void;
  readonly isOpen: boolean;
}

/** Connections to one server, made when they are needed and used again. */
export class Session {
  readonly #address: IrodsAddress;
  readonly #settings: IrodsSettings;
  readonly #password: string;
  /** What PAM gave for it. */
  #ofPam: string | undefined;
  readonly #idle: Wire[] = [];
  readonly #used = new Set<Wire>();

  constructor({ password }: StorageAccess, address: IrodsAddress, settings: IrodsSettings) {
    this.#address = address;
    this.#settings = settings;
    this.#password = password;
  }

  /** Acts with a connection of its own. */
  async with<T>(signal: AbortSignal, act: (connection: Connection) => Promise<T>): Promise<T> {
    const { connection, release } = await this.take(signal);
    try {
      return await act(connection);
    } catch (error) {
      throw named(this.#address.where, error);
    } finally {
      release();
    }
  }

  /** A connection until it is released. */
  async take(signal: AbortSignal): Promise<{ readonly connection: Connection; release(): void; cut(): void }> {
    signal.throwIfAborted();
    let wire = this.#idle.pop();
    while (wire !== undefined && !wire.isOpen) wire = this.#idle.pop();
    const taken = wire ?? (await this.#connect(signal));
    this.#used.add(taken);
    return {
      connection: this.#connection(taken),
      release: () => {
        if (!this.#used.delete(taken) || !taken.isOpen) return;
        if (this.#idle.length < MOST_IDLE) this.#idle.push(taken);
        else taken.end();
      },
      cut: () => {
        this.#used.delete(taken);
        taken.destroy();
      },
    };
  }

  #connection(wire: Wire): Connection {
    const { where } = this.#address;
    const next = async (signal: AbortSignal, expected?: Expected): Promise<Message> => {
      const answer = await wire.receive(signal, expected);
      if (answer.info < 0) throw refusal(where, answer.info);
      return answer;
    };
    return {
      where,
      async ask(request, signal, expected) {
        await wire.send({ type: "RODS_API_REQ", ...request }, signal);
        return next(signal, expected);
      },
      next,
      acknowledge: number => wire.acknowledge(number),
      get isOpen() {
        return wire.isOpen;
      },
    };
  }

  /** By a password of the zone; where it knows no such one and the connection is encrypted, by PAM, on a connection of its own. */
  async #connect(signal: AbortSignal): Promise<Wire> {
    const first = await this.#greeted(signal);
    try {
      await signIn(first.wire, this.#address, first.version, this.#ofPam ?? this.#password, signal);
      return first.wire;
    } catch (error) {
      first.wire.destroy();
      if (!first.wire.isEncrypted || !isRefused(error)) throw named(this.#address.where, error);
      return this.#connectByPam(signal, error);
    }
  }

  async #connectByPam(signal: AbortSignal, refused: unknown): Promise<Wire> {
    const { wire, version } = await this.#greeted(signal);
    try {
      const given = await askPam(wire, this.#address, version, this.#password, signal);
      await signIn(wire, this.#address, version, given, signal);
      this.#ofPam = given;
      return wire;
    } catch (error) {
      // Whether the connection failed or PAM refused, or is not there at all.
      const isOfConnection = !wire.isOpen;
      wire.destroy();
      throw isOfConnection ? error : refused;
    }
  }

  async #greeted(signal: AbortSignal): Promise<{ readonly wire: Wire; readonly version: readonly number[] }> {
    const { where, host, port } = this.#address;
    const { certificateAuthorities, patience } = this.#settings;
    const socket = await connectGuarded(this.#settings, { host, port, signal, calledAs: where });
    const wire = new Wire(socket, where, patience);
    try {
      return { wire, version: await greet(wire, this.#address, { host, certificateAuthorities, signal }) };
    } catch (error) {
      wire.destroy();
      throw named(where, error);
    }
  }

  async close(): Promise<void> {
    for (const wire of this.#idle.splice(0)) wire.end();
    for (const wire of this.#used) wire.destroy();
    this.#used.clear();
  }
}

const isRefused = (error: unknown): boolean => error instanceof HavreError && error.kind === "unauthenticated";

/** What cannot be understood of a message does not know whose it was. */
function named(where: string, error: unknown): unknown {
  if (!(error instanceof HavreError) || error.kind !== "protocol" || error.message.startsWith(where)) return error;
  return new HavreError("protocol", `${where}: ${error.message}`, { retry: error.retry, cause: error });
}
