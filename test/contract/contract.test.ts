import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Answer, Asked } from "../permissions/ask.ts";
import { type Bench, openBench } from "../permissions/bench.ts";
import { linesOf, requestsOf, VRE } from "../permissions/expectations.ts";
import { ACTORS, type ActorName, aScene, type Scene } from "../permissions/scene.ts";
import { nameOf, OPERATIONS, type Operation, servingRow } from "./operations.ts";
import { amiss } from "./shapes.ts";

const REQUESTS = requestsOf(VRE);
const LINES = linesOf(VRE);
const REFUSED = { detail: "You do not have permission to perform this action." };
const ABSENT = { detail: "Not found." };
const REQUIRED = ["This field is required."];

/** Whom the table of permissions lets do it; the owner of the scene's study where that is one. */
function doerOf(key: string): ActorName {
  const line = LINES.find(line => line.key === key);
  const wanted = ["owner", "member", ...ACTORS].find(as => (line?.expected[as as ActorName] ?? 999) < 300);
  assert.ok(line && wanted, `${key} is done by nobody`);
  return wanted as ActorName;
}

describe("the broker's documented operations", () => {
  it("are 59", () => {
    assert.equal(OPERATIONS.length, 59);
    assert.equal(new Set(OPERATIONS.map(nameOf)).size, 59);
  });

  it("are each served by a row", () => {
    const served = OPERATIONS.filter(operation => servingRow(operation, VRE.routes));
    assert.deepEqual(served.map(nameOf), OPERATIONS.map(nameOf));
  });

  let bench: Bench;
  before(async () => {
    bench = await openBench();
  });
  after(() => bench?.close());

  for (const operation of OPERATIONS)
    describe(`${nameOf(operation)} (§${operation.section})`, () => judge(operation, () => bench));
});

function judge(operation: Operation, bench: () => Bench): void {
  const { method, path, auth, status, reply, required } = operation;
  const row = servingRow(operation, VRE.routes);
  assert.ok(row);
  const key = `${method} ${row.path}`;
  const as = doerOf(key);
  let scene: Scene;
  before(async () => {
    scene = await aScene(bench());
  });

  const good = async (spelling: (path: string) => string = one => one, inScene = scene): Promise<Asked> => {
    const self = as === "nobody" ? undefined : inScene.cast[as];
    const question = await REQUESTS[key]?.ask({ bench: bench(), scene: inScene, as, self });
    assert.ok(question);
    const { bare, headers, ...asked } = question;
    const token = self && !bare ? VRE.credentials(self) : {};
    return { ...asked, method, path: spelling(asked.path), headers: { ...token, ...headers } };
  };
  const askGood = async (change: (asked: Asked) => Partial<Asked> = () => ({})): Promise<Answer> => {
    const asked = await good();
    return bench().ask({ ...asked, ...change(asked) });
  };
  const assertGood = (answer: Answer): void => {
    assert.equal(answer.status, status, answer.text);
    if (reply === undefined) {
      assert.equal(answer.text, "");
      return;
    }
    assert.match(answer.headers["content-type"] ?? "", /^application\/json\b/);
    assert.equal(amiss(reply, JSON.parse(answer.text)), undefined, answer.text);
  };

  it(`answers ${status}${reply ? ` with ${reply}` : " and nothing"}, with and without the last slash`, async () => {
    const bare = (one: string): string => one.replace(/\/(?=\?|$)/, "");
    assertGood(await bench().ask(await good(bare, await aScene(bench()))));
    assertGood(await bench().ask(await good(one => one, await aScene(bench()))));
  });

  if (auth === "user")
    it("answers nobody 401, and says how to sign in", async () => {
      const answer = await askGood(() => ({ headers: {} }));
      assert.deepEqual(
        [answer.status, answer.headers["www-authenticate"], JSON.parse(answer.text)],
        [401, "Hawk", { detail: "Authentication credentials were not provided." }],
      );
    });

  if (required) {
    it(`names what is missing: ${required.join(", ")}`, async () => {
      const answer = await askGood(() => ({ body: {} }));
      assert.deepEqual(
        [answer.status, JSON.parse(answer.text)],
        [400, Object.fromEntries(required.map(name => [name, REQUIRED]))],
      );
    });

    it("refuses a body that is no object, no JSON, or of another type", async () => {
      const sent = async (body: string, type = "application/json") => {
        const answer = await askGood(({ headers }) => ({ body, headers: { ...headers, "content-type": type } }));
        return [answer.status, JSON.parse(answer.text)];
      };
      const notObject = (what: string) => ({ non_field_errors: [`Invalid data. Expected a dictionary, but got ${what}.`] });
      assert.deepEqual(await sent("[]"), [400, notObject("list")]);
      assert.deepEqual(await sent('"x"'), [400, notObject("str")]);
      assert.deepEqual(await sent("x", "text/csv"), [415, { detail: 'Unsupported media type "text/csv" in request.' }]);
      const [brokenStatus, broken] = await sent("{");
      assert.equal(brokenStatus, 400);
      assert.match(broken.detail, /^JSON parse error - ./);
    });
  }

  if (reply?.startsWith("page of "))
    it("is a page: the last one by that word, none before the first or after the last", async () => {
      const page = (wanted: string) => askGood(asked => ({ path: `${asked.path.split("?")[0]}?x=%2F&page=${wanted}` }));
      assertGood(await page("last"));
      assertGood(await page("1"));
      for (const wanted of ["0", "-1", "99999", "x", ""]) {
        const answer = await page(wanted);
        assert.deepEqual([answer.status, JSON.parse(answer.text)], [404, { detail: "Invalid page." }], wanted);
      }
    });

  if (reply?.startsWith("list of ") && method === "GET")
    it("is a plain list, whatever page is asked for", async () =>
      assertGood(await askGood(({ path }) => ({ path: `${path}?page=7` }))));

  if (path.includes("{"))
    it("answers as if nothing were there for ids of nothing", async () => {
      const at = path.split("/").findIndex(part => part.startsWith("{"));
      for (const id of ["999999", "0", "-1", "x", "1.5", "99999999999999999999", "%00"]) {
        const answer = await askGood(asked => ({
          path: asked.path
            .split("/")
            .with(at + 1, id)
            .join("/"),
        }));
        // An account is not even looked up for who may not remove it.
        const isForbidden = key === "DELETE /api/auth/users/:id/" && answer.status === 403;
        assert.deepEqual(JSON.parse(answer.text), isForbidden ? REFUSED : ABSENT, `${id}: ${answer.status} ${answer.text}`);
        assert.equal(answer.status, isForbidden ? 403 : 404, id);
      }
    });

  it("says 405 and what is allowed for every other method", async () => {
    const allowed = new Set(VRE.routes.filter(one => one.path === row.path).map(one => one.method));
    const others = (["GET", "POST", "PUT", "PATCH", "DELETE"] as const).filter(one => !allowed.has(one));
    for (const other of others) {
      const answer = await askGood(() => ({ method: other }));
      const detail = `Method "${other}" not allowed.`;
      assert.deepEqual([answer.status, JSON.parse(answer.text)], [405, { detail }]);
      assert.deepEqual(
        new Set(answer.headers.allow?.split(", ")),
        new Set([...allowed, ...(allowed.has("GET") ? ["HEAD"] : []), "OPTIONS"]),
      );
    }
  });
}
