import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Route } from "../../src/http/route.ts";
import type { Answer, Asked } from "./ask.ts";
import { type Bench, openBench } from "./bench.ts";
import { requestsOf, TUS, VRE } from "./expectations.ts";
import { assertRefusal } from "./refusal.ts";
import type { Question } from "./request.ts";
import { aScene, type Scene } from "./scene.ts";

const { routes } = VRE;
const REQUESTS = requestsOf(VRE);
const keyOf = ({ method, path }: Pick<Route, "method" | "path">): string => `${method} ${path}`;
const PATHS = Map.groupBy(routes, route => route.path);
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"] as const;

const LONG = 100_000;
const BAD_BODIES: readonly string[] = [
  "",
  "{",
  '{"a":1',
  "null",
  "[]",
  "[null]",
  "[[1]]",
  '"text"',
  "42",
  "\u0000",
  "\ufeff{}",
  "{}",
  "[".repeat(20_000),
  `${"[".repeat(20_000)}${"]".repeat(20_000)}`,
  '{"__proto__":{"is_superuser":true},"constructor":1}',
];
const BAD_VALUES: readonly unknown[] = [
  null,
  {},
  [],
  "",
  -1,
  1.5,
  1e308,
  99999999999999,
  true,
  "\u0000",
  "\ud800",
  "../../etc/passwd",
  "x".repeat(LONG),
  [{ a: [] }],
  // Neither becomes a text: one has no way to, the other is too deep for it.
  { toString: 1, valueOf: 1 },
  { deep: 20_000 },
];
/** As JSON, with lists in lists where a value asks for them: too deep for a serialiser. */
const jsonOf = (body: unknown): string =>
  JSON.stringify(body).replace('{"deep":20000}', `${"[".repeat(20_000)}${"]".repeat(20_000)}`);
const JSON_TYPE = { "content-type": "application/json" };
const BAD_PARAMETERS: readonly string[] = [
  "0",
  "-1",
  "1.5",
  "abc",
  "99999999999999999999",
  "999999999999999",
  "..%2F..%2Fetc%2Fpasswd",
  "%2e%2e",
  "%00",
  "%zz",
  "%ff",
  "%F0%9F%92%A9",
  "1'%20or%201=1--",
  "__proto__",
  "a".repeat(5000),
];
const BAD_QUERIES: readonly string[] = [
  "",
  "0",
  "-1",
  "abc",
  "%00",
  "%zz",
  "%ff",
  "99999999999999999999",
  "1e3",
  "%F0%9F%92%A9",
  "_%25'",
];

type Check = (answer: Answer, what: string) => void;

describe("bad input, at every route", () => {
  let bench: Bench;
  let scene: Scene;
  before(async () => {
    bench = await openBench();
    scene = await aScene(bench);
  });
  after(() => bench.close());

  /** The good request of a row, as a superuser sends it. */
  const good = async (key: string): Promise<Question & { headers: Record<string, string> }> => {
    const { superuser: self } = scene.cast;
    const request = REQUESTS[key];
    assert.ok(request, key);
    await request.prepare?.(bench, scene);
    const { bare: _, headers, ...question } = await request.ask({ bench, scene, as: "superuser", self });
    return { ...question, headers: { authorization: `Token ${self.token}`, ...headers } };
  };

  /** Sends all, a few at a time; each answer must be one of the dialect's, whatever it says. */
  const sendAll = async (asked: readonly Asked[], check: Check = () => {}, atOnce = 8): Promise<void> => {
    const waiting = [...asked];
    const work = async (): Promise<void> => {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const answer = await bench.ask(next);
        const body = typeof next.body === "string" ? next.body : JSON.stringify(next.body);
        const what = `${next.method} ${next.path.slice(0, 120)} ${String(body).slice(0, 120)}`;
        assertDialect(answer, next.method, what);
        check(answer, what);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  };

  it("a body of the wrong kind is refused in the dialect's words", async () => {
    const asked: Asked[] = [];
    for (const row of routes.filter(({ method }) => method !== "GET")) {
      const { headers, path } = await good(keyOf(row));
      // Without a body a DELETE is in order, and these could be taken for none.
      const bodies = row.method === "DELETE" ? BAD_BODIES.slice(1, 3) : BAD_BODIES;
      for (const body of bodies)
        asked.push({ method: row.method, path, headers: { "content-type": "application/json", ...headers }, body });
    }
    await sendAll(asked);
  });

  it("broken JSON is 400 and says so", async () => {
    const rows = routes.filter(row => row.body !== undefined);
    for (const row of rows) {
      const { headers, path } = await good(keyOf(row));
      const answer = await bench.ask({
        method: row.method,
        path,
        headers: { "content-type": "application/json", ...headers },
        body: "{",
      });
      assert.equal(answer.status, 400, `${keyOf(row)}: ${answer.text}`);
      assert.match(JSON.parse(answer.text).detail, /^JSON parse error - /, keyOf(row));
    }
  });

  it("a field of the wrong type is refused, or read, and never breaks anything", async () => {
    const asked: Asked[] = [];
    for (const row of routes) {
      const { body, ...rest } = await good(keyOf(row));
      if (body === undefined || Buffer.isBuffer(body)) continue;
      const [item] = Array.isArray(body) ? body : [body];
      for (const field of Object.keys(item))
        for (const value of BAD_VALUES) {
          const bad = { ...item, [field]: value };
          const headers = { ...JSON_TYPE, ...rest.headers };
          asked.push({ method: row.method, ...rest, headers, body: jsonOf(Array.isArray(body) ? [bad] : bad) });
        }
    }
    await sendAll(asked);
  });

  it("a hook's body may be wrong at any depth", async () => {
    const { body, ...rest } = await good("POST /api/v1/dropoffs/webhook/");
    const { Upload } = body as { Upload: Record<string, unknown> };
    const meta = Upload.MetaData as Record<string, unknown>;
    const bodies = [...Object.keys(Upload), "ip", "sha256", "relativePath", "filetype", "drop", ...Object.keys(meta)].flatMap(
      field =>
        BAD_VALUES.map(value => ({
          Upload: field in Upload ? { ...Upload, [field]: value } : { ...Upload, MetaData: { ...meta, [field]: value } },
        })),
    );
    const beside = ["Type", "Event", "done", "error", "error_message", "storage_id"].flatMap(field =>
      BAD_VALUES.map(value => ({ ...(body as object), [field]: value })),
    );
    const stored = BAD_VALUES.map(value => ({ Upload: { ...Upload, Storage: { Type: "filestore", Path: value } } }));
    await sendAll(
      [...bodies, ...beside, ...stored].flatMap(bad =>
        ["pre-create", "post-finish"].map(hook => ({
          method: "POST",
          ...rest,
          headers: { ...JSON_TYPE, ...rest.headers, "hook-name": hook },
          body: jsonOf(bad),
        })),
      ),
    );
  });

  it("a path parameter that names nothing is 404", async () => {
    const asked: Asked[] = [];
    for (const row of routes.filter(({ path }) => path.includes(":"))) {
      const { body, headers, path } = await good(keyOf(row));
      const names = row.path.split("/");
      for (const [index] of [...names.entries()].filter(([, name]) => name.startsWith(":")))
        for (const bad of BAD_PARAMETERS)
          asked.push({ method: row.method, path: path.split("/").with(index, bad).join("/"), headers, body });
    }
    await sendAll(asked, (answer, what) => {
      const expected =
        what.includes("%zz") || what.includes("%ff")
          ? [400, 404]
          : what.startsWith("DELETE /api/auth/users/")
            ? [404, 409, 429]
            : what.startsWith("GET /api/v1/admin/groups/")
              ? [200, 404] // a group may have been called "-1" by now
              : [404];
      assert.ok(expected.includes(answer.status), `${what}: ${answer.status} ${answer.text.slice(0, 200)}`);
    });
  });

  it("a query that makes no sense is refused or ignored", async () => {
    const asked: Asked[] = [];
    for (const row of routes.filter(({ query }) => query !== undefined)) {
      const { headers, path } = await good(keyOf(row));
      for (const name of [...Object.keys(row.query ?? {}), "other"])
        for (const value of BAD_QUERIES)
          asked.push({ method: row.method, headers, path: `${path.split("?")[0]}?${name}=${value}` });
    }
    await sendAll(asked);
  });

  for (const row of routes.filter(({ query }) => query !== undefined && "page" in query))
    it(`${keyOf(row)} has a first and a last page, and nothing before or beyond`, async () => {
      const { headers, path } = await good(keyOf(row));
      const page = (asked: string) => bench.ask({ method: "GET", headers, path: `${path.split("?")[0]}?page=${asked}` });
      for (const none of ["0", "-1", "abc", "999", "999999999999", "1.0", "%00"]) {
        const answer = await page(none);
        assert.deepEqual([answer.status, answer.text], [404, '{"detail":"Invalid page."}'], none);
      }
      for (const some of ["1", "last"]) {
        const { count, next, previous, results } = JSON.parse((await page(some)).text);
        assert.equal(typeof count, "number");
        assert.ok(Array.isArray(results));
        assert.equal(some === "1" ? previous : next, null);
      }
    });

  it("a body that is not JSON is 415, one that is too large is 413", async () => {
    for (const row of routes.filter(({ body }) => body !== undefined)) {
      const { headers, path } = await good(keyOf(row));
      const send = (type: string, body: string) =>
        bench.ask({ method: row.method, path, headers: { ...headers, "content-type": type }, body });
      for (const type of ["text/csv", "multipart/form-data; boundary=x", "application/xml", "nonsense"]) {
        const answer = await send(type, "a,b");
        assertRefusal(answer, `${keyOf(row)} ${type}`);
        assert.equal(answer.status, 415, `${keyOf(row)} ${type}: ${answer.text}`);
        const [plain] = type.split(";");
        assert.equal(JSON.parse(answer.text).detail, `Unsupported media type "${plain}" in request.`);
      }
      const large = await send("application/json", JSON.stringify("x".repeat((1 << 20) - 1)));
      assertRefusal(large, keyOf(row));
      assert.equal(large.status, 413, `${keyOf(row)}: ${large.text}`);
    }
  });

  for (const [path, rows] of PATHS)
    it(`${path} says which methods it has`, async () => {
      const [first] = rows;
      assert.ok(first);
      const { headers, path: real } = await good(keyOf(first));
      const known = rows.map(({ method }) => method as string);
      const allow = [...known, ...(known.includes("GET") ? ["HEAD"] : []), "OPTIONS"].sort();
      for (const method of METHODS.filter(name => !allow.includes(name))) {
        const answer = await bench.ask({ method, path: real, headers });
        const what = `${method} ${path}`;
        // These two have no body to read.
        if (method === "HEAD") assert.equal(answer.text, "", what);
        else assertRefusal(answer, what);
        assert.equal(answer.status, 405, `${what}: ${answer.status} ${answer.text}`);
        assert.deepEqual(String(answer.headers.allow).split(", ").sort(), allow, what);
      }
      const options = await bench.ask({ method: "OPTIONS", path: real, headers });
      assert.deepEqual([options.status, String(options.headers.allow).split(", ").sort()], [204, allow]);
    });

  it("both spellings of a path are one, and HEAD is GET without a body", async () => {
    for (const row of routes.filter(({ method }) => method === "GET")) {
      const { headers, path } = await good(keyOf(row));
      const [plain = "", query] = path.split("?");
      const turned = `${plain.endsWith("/") ? plain.slice(0, -1) : `${plain}/`}${query === undefined ? "" : `?${query}`}`;
      const [one, other, head] = await Promise.all(
        [path, turned, path].map((path, index) => bench.ask({ method: index === 2 ? "HEAD" : "GET", path, headers })),
      );
      assert.equal(other?.status, one?.status, turned);
      assert.equal(head?.status, one?.status, `HEAD ${path}`);
      assert.equal(head?.text, "", `HEAD ${path}`);
    }
    for (const row of routes.filter(({ method }) => method !== "GET")) {
      const { path } = await good(keyOf(row));
      const bad = { method: row.method, body: "{", headers: { "content-type": "application/json", authorization: "Token none" } };
      const [one, other] = [await bench.ask({ ...bad, path }), await bench.ask({ ...bad, path: path.replace(/\/$/, "") })];
      assert.deepEqual([other.status, other.text], [one.status, one.text], keyOf(row));
    }
  });

  it("what is no route at all is 404 in JSON below /api, for every method", async () => {
    const paths = ["/api/", "/api/v1/", "/api/v1/nothing/", "/api/v1/%00", "/api/%zz", `/api/${"a/".repeat(2000)}`];
    const asked = paths.flatMap(path => METHODS.map(method => ({ method, path })));
    await sendAll(asked, (answer, what) => assert.equal(answer.status, 404, what));
  });

  it("an upload that makes no sense is refused with words", async () => {
    const nul = Buffer.from("a\0b").toString("base64");
    const values = [
      ...["filename", "filetype", "relativePath", "sha256", "upload_code", "name"].map(
        key => `upload_code ${Buffer.from(scene.study.code).toString("base64")},${key} ${nul},filename eA==`,
      ),
      "",
      "abc",
      "-1",
      "1.5",
      "99999999999999999999",
      "%00",
      "=",
      "filename =,upload_code",
      `filename ${"A".repeat(10_000)}`,
      "final;/files/x",
    ];
    const names = [
      "tus-resumable",
      "upload-length",
      "upload-metadata",
      "upload-offset",
      "upload-defer-length",
      "upload-concat",
      "upload-checksum",
      "content-type",
      "x-http-method-override",
    ];
    const asked: Asked[] = [];
    for (const key of TUS.slice(1)) {
      const { headers, ...question } = await good(key);
      const [method = ""] = key.split(" ");
      for (const name of names)
        for (const value of values) asked.push({ ...question, method, headers: { ...headers, [name]: value } });
      for (const id of BAD_PARAMETERS)
        asked.push({ ...question, method, headers, path: `/files/${id}${method === "POST" ? "/" : ""}` });
    }
    for (const method of ["GET", "PUT", "TRACE", "PROPFIND"]) asked.push({ method, path: "/files/" });
    // One at a time: a newer request for an upload hangs up the older.
    await sendAll(asked, () => {}, 1);
  });

  it("after all that, the log has no mistake of Havre's own", () => {
    const mistakes = bench.havre.log.filter(line => line.includes('"unexpected"') || /"level":(50|60)/.test(line));
    assert.deepEqual(mistakes, []);
  });
});

/** A success is one, and a refusal is the dialect's; a HEAD has no words. */
function assertDialect(answer: Answer, method: string, what: string): void {
  if (answer.status < 400) return;
  if (method === "HEAD") assert.ok(answer.status < 500 && answer.text === "", `${what}: ${answer.status}`);
  else assertRefusal(answer, what);
}
