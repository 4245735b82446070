import assert from "node:assert/strict";
import { createClient, type NewClient } from "../../../src/core/clients/index.ts";
import { accountSubject, clearFailures } from "../../../src/core/people/index.ts";
import { actorOf } from "../../../src/core/people/model.ts";
import type { Answer } from "../ask.ts";
import { type Area, get, type Request, type Standing, spending, unique } from "../request.ts";
import { PASSWORD, type Scene, type Somebody } from "../scene.ts";

/** An API token serves where a client's does. */
export const agaveCredentials = ({ token }: Somebody): Record<string, string> => ({ authorization: `Bearer ${token}` });

/** Contract agave §2.4: the envelope, a fault, or what OAuth says. */
export function assertAgaveRefusal({ status, headers, text }: Answer, what: string): void {
  const told = `${what}: ${status} ${text.slice(0, 300)}`;
  assert.ok(status < 500 || status === 502, told);
  assert.doesNotMatch(text, /\n\s+at |\.[jt]s:\d+|node_modules|\bError:|select .* from |violates|syntax error/i, told);
  assert.match(String(headers["content-type"]), /^application\/json\b/, told);
  const body = JSON.parse(text);
  const keys = Object.keys(body).join();
  if (keys === "fault") assert.deepEqual(Object.keys(body.fault), ["code", "message", "description"], told);
  else if (keys !== "error,error_description") assert.equal(keys, "status,message,version,result", told);
  if (status === 401) assert.match(String(headers["www-authenticate"]), /^(Basic|Bearer) realm=/, told);
}

/** The owner's client of a scene. */
const clients = new WeakMap<Scene, Promise<NewClient>>();
const input = { name: "program", description: "", callbackUrl: "" };

const prepare: NonNullable<Request["prepare"]> = async ({ world }, scene) => {
  const made = clients.get(scene) ?? createClient(world, actorOf(scene.cast.owner.person), input);
  clients.set(scene, made);
  await made;
  // Whoever has no active account fails at each line; that is counted.
  await clearFailures(world, [accountSubject(scene.cast.inactive.person.username)]);
};

const basic = (name: string, secret: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString("base64")}`,
});

/** With name and password. */
const signed = (path: string, body?: () => unknown): Request => ({
  prepare,
  ask: ({ self }) => ({
    path,
    bare: true,
    headers: self ? basic(self.person.username, PASSWORD) : {},
    ...(body ? { body: body() } : {}),
  }),
});

/** With the client's key and secret, as whoever asks would have its program do. */
const asProgram = (path: string, form: (standing: Standing) => Readonly<Record<string, string>>): Request => ({
  prepare,
  async ask(standing) {
    const made = await clients.get(standing.scene);
    const headers = standing.self && made ? basic(made.client.key, made.secret) : {};
    const type = { "content-type": "application/x-www-form-urlencoded" };
    return { path, bare: true, headers: { ...headers, ...type }, body: new URLSearchParams(form(standing)).toString() };
  },
});

export const agaveSignIn: Area = {
  table: `
                                                     nobody inactive stranger former vrw staff member researcher administrator owner superuser
GET    /tenants                                       200    200     200     200   200  200   200     200         200        200   200
GET    /tenants/:tenant                               200    200     200     200   200  200   200     200         200        200   200
POST   /token                                         401    400     200     200   200  200   200     200         200        200   200
POST   /token                (for another)            401    400     400     400   400  400   400     400         400        400   200
POST   /revoke                                        401    200     200     200   200  200   200     200         200        200   200
POST   /clients/v2                                    401    401     201     201   201  201   201     201         201        201   201
GET    /clients/v2                                    401    401     200     200   200  200   200     200         200        200   200
GET    /clients/v2/:client                            401    401     404     404   404  404   404     404         404        200   404
GET    /clients/v2/:client/subscriptions              401    401     404     404   404  404   404     404         404        200   404
POST   /clients/v2/:client/subscriptions              401    401     404     404   404  404   404     404         404        201   404
DELETE /clients/v2/:client/subscriptions              401    401     404     404   404  404   404     404         404        200   404
DELETE /clients/v2/:client                            401    401     404     404   404  404   404     404         404        200   404
`,
  requests: {
    "GET /tenants": get("/tenants"),
    "GET /tenants/:tenant": get("/tenants/havre"),
    "POST /token": asProgram("/token", ({ self }) => ({
      grant_type: "password",
      username: self?.person.username ?? "x",
      password: PASSWORD,
    })),
    "POST /token (for another)": asProgram("/token", ({ self, scene }) => ({
      grant_type: "admin_password",
      username: self?.person.username ?? "x",
      password: PASSWORD,
      token_username: scene.other.person.username,
    })),
    "POST /revoke": asProgram("/revoke", () => ({ token: "unknown" })),
    "POST /clients/v2": signed("/clients/v2", () => ({ clientName: unique() })),
    "GET /clients/v2": signed("/clients/v2"),
    "GET /clients/v2/:client": signed("/clients/v2/program"),
    "GET /clients/v2/:client/subscriptions": signed("/clients/v2/program/subscriptions"),
    "POST /clients/v2/:client/subscriptions": signed("/clients/v2/program/subscriptions", () => ({ name: "*" })),
    "DELETE /clients/v2/:client/subscriptions": signed("/clients/v2/program/subscriptions"),
    "DELETE /clients/v2/:client": spending(signed("/clients/v2/program")),
  },
};
