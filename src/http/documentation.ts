import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";

const require = createRequire(import.meta.url);

const REDOC_PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Havre API</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,"></head>
<body style="margin:0"><redoc spec-url="/api/openapi.json" disable-search="false"></redoc><script src="/api/redoc/redoc.js"></script></body></html>`;

/** The OpenAPI document made from the route rows, and two readers for it, all served from here. */
export async function documentation(app: FastifyInstance): Promise<void> {
  const hidden = { schema: { hide: true } };
  for (const path of ["/api/openapi.json", "/api/swagger.json"])
    app.get(path, hidden, async (_request, reply) => reply.type("application/json").send(JSON.stringify(app.swagger())));
  await app.register(swaggerUi, {
    routePrefix: "/api/swagger",
    staticCSP: true,
    uiConfig: { deepLinking: true, docExpansion: "none" },
  });

  let redoc: Buffer | undefined;
  app.get("/api/redoc/", hidden, async (_request, reply) =>
    reply
      .type("text/html; charset=utf-8")
      .header(
        "content-security-policy",
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src 'self' blob:",
      )
      .send(REDOC_PAGE),
  );
  app.get("/api/redoc/redoc.js", hidden, async (_request, reply) => {
    redoc ??= readFileSync(require.resolve("redoc/bundles/redoc.standalone.js"));
    return reply.type("text/javascript; charset=utf-8").header("cache-control", "public, max-age=86400").send(redoc);
  });
}
