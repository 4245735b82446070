import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isAdministrator } from "../core/people/index.ts";
import type { World } from "../core/world.ts";
import { type Believed, clientAddress, mayAdministerFrom, originOf } from "./address.ts";
import { signInBySession } from "./sign-in/session.ts";

type SendPage = (reply: FastifyReply, status: number) => FastifyReply;

/**
 * The administration's pages are pages of the portal. Who is not signed in is sent to sign in and back; who may not administer, or
 * not from their address, gets the page with 403, and what it asks for is refused as well: the page tells them so.
 */
export function adminPages(app: FastifyInstance, world: World, believed: Believed, send: SendPage): void {
  const hidden = { schema: { hide: true } };
  const page = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    reply.header("cache-control", "no-store").header("vary", "cookie");
    const status = await statusFor(request);
    return status === 302 ? reply.redirect(`/sign-in?next=${encodeURIComponent(request.url)}`) : send(reply, status);
  };

  async function statusFor({ socket, headers }: FastifyRequest): Promise<200 | 302 | 403> {
    const peer = socket.remoteAddress ?? "";
    if (!mayAdministerFrom(clientAddress(peer, headers, believed), world.settings.adminAllow)) return 403;
    const origin = originOf(peer, headers, "encrypted" in socket, believed);
    const { actor } = await signInBySession(world, { method: "GET", headers, origin, settings: world.settings });
    if (actor.kind === "nobody") return 302;
    return isAdministrator(actor) ? 200 : 403;
  }

  app.get("/api/admin", hidden, page);
  app.get("/api/admin/*", hidden, page);
  app.get("/admin", hidden, async (_request, reply) => reply.redirect("/api/admin/"));
}
