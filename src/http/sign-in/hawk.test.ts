import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import hawk, { type Credentials } from "hawk";
import { ensureAccounts, setActive, showHawkPair, tokensOf } from "../../core/people/index.ts";
import { actorOf, type Person, SYSTEM } from "../../core/people/model.ts";
import { aPerson, type PeopleBench, peopleBench } from "../../core/people/people.fixture.ts";
import { SECOND } from "../../kernel/clock.ts";
import type { SignedIn } from "../dialect.ts";
import { signInByHawk } from "./hawk.ts";

const VECTOR = { key: "dDl6UmRt", secret: "ExfcR524851PxBmbNzvR7quoHwzSSJ1A" };
const VECTOR_TS = 1353832234;
const FAILED = "Hawk authentication failed";
const MALFORMED = `${FAILED}: The request header was malformed`;

interface Sent {
  readonly method?: string;
  readonly url?: string;
  readonly origin?: string;
  readonly type?: string;
  readonly body?: string;
}

describe("Hawk, the server's side", () => {
  let bench: PeopleBench;
  let person: Person;
  let credentials: Credentials & { id: string };
  let ts: number;

  before(async () => {
    bench = await peopleBench();
    person = await aPerson(bench.world);
    const pair = await showHawkPair(bench.world, SYSTEM, person.id);
    assert.ok(pair);
    credentials = { id: pair.key, key: pair.secret, algorithm: "sha256" };
  });
  after(() => bench.close());

  const receive = (
    header: string,
    { method = "GET", url = "/api/v1/studies/", origin = "http://localhost:1337", type, body = "" }: Sent = {},
  ) =>
    signInByHawk(bench.world, {
      method,
      url,
      origin,
      headers: { authorization: header, ...(type === undefined ? {} : { "content-type": type }) },
      rawBody: Buffer.from(body),
    });
  const now = (): number => Math.floor(bench.world.clock.now().getTime() / SECOND);
  /** As npm `hawk` sends it. */
  const signed = (sent: Sent, more: Partial<Parameters<typeof hawk.client.header>[2]> = {}) =>
    hawk.client.header(`${sent.origin ?? "http://localhost:1337"}${sent.url ?? "/api/v1/studies/"}`, sent.method ?? "GET", {
      credentials,
      timestamp: now(),
      ...more,
    });
  const refused = (act: Promise<SignedIn>, message = FAILED) => assert.rejects(act, { kind: "unauthenticated", message });

  it("agrees with the contract's vectors: a signed body, its signed reply, a GET over https", async () => {
    ts = VECTOR_TS;
    await ensureAccounts(bench.world, [{ username: "hook", email: "", hawk: VECTOR }]);
    const then = { ...bench.world, clock: { now: () => new Date(ts * SECOND) } };
    const at = (header: string, method: string, url: string, origin: string, body: string) =>
      signInByHawk(then, {
        method,
        url,
        origin,
        headers: { authorization: header, "content-type": "application/json" },
        rawBody: Buffer.from(body),
      });
    const post = await at(
      `Hawk mac="1aC7YMlOZENnnOArvmTQ5CJdPQ/Izt00KwYjOJY8xe8=", hash="Txq/8332+K8xA3ZxWB9CJYMYjO5XUJS4CcblzCFdNLk=", id="dDl6UmRt", ts="${ts}", nonce="j4h3g2"`,
      "POST",
      "/api/v1/dropoffs/webhook/",
      "http://broker.example.org:1337",
      '{"Upload":{"ID":"","Size":5}}',
    );
    assert.deepEqual(post.signReply?.(Buffer.from('{"storages":[]}'), "application/json"), {
      "server-authorization":
        'Hawk mac="xdyBaH8qfsvnhF+bIZASdEOLFSydTkvc3VIvrKm4u0w=", hash="1AuIJoItLRpmqPgpgXG9TUduAljqkdBn43v7c5ngL3g="',
    });
    await bench.world.store.db.deleteFrom("nonce").execute();
    const get = `Hawk id="dDl6UmRt", ts="${ts}", nonce="j4h3g2", mac="ar+86YXhRuDc2V7XOCAhWD17WRL+zrtN0LjD/gxMdjE="`;
    assert.equal((await at(get, "GET", "/api/v1/studies/?page=2", "https://broker.example.org", "")).actor.kind, "person");
    ts += 10_000;
    await assert.rejects(at(get, "GET", "/api/v1/studies/?page=2", "https://broker.example.org", ""), {
      message: FAILED, // the very same request again
    });
  });

  it("knows whose token signed, and notes its use", async () => {
    const { header } = signed({});
    const { actor } = await receive(header);
    assert.deepEqual(actor, actorOf(person));
    assert.deepEqual((await tokensOf(bench.world, person.id))[0]?.lastUsedAt, bench.world.clock.now());
  });

  it("signs replies so that npm hawk believes them: with a body, empty, and with ext, app and dlg in the request", async () => {
    for (const more of [{}, { ext: "some data" }, { app: "an-app", dlg: "a-delegate" }])
      for (const payload of ['{"a":"é"}', ""]) {
        const { header, artifacts } = signed({}, more);
        const { signReply } = await receive(header);
        const type = payload === "" ? "" : "application/json";
        const headers = { "content-type": type, ...signReply?.(Buffer.from(payload), type) };
        hawk.client.authenticate({ headers }, credentials, artifacts, { payload, required: true });
        if (payload !== "")
          assert.throws(() => hawk.client.authenticate({ headers }, credentials, artifacts, { payload: "{}", required: true }));
      }
  });

  it("signs the reply to a HEAD as the client gets it, without its body", async () => {
    const { header, artifacts } = signed({ method: "HEAD" });
    const { signReply } = await receive(header, { method: "HEAD" });
    const type = "application/json";
    const headers = { "content-type": type, ...signReply?.(Buffer.from("{}"), type) };
    hawk.client.authenticate({ headers }, credentials, artifacts, { payload: "", required: true });
  });

  it("takes a body that is hashed, whatever the spelling of its type", async () => {
    const sent = { method: "POST", type: "Application/JSON; charset=utf-8", body: '{"name":"é"}' };
    await receive(signed(sent, { payload: sent.body, contentType: sent.type }).header, sent);
    await receive(signed(sent, { payload: sent.body, contentType: "application/json" }).header, sent);
  });

  it("refuses a body that is not hashed, was changed, or has another type than the one sent", async () => {
    const sent = { method: "POST", type: "application/json", body: '{"a":1}' };
    await refused(receive(signed(sent).header, sent));
    await refused(receive(signed(sent, { payload: '{"a":2}', contentType: sent.type }).header, sent));
    await refused(receive(signed(sent, { payload: sent.body, contentType: "text/plain" }).header, sent));
    await refused(receive(signed(sent, { payload: sent.body, contentType: "" }).header, sent));
  });

  it("needs no hash for an empty body, and takes one over the sent type, none or text/plain", async () => {
    const type = "application/json";
    await receive(signed({}).header);
    await receive(signed({}).header, { type });
    for (const contentType of [type, "", "text/plain"]) await receive(signed({}, { payload: "", contentType }).header, { type });
    await refused(receive(signed({}, { payload: "", contentType: "text/html" }).header, { type }));
  });

  it("binds a request to its method, path, query, host and port", async () => {
    const { header } = signed({ url: "/api/v1/studies/?page=2" });
    for (const other of [
      { url: "/api/v1/studies/?page=3" },
      { url: "/api/v1/studies/" },
      { url: "/api/v1/studies/?page=2", method: "DELETE" },
      { url: "/api/v1/studies/?page=2", origin: "http://other:1337" },
      { url: "/api/v1/studies/?page=2", origin: "http://localhost" },
      { url: "/api/v1/studies/?page=2", origin: "https://localhost" },
    ])
      await refused(receive(header, other));
    await receive(header, { url: "/api/v1/studies/?page=2" });
  });

  it("takes host and port as the client wrote them: case, default ports, IPv6", async () => {
    for (const origin of [
      "http://Broker.Example.org",
      "https://broker.example.org",
      "http://broker.example.org:80",
      "http://[::1]:1337",
    ]) {
      const { header } = signed({ origin });
      assert.equal((await receive(header, { origin })).actor.kind, "person", origin);
    }
  });

  it("refuses the same request twice, also when both come at once, through any process", async () => {
    const { header } = signed({});
    const results = await Promise.allSettled([receive(header), receive(header), receive(header)]);
    assert.equal(results.filter(result => result.status === "fulfilled").length, 1);
  });

  it("refuses a clock more than a minute off, tells its own time, and says so only to a holder of the secret", async () => {
    for (const off of [-61, 61]) {
      const { header, artifacts } = signed({}, { timestamp: now() + off });
      const error = await receive(header).then(
        () => assert.fail("signed in"),
        caught => caught,
      );
      assert.equal(error.message, `${FAILED}: The token has expired. Is your system clock correct?`);
      const headers = { "www-authenticate": error.detail.authenticate };
      hawk.client.authenticate({ headers }, credentials, artifacts);
      assert.match(error.detail.authenticate, new RegExp(`^Hawk ts="${now()}", tsm="[^"]+", error="Stale timestamp"$`));
    }
    for (const off of [-60, 60]) await receive(signed({}, { timestamp: now() + off }).header);
    await refused(receive(signed({}, { timestamp: 1, credentials: { ...credentials, key: "another secret" } }).header));
  });

  it("says the same of an unknown key and of a wrong secret", async () => {
    await refused(receive(signed({}, { credentials: { ...credentials, id: "unknown1" } }).header));
    await refused(receive(signed({}, { credentials: { ...credentials, key: "another secret" } }).header));
  });

  it("calls a header malformed that lacks an attribute, has one twice or an unknown one, a backslash, or is too long", async () => {
    const good = signed({}).header;
    for (const bad of [
      "Hawk",
      "Hawk id",
      'Hawk id="x"',
      good.replace(/id="[^"]*", /, ""),
      good.replace(/ts="[^"]*"/, 'ts="soon"'),
      `${good}, id="again"`,
      `${good}, color="blue"`,
      good.replace('nonce="', 'nonce="\\\\'),
      `${good}, ext="${"x".repeat(4096)}"`,
    ])
      await refused(receive(bad), MALFORMED);
    await receive(good);
  });

  it("refuses an inactive person", async () => {
    const gone = await aPerson(bench.world);
    const pair = await showHawkPair(bench.world, SYSTEM, gone.id);
    await setActive(bench.world, SYSTEM, gone.username, false);
    await refused(
      receive(signed({}, { credentials: { id: pair?.key ?? "", key: pair?.secret ?? "", algorithm: "sha256" } }).header),
    );
  });
});
