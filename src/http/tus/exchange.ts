import type { IncomingMessage, ServerResponse } from "node:http";
import type { Holds } from "../../core/uploads/index.ts";
import type { World } from "../../core/world.ts";
import { type Believed, clientAddress, originOf } from "../address.ts";

/** One request, with what its handler needs. */
export interface Exchange {
  readonly world: World;
  readonly holds: Holds;
  readonly believed: Believed;
  readonly request: IncomingMessage;
  /** Changes hands when the body is read, see direct.ts. */
  response: ServerResponse;
  /** The other end of the connection: a client or a front. */
  readonly peer: string;
  readonly encrypted: boolean;
  /** The server is about to stop. */
  readonly closing: AbortSignal;
}

export const ipOf = ({ request, peer, believed }: Exchange): string => clientAddress(peer, request.headers, believed);

/** Where the client finds the upload: at the origin it came to, unless a front of its own is set for uploads. */
export function locationOf({ request, peer, encrypted, believed, world }: Exchange, id: string): string {
  const { uploadHost, publicUrl } = world.settings;
  const origin =
    uploadHost !== "" && uploadHost !== publicUrl ? uploadHost : originOf(peer, request.headers, encrypted, believed);
  return `${origin}/files/${id}`;
}
