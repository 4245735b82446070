import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Settings, World } from "../core/world.ts";
import type { Believed } from "./address.ts";
import { adminPages } from "./admin-pages.ts";

/** Nothing from elsewhere, no inline script. Mantine sets style attributes, hence 'unsafe-inline' for styles alone. */
const policy = (settings: Settings): string =>
  [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    `connect-src 'self' ${new URL(settings.uploadHost).origin}`,
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");

/** The web portal: one page for every path that is nobody else's, and its hashed assets. */
export async function portal(app: FastifyInstance, folder: string, world: World, believed: Believed): Promise<void> {
  const page = join(folder, "index.html");
  const html = existsSync(page) ? readFileSync(page, "utf8") : undefined;
  if (html !== undefined)
    await app.register(fastifyStatic, {
      root: join(folder, "assets"),
      prefix: "/assets/",
      immutable: true,
      maxAge: "365d",
      index: false,
      schemaHide: true,
    });

  const send = (reply: FastifyReply, status: number): FastifyReply =>
    html === undefined
      ? reply
          .code(status === 200 ? 503 : status)
          .type("text/plain")
          .send("The portal is not built. Run: make build\n")
      : reply.code(status).type("text/html; charset=utf-8").header("content-security-policy", policy(world.settings)).send(html);

  adminPages(app, world, believed, send);
  app.setNotFoundHandler(async (request, reply) => {
    const wantsPage =
      (request.method === "GET" || request.method === "HEAD") &&
      !/^\/(api|assets|files)(\/|$|\?)/.test(request.url) &&
      /text\/html|\*\/\*/.test(request.headers.accept ?? "*/*");
    return wantsPage
      ? send(reply.header("cache-control", "no-cache"), 200)
      : reply
          .code(404)
          .type("application/json")
          .send(JSON.stringify({ detail: "Not found." }));
  });
}
