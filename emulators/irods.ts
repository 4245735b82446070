import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Agent } from "./irods/agent.ts";
import { Catalogue, type DataObject } from "./irods/catalogue.ts";

/**
 * A small iRODS zone in memory, speaking the native protocol in its XML flavour: so that python-irodsclient, which knows nothing of us,
 * can work with it too. What it lacks: rules, resources, permissions of others, metadata, transfers over further ports.
 */
export interface IrodsEmulator {
  readonly port: number;
  readonly zone: string;
  readonly user: string;
  readonly password: string;
  /** What PAM takes; the catalogue does not know it. */
  readonly pamPassword: string;
  /** As a storage's owner types it. */
  readonly location: string;
  readonly catalogue: Catalogue;
  readonly faults: IrodsFaults;
  /** Numbers of the APIs that were called, in the order in which they were. */
  readonly calls: number[];
  stop(): Promise<void>;
}

export interface IrodsFaults {
  /** A negative code instead of the right answer. */
  answer?: (api: number) => number | undefined;
  /** Does what was asked, and cuts the connection instead of answering. */
  losesAnswer?: (api: number) => boolean;
  /** Says so many bytes more than it sends, and cuts. */
  liesAboutBytes?: number;
  /** Sends its answers one byte a second. */
  trickles?: boolean;
  /** Nothing may be changed. */
  isReadOnly?: boolean;
  /** Bytes that the resource still takes. */
  roomBytes?: number;
  /** Written objects stay locked when a connection ends in the middle; else they become stale. */
  staysLocked?: boolean;
  passwordExpired?: boolean;
  /** Answers hashes of this kind. */
  hashesBy?: "sha2" | "md5";
}

export interface IrodsOptions {
  /** Of the server, as it tells it; from 4.3 on one signs in otherwise. */
  readonly version?: string;
  /** Its word on encryption, and what it encrypts with. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly policy?: "CS_NEG_REQUIRE" | "CS_NEG_DONT_CARE" };
  readonly zone?: string;
  readonly user?: string;
}

export async function startIrods(options: IrodsOptions = {}): Promise<IrodsEmulator> {
  const { version = "4.2.12", tls, zone = "tempZone", user = "mira" } = options;
  const catalogue = new Catalogue(zone, user);
  const faults: IrodsFaults = {};
  const calls: number[] = [];
  const sockets = new Set<Socket>();
  const zoneOf = {
    version,
    tls,
    zone,
    user,
    password: "pä:ss#1",
    pamPassword: "of <PAM> & more",
    catalogue,
    faults,
    calls,
    given: new Set<string>(),
  };
  const server = createServer(socket => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    void new Agent(socket, zoneOf).serve();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { password, pamPassword } = zoneOf;
  return {
    port,
    zone,
    user,
    password,
    pamPassword,
    location: `127.0.0.1:${port}[${zone}]`,
    catalogue,
    faults,
    calls,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

export interface Zone {
  readonly version: string;
  readonly tls: IrodsOptions["tls"];
  readonly zone: string;
  readonly user: string;
  readonly password: string;
  readonly pamPassword: string;
  readonly catalogue: Catalogue;
  readonly faults: IrodsFaults;
  readonly calls: number[];
  /** Passwords that PAM gave. */
  readonly given: Set<string>;
}

export type { DataObject };
