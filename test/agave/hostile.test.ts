import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { makeAgave } from "../../src/dialects/agave/index.ts";
import { assertAgaveRefusal } from "../permissions/agave/sign-in.ts";
import { ask } from "../permissions/ask.ts";
import { basic } from "./client.ts";
import { aScene, PASSWORD, type Scene } from "./scene.ts";

const LONG = "x".repeat(100_000);
const BODIES = [
  "",
  "{",
  "null",
  "[]",
  '"text"',
  "42",
  "\u0000",
  "{}",
  "[".repeat(20_000),
  '{"__proto__":{"isSuperuser":true},"constructor":1}',
  JSON.stringify(
    Object.fromEntries(
      "id name type storage login queues auth role username permission action path clientName apiName token grant_type urlToIngest email password recursive"
        .split(" ")
        .map(name => [name, { a: [null] }]),
    ),
  ),
  JSON.stringify({
    id: "\ud800",
    name: "a\u0000b",
    type: LONG,
    action: LONG,
    username: "\ud800",
    permission: "\u0000",
    role: "__proto__",
  }),
  "a=%zz&%00=1&type=STORAGE&storage=x",
];
const TYPES = [
  "application/json",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=b",
  "multipart/form-data",
  "x",
];
const PARAMETERS = ["0", "%00", "..%2F..", "%2e%2e", "%ff", "a%2Fb", LONG.slice(0, 1500), "__proto__", "%F0%9F%98%80"];
const QUERIES = [
  "limit=-1",
  "limit=x",
  "offset=99999999999999999999",
  "filter=__proto__,a..b",
  "pretty=x&naked=x",
  "a=%zz",
  "type=__proto__",
];

describe("whatever is sent to the science API", () => {
  let scene: Scene;
  before(async () => {
    scene = await aScene();
  });
  after(() => scene.havre.stop());

  /** Somebody who is nobody special; paths of clients want a password. */
  const headers = (path: string): Record<string, string> => ({
    authorization: path.startsWith("/clients") ? basic("owner", PASSWORD) : (scene.owner.authorization ?? ""),
  });
  const mustStand = async (method: string, path: string, body?: string, type?: string): Promise<void> => {
    const answer = await ask(scene.havre.url, {
      method,
      path,
      headers: { ...headers(path), ...(type ? { "content-type": type } : {}) },
      ...(body === undefined ? {} : { body }),
    });
    const what = `${method} ${path.slice(0, 200)} ${type ?? ""} ${(body ?? "").slice(0, 80)}`;
    assert.ok(
      answer.status < 500 || answer.status === 501 || answer.status === 502,
      `${what}: ${answer.status} ${answer.text.slice(0, 300)}`,
    );
    if (answer.status >= 400 && answer.status !== 501 && !answer.text.startsWith('{"detail"')) assertAgaveRefusal(answer, what);
  };

  const paths = (path: string): string[] =>
    /[:*]/.test(path)
      ? PARAMETERS.map(value => path.replaceAll(/:\w+/g, value).replace("*", `system/${value}//${value}`))
      : [path];

  for (const { method, path } of makeAgave().routes)
    it(`${method} ${path} is answered`, async () => {
      for (const one of paths(path)) await mustStand(method, one);
      const [one = path] = paths(path);
      for (const query of QUERIES) await mustStand(method, `${one}?${query}`);
      if (method === "GET") return;
      // A password is hashed with each call of a client's paths: fewer of them.
      const types = path.startsWith("/clients") ? TYPES.slice(0, 1) : TYPES;
      for (const body of BODIES) for (const type of types) await mustStand(method, one, body, type);
    });
});
