import type { IncomingMessage } from "node:http";
import type { Holds } from "../../core/uploads/index.ts";
import type { World } from "../../core/world.ts";
import { type Believed, clientAddress, originOf } from "../address.ts";

/** One request, with what its handler needs. */
export interface Exchange {
  readonly world: World;
  readonly holds: Holds;
  readonly believed: Believed;
  readonly request: IncomingMessage;
  /** The server is about to stop. */
  readonly closing: AbortSignal;
}

export const ipOf = ({ request, believed }: Exchange): string => clientAddress(peerOf(request), request.headers, believed);
export const peerOf = (request: IncomingMessage): string => request.socket.remoteAddress ?? "";

/** Where the client finds the upload: at the origin it came to, unless a front of its own is set for uploads. */
export function locationOf({ request, believed, world }: Exchange, id: string): string {
  const { uploadHost, publicUrl } = world.settings;
  const origin =
    uploadHost !== "" && uploadHost !== publicUrl
      ? uploadHost
      : originOf(peerOf(request), request.headers, "encrypted" in request.socket, believed);
  return `${origin}/files/${id}`;
}
