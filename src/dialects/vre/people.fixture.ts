import cookie from "@fastify/cookie";
import fastify, { type FastifyInstance, type InjectOptions } from "fastify";
import { GOOD_PASSWORD, type PeopleBench, peopleBench } from "../../core/people/people.fixture.ts";
import type { World } from "../../core/world.ts";
import { Believed } from "../../http/address.ts";
import { mount } from "../../http/mount.ts";
import { researcherRoutes } from "./researchers.ts";
import { sessionRoutes } from "./session.ts";
import { admit, signIn } from "./sign-in.ts";
import { tokenRoutes } from "./tokens.ts";
import { userRoutes } from "./users.ts";
import { refuse } from "./wire.ts";

/** The routes of people and sign-in on a server of their own, for tests. */
export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server said
  readonly body: any;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}
export interface Said {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly ip?: string;
}

export interface PeopleServer extends PeopleBench {
  readonly app: FastifyInstance;
  call(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", url: string, said?: Said): Promise<Answer>;
  /** The headers of somebody who signed in for access. */
  as(username: string, password?: string): Promise<Record<string, string>>;
}

export async function peopleServer(settings: Parameters<PeopleBench["with"]>[0] = {}): Promise<PeopleServer> {
  const bench = await peopleBench();
  const app = await serve(bench.with(settings));
  const call: PeopleServer["call"] = async (method, url, { body, headers, ip } = {}) => {
    const options: InjectOptions = {
      method,
      url,
      headers: { host: "localhost:1337", ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { payload: typeof body === "string" ? body : JSON.stringify(body) }),
      ...(ip === undefined ? {} : { remoteAddress: ip }),
    };
    const reply = await app.inject(options);
    const isJson = String(reply.headers["content-type"]).startsWith("application/json");
    return {
      status: reply.statusCode,
      text: reply.body,
      body: isJson ? JSON.parse(reply.body) : undefined,
      headers: reply.headers as Answer["headers"],
    };
  };
  return {
    ...bench,
    app,
    call,
    async as(username, password) {
      const answer = await call("POST", "/api/auth/jwt/create/", { body: { username, password: password ?? GOOD_PASSWORD } });
      return { authorization: `Bearer ${answer.body.access}` };
    },
    async close() {
      await app.close();
      await bench.close();
    },
  };
}

async function serve(world: World): Promise<FastifyInstance> {
  const app = fastify({ routerOptions: { ignoreTrailingSlash: true } });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (request, body, done) => {
    request.rawBody = body as Buffer;
    done(null, undefined);
  });
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => data => JSON.stringify(data));
  app.decorateRequest("rawBody", undefined);
  app.decorateRequest("signReply", undefined);
  await app.register(cookie);
  app.addHook("onSend", async (request, reply, payload) => {
    const body = Buffer.from((payload as string | undefined) ?? "");
    if (request.signReply)
      reply.headers(request.signReply(body, body.length === 0 ? "" : String(reply.getHeader("content-type"))));
    return payload;
  });
  const routes = [...tokenRoutes, ...sessionRoutes, ...userRoutes, ...researcherRoutes];
  mount(app, world, { name: "vre", routes, signIn, admit, refuse }, new Believed(["127.0.0.1"]));
  return app;
}
