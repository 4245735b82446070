import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, it } from "node:test";
import { type Front, nginxMissing, startFront } from "../engines/nginx.ts";
import { Client } from "../harness/client.ts";
import { type Havre, startHavre } from "../harness/havre.ts";
import { type Bench, openBench } from "../permissions/bench.ts";
import { newSomebody, type Somebody } from "../permissions/scene.ts";

/** Who gets to the pages of the administration, and from where. */
describe("the administration's pages", () => {
  let bench: Bench;
  let staff: Somebody;
  let boss: Somebody;
  let plain: Somebody;
  before(async () => {
    bench = await openBench({ env: { ADMIN_ALLOW: "192.0.2.0/24,2001:db8::/32" } });
    staff = await newSomebody(bench, { isStaff: true });
    boss = await newSomebody(bench, { isSuperuser: true });
    plain = await newSomebody(bench);
  });
  after(() => bench.close());

  const INSIDE = "192.0.2.7";
  const OUTSIDE = "198.51.100.7";
  const page = (path: string, as: Somebody | undefined, from = INSIDE) =>
    bench.ask({
      method: "GET",
      path,
      headers: { "x-forwarded-for": from, accept: "text/html", ...(as ? { cookie: `havre_session=${as.cookie}` } : {}) },
    });
  /** 503: allowed, but the portal is not built here. */
  const SHOWN = [200, 503];

  it("send who is not signed in to sign in, and back", async () => {
    for (const [path, next] of [
      ["/api/admin/", "%2Fapi%2Fadmin%2F"],
      ["/api/admin/people?search=a&after=b", "%2Fapi%2Fadmin%2Fpeople%3Fsearch%3Da%26after%3Db"],
    ] as const) {
      const { status, headers } = await page(path, undefined);
      assert.deepEqual([status, headers.location], [302, `/sign-in?next=${next}`]);
    }
    const { status } = await bench.ask({
      method: "GET",
      path: "/api/admin/",
      headers: { "x-forwarded-for": INSIDE, cookie: "havre_session=nonsense" },
    });
    assert.equal(status, 302);
  });

  it("are for staff and superusers", async () => {
    for (const path of ["/api/admin", "/api/admin/", "/api/admin/people/7", "/api/admin/people/7/"]) {
      for (const as of [staff, boss]) assert.ok(SHOWN.includes((await page(path, as)).status), path);
      assert.equal((await page(path, plain)).status, 403, path);
    }
  });

  it("are also found where the broker had them in development", async () => {
    for (const path of ["/admin", "/admin/"]) {
      const { status, headers } = await page(path, undefined);
      assert.deepEqual([status, headers.location], [302, "/api/admin/"]);
    }
  });

  it("are closed to addresses that are not in the list, signed in or not", async () => {
    for (const as of [undefined, plain, staff, boss]) assert.equal((await page("/api/admin/", as, OUTSIDE)).status, 403);
    assert.ok(SHOWN.includes((await page("/api/admin/", staff, "2001:db8::5")).status));
  });

  const api = (as: Somebody, headers: Record<string, string>, path = "/api/v1/admin/people/") =>
    bench.ask({ method: "GET", path, headers: { authorization: `Token ${as.token}`, ...headers } });

  it("and their API, whatever it is signed in with", async () => {
    for (const as of [staff, boss]) {
      assert.equal((await api(as, { "x-forwarded-for": INSIDE })).status, 200);
      const { status, text } = await api(as, { "x-forwarded-for": OUTSIDE });
      assert.deepEqual([status, JSON.parse(text)], [403, { detail: "The administration is not open to your address." }]);
      assert.equal((await api(as, { "x-forwarded-for": OUTSIDE }, "/api/v1/mails/")).status, 403);
    }
    const act = { method: "POST", path: "/api/v1/admin/people/actions/make-staff/", body: { ids: [plain.person.id] } };
    const headers = { authorization: `Token ${boss.token}`, "x-forwarded-for": OUTSIDE };
    assert.equal((await bench.ask({ ...act, headers })).status, 403);
  });

  it("a client cannot write itself into the list: only what a believed proxy adds counts", async () => {
    for (const chain of [`${INSIDE}, ${OUTSIDE}`, `${INSIDE},${INSIDE}, ${OUTSIDE}`, `${INSIDE}, ${OUTSIDE}, 127.0.0.1`])
      assert.equal((await api(staff, { "x-forwarded-for": chain })).status, 403, chain);
    assert.equal((await api(staff, { "x-forwarded-for": `${OUTSIDE}, ${INSIDE}` })).status, 200);
    for (const header of ["x-real-ip", "forwarded", "x-client-ip", "cf-connecting-ip"])
      assert.equal((await api(staff, { [header]: INSIDE, "x-forwarded-for": OUTSIDE })).status, 403, header);
  });

  it("everything else is open from anywhere", async () => {
    assert.equal((await api(staff, { "x-forwarded-for": OUTSIDE }, "/api/v1/studies/")).status, 200);
    assert.equal((await page("/studies", staff, OUTSIDE)).status === 403, false);
  });
});

describe("without a believed proxy", () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench({ env: { ADMIN_ALLOW: "192.0.2.0/24", TRUSTED_PROXIES: "" } });
  });
  after(() => bench.close());

  it("nobody comes from a listed address by saying so", async () => {
    const staff = await newSomebody(bench, { isStaff: true });
    const headers = { authorization: `Token ${staff.token}`, "x-forwarded-for": "192.0.2.7" };
    assert.equal((await bench.ask({ method: "GET", path: "/api/v1/admin/", headers })).status, 403);
  });
});

/** This machine has all of 127.0.0.0/8: an office in the list, and a place outside of it. */
describe("behind nginx", { skip: nginxMissing() }, () => {
  const [OFFICE, ELSEWHERE] = ["127.0.0.2", "127.0.0.4"];
  let havre: Havre;
  let front: Front;
  let cookie: string;
  before(async () => {
    havre = await startHavre({ command: "serve", env: { ADMIN_ALLOW: `${OFFICE}/32`, TRUSTED_PROXIES: "127.0.0.1/32" } });
    front = await startFront({ havre: havre.port });
    cookie = (await new Client(havre.url).signIn()).headers.cookie ?? "";
  });
  after(async () => {
    await front?.stop();
    await havre?.stop();
  });

  const statusOf = (path: string, from: string, headers: Record<string, string> = {}): Promise<number> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(front.portal);
      const asked = request({ hostname, port, path, localAddress: from, headers: { cookie, ...headers } }, answer => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      asked.on("error", reject).end();
    });

  it("the list is held against who connects to it, and against nothing that they say", async () => {
    assert.equal(await statusOf("/api/v1/admin/people/", OFFICE), 200);
    assert.ok([200, 503].includes(await statusOf("/api/admin/", OFFICE)));
    for (const path of ["/api/admin/", "/api/admin/people/1/", "/api/v1/admin/", "/api/v1/admin/people/1/", "/api/v1/mails/"]) {
      assert.equal(await statusOf(path, ELSEWHERE), 403, path);
      assert.equal(await statusOf(path, ELSEWHERE, { "x-forwarded-for": OFFICE, "x-real-ip": OFFICE }), 403, path);
    }
    assert.equal(await statusOf("/api/v1/studies/", ELSEWHERE), 200);
  });
});
