import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Person } from "../../core/people/model.ts";
import { newIdentity } from "../../kernel/age/index.ts";
import { type StudiesServer, studiesServer } from "./studies.fixture.ts";

const NOT_FOUND = { status: 404, body: { detail: "Not found." } };
const FORBIDDEN = { status: 403, body: { detail: "You do not have permission to perform this action." } };
const STUDIES = "/api/v1/studies/";

describe("studies on the wire", () => {
  let server: StudiesServer;
  let owner: Person;
  let administrator: Person;
  let researcher: Person;
  let member: Person;
  let stranger: Person;
  let superuser: Person;
  before(async () => {
    server = await studiesServer();
    owner = await server.person({ firstName: "Olga", lastName: "Owner" });
    [administrator, researcher, member, stranger, superuser] = [
      await server.person(),
      await server.person(),
      await server.person(),
      await server.person(),
      await server.person({ isSuperuser: true }),
    ];
  });
  after(() => server.close());

  const write = (more: object = {}) => ({ code: "C-1", name: "Sleep", human_subject: true, field: server.field, ...more });
  const aStudy = (wanted = {}) => server.study(owner, wanted, { administrator, researcher, member });
  const get = (as: Person | undefined, url: string) => server.call(as, "GET", url);
  /** A drop as an upload would leave it; "blob" keeps bytes. */
  const aDrop = async (study: number, status: string, sizeBytes: number, blob?: string): Promise<void> => {
    const id = crypto.randomUUID();
    await server.world.store.db
      .insertInto("drop")
      .values({
        public_id: id,
        study_id: study,
        invitation_id: null,
        original_filename: "scan.csv",
        size_bytes: sizeBytes,
        status,
        blob_key: blob ?? null,
        receipt_hash: id,
        receipt_sealed: Buffer.of(0),
      })
      .execute();
  };

  it("POST answers 200 with the whole study, the caller its owner and administrator", async () => {
    const { status, body } = await server.call(
      owner,
      "POST",
      STUDIES,
      write({ contributors: [researcher.id, researcher.id, owner.id] }),
    );
    assert.equal(status, 200);
    assert.match(body.upload_uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.match(body.project_uuid, /^[0-9a-f]{32}$/);
    assert.match(body.upload_code, /^[A-Z2-9]{12}$/);
    const { id, project_uuid: _, upload_uuid, upload_code, created_at, updated_at, contributors, ...rest } = body;
    const { owner: shown, ...plain } = rest;
    assert.deepEqual(
      contributors.map((one: { role: string; active: boolean; researcher: { id: number } }) => [
        one.role,
        one.active,
        one.researcher.id,
      ]),
      [
        ["ADMINISTRATOR", true, owner.id],
        ["RESEARCHER", true, researcher.id],
      ],
    );
    assert.deepEqual([shown.id, shown.first_name, shown.university], [owner.id, "Olga", null]);
    assert.deepEqual(plain, {
      code: "C-1",
      name: "Sleep",
      description: "",
      human_subject: true,
      field: { id: server.field, name: "History", faculty: rest.field.faculty },
      web_upload_url: `http://localhost:1337/dropoffs/${upload_uuid}/`,
      api_upload_url: `http://localhost:1337/files/${upload_uuid}/`,
      has_storage: false,
      total_files: 0,
      total_file_size: 0,
      total_invitations: 0,
      is_open: true,
      recipients: [],
      role: "ADMINISTRATOR",
    });
    assert.ok(id > 0 && created_at && updated_at);
    assert.deepEqual(await server.events("study", id), ["study.created"]);
  });

  it("POST names every wrong field in the words that clients know", async () => {
    const post = async (body: unknown) => server.call(owner, "POST", STUDIES, body);
    const required = ["This field is required."];
    assert.deepEqual(await post({}), {
      status: 400,
      body: { code: required, name: required, human_subject: required, field: required },
    });
    const cases: [object, object][] = [
      [{ name: "x".repeat(201) }, { name: ["Ensure this field has no more than 200 characters."] }],
      [{ code: "x".repeat(51) }, { code: ["Ensure this field has no more than 50 characters."] }],
      [{ name: " " }, { name: ["This field may not be blank."] }],
      [{ name: null }, { name: ["This field may not be null."] }],
      [{ human_subject: "perhaps" }, { human_subject: ["Must be a valid boolean."] }],
      [{ field: 99999 }, { field: ['Invalid pk "99999" - object does not exist.'] }],
      [{ field: "abc" }, { field: ["Incorrect type. Expected pk value, received str."] }],
      [{ contributors: "x" }, { contributors: ['Expected a list of items but got type "str".'] }],
      [{ contributors: 7 }, { contributors: ['Expected a list of items but got type "int".'] }],
      [{ contributors: [99999] }, { contributors: ['Invalid pk "99999" - object does not exist.'] }],
      [{ name: "a\r\nBcc: b@c.nl" }, { name: ["This field may not contain line breaks or other control characters."] }],
    ];
    for (const [wrong, words] of cases)
      assert.deepEqual(await post(write(wrong)), { status: 400, body: words }, JSON.stringify(wrong));
    for (const [wrong, type] of [
      [[], "list"],
      ["x", "str"],
      [3, "int"],
      [1.5, "float"],
      [true, "bool"],
    ])
      assert.deepEqual((await post(wrong)).body, {
        non_field_errors: [`Invalid data. Expected a dictionary, but got ${type}.`],
      });
  });

  it("what a client may not set is ignored", async () => {
    const { body } = await server.call(
      owner,
      "POST",
      STUDIES,
      write({ id: 1, owner: stranger.id, upload_code: "MINE", total_files: 9 }),
    );
    assert.deepEqual([body.owner.id, body.total_files], [owner.id, 0]);
    assert.notEqual(body.upload_code, "MINE");
  });

  it("is there for its people and superusers; for anybody else it does not exist", async () => {
    const { id } = await aStudy();
    assert.equal((await get(undefined, `${STUDIES}${id}/`)).status, 401);
    assert.deepEqual(await get(stranger, `${STUDIES}${id}/`), NOT_FOUND);
    const roles = [
      [owner, "ADMINISTRATOR"],
      [administrator, "ADMINISTRATOR"],
      [researcher, "RESEARCHER"],
      [member, "MEMBER"],
      [superuser, "ADMINISTRATOR"],
    ] as const;
    for (const [person, role] of roles) {
      const { status, body } = await get(person, `${STUDIES}${id}/`);
      assert.deepEqual([status, body.role, "upload_code" in body], [200, role, role === "ADMINISTRATOR"], role);
    }
    for (const url of [`${STUDIES}999999/`, `${STUDIES}x/`, `${STUDIES}0/`])
      assert.deepEqual(await get(superuser, url), NOT_FOUND);
    const list = async (as: Person) =>
      (await get(as, `${STUDIES}?page_size=1000`)).body.results.map((one: { id: number }) => one.id);
    assert.deepEqual((await list(stranger)).includes(id), false);
    for (const person of [owner, member, superuser]) assert.equal((await list(person))[0], id);
  });

  it("a role that was switched off or has expired shows nothing", async () => {
    const { id } = await aStudy();
    const url = `${STUDIES}${id}/contributors/`;
    const people = [
      { researcher_id: owner.id, role: "ADMINISTRATOR" },
      { researcher_id: member.id, active: false },
    ];
    const { body } = await server.call(owner, "POST", url, people);
    assert.deepEqual(
      body.map((one: { active: boolean }) => one.active),
      [true, false],
    );
    assert.deepEqual(await get(member, `${STUDIES}${id}/`), NOT_FOUND);
    await server.call(owner, "POST", url, [people[0], { researcher_id: member.id, active: true }]);
    assert.equal((await get(member, `${STUDIES}${id}/`)).status, 200);
    await server.world.store.db
      .updateTable("permission")
      .set({ expires_at: new Date(0) })
      .where("object_id", "=", id)
      .where("person_id", "=", member.id)
      .execute();
    assert.deepEqual(await get(member, `${STUDIES}${id}/`), NOT_FOUND);
    assert.equal(
      (await get(member, STUDIES)).body.results.some((one: { id: number }) => one.id === id),
      false,
    );
    assert.equal((await get(owner, `${STUDIES}${id}/`)).body.contributors[1].active, false);
  });

  it("PUT is for the owner and administrators, and PATCH for nobody", async () => {
    const { id } = await aStudy();
    const put = (as: Person, more = {}) => server.call(as, "PUT", `${STUDIES}${id}/`, write({ human_subject: false, ...more }));
    for (const person of [researcher, member]) assert.deepEqual(await put(person), FORBIDDEN);
    assert.deepEqual(await put(stranger), NOT_FOUND);
    const { status, body } = await put(administrator, { name: "Dreams", is_open: false });
    assert.deepEqual([status, body.name, body.is_open, body.contributors.length], [200, "Dreams", false, 4]);
    assert.equal((await put(superuser)).body.is_open, false);
    const patch = await server.call(owner, "PATCH", `${STUDIES}${id}/`, {});
    assert.deepEqual(patch, { status: 405, body: { detail: 'Method "PATCH" not allowed.' } });
    const events = await server.world.store.db
      .selectFrom("event")
      .select("data")
      .where("verb", "=", "study.changed")
      .where("object_id", "=", String(id))
      .orderBy("id")
      .execute();
    const changes = events.map(event => event.data.changes as Record<string, unknown>);
    assert.deepEqual(Object.keys(changes[0] ?? {}), ["code", "name", "isOpen"]);
    assert.deepEqual([changes[0]?.isOpen, changes[1]], [[true, false], { name: ["Dreams", "Sleep"] }]);
  });

  it("what a PUT leaves out stays as it is", async () => {
    const { id } = await aStudy();
    const put = (more: object) => server.call(owner, "PUT", `${STUDIES}${id}/`, write({ human_subject: false, ...more }));
    assert.equal((await put({ description: "Who sleeps when" })).body.description, "Who sleeps when");
    const { body } = await put({});
    assert.deepEqual([body.description, body.is_open, body.contributors.length], ["Who sleeps when", true, 4]);
    assert.equal((await put({ description: "" })).body.description, "");
  });

  it("contributors in a PUT replace the list: newcomers as researchers, the others with their roles, the owner always", async () => {
    const { id } = await aStudy();
    const { body } = await server.call(owner, "PUT", `${STUDIES}${id}/`, write({ contributors: [member.id, stranger.id] }));
    const roles = body.contributors.map((one: { role: string; researcher: { id: number } }) => [one.role, one.researcher.id]);
    assert.deepEqual(roles, [
      ["ADMINISTRATOR", owner.id],
      ["MEMBER", member.id],
      ["RESEARCHER", stranger.id],
    ]);
    assert.deepEqual(await server.events("contributor", stranger.id), ["contributor.added"]);
    assert.equal((await server.events("contributor", researcher.id)).at(-1), "contributor.removed");
  });

  it("an administrator may leave by a PUT, and then no longer sees the study", async () => {
    const { id } = await aStudy();
    const { status, body } = await server.call(administrator, "PUT", `${STUDIES}${id}/`, write({ contributors: [] }));
    assert.deepEqual([status, body.contributors.length, body.role, "upload_code" in body], [200, 1, "MEMBER", false]);
    assert.deepEqual(await get(administrator, `${STUDIES}${id}/`), NOT_FOUND);
  });

  it("the list of contributors is replaced whole, by administrators", async () => {
    const { id } = await aStudy();
    const url = `${STUDIES}${id}/contributors/`;
    const post = (as: Person | undefined, body: unknown) => server.call(as, "POST", url, body);
    const me = { researcher_id: owner.id, role: "ADMINISTRATOR" };
    for (const person of [researcher, member]) assert.deepEqual(await post(person, [me]), FORBIDDEN);
    assert.deepEqual(await post(stranger, [me]), NOT_FOUND);
    assert.equal((await post(undefined, [me])).status, 401);
    const { status, body } = await post(administrator, [me, { researcher_id: stranger.id }]);
    assert.deepEqual([status, body.length, body[1].role, body[1].researcher.id], [200, 2, "MEMBER", stranger.id]);
    assert.equal((await get(administrator, url)).status, 404);
    const page = (await get(owner, `${url}?page_size=1&page=2`)).body;
    assert.deepEqual(
      [page.count, page.results[0].researcher.id, page.previous.endsWith(`${url}?page_size=1`)],
      [2, stranger.id, true],
    );
  });

  it("a list without the owner, without an administrator, with doubles or unknowns is refused and changes nothing", async () => {
    const { id } = await aStudy();
    const url = `${STUDIES}${id}/contributors/`;
    const me = { researcher_id: owner.id, role: "ADMINISTRATOR" };
    const gone = await server.person({ isActive: false });
    const words = (text: string) => ({ non_field_errors: [text] });
    const cases: [unknown, unknown][] = [
      [[], words("At least one contributor must have the role ADMINISTRATOR.")],
      [
        [{ researcher_id: member.id, role: "ADMINISTRATOR" }],
        words("The owner of the study must stay in the list, with the role ADMINISTRATOR."),
      ],
      [[me, { researcher_id: member.id }, { researcher_id: member.id }], words("Each researcher may be listed only once.")],
      [
        [me, { researcher_id: 99999 }],
        [{}, { researcher_id: ['Invalid pk "99999" - object does not exist.'] }],
      ],
      [
        [me, { researcher_id: gone.id }],
        [{}, { researcher_id: [`Invalid pk "${gone.id}" - object does not exist.`] }],
      ],
      [
        [me, { role: "BOSS" }],
        [{}, { researcher_id: ["This field is required."], role: ['"BOSS" is not a valid choice.'] }],
      ],
      [{}, words('Expected a list of items but got type "dict".')],
    ];
    for (const [list, body] of cases) assert.deepEqual(await server.call(owner, "POST", url, list), { status: 400, body });
    assert.equal((await get(owner, url)).body.count, 4);
  });

  it("roles are a plain list", async () => {
    const roles = [
      { id: "ADMINISTRATOR", name: "Administrator" },
      { id: "RESEARCHER", name: "Researcher" },
      { id: "MEMBER", name: "Member" },
    ];
    assert.deepEqual(await get(stranger, `${STUDIES}roles/`), { status: 200, body: roles });
  });

  it("totals count drops, bytes and invitations apart from one another", async () => {
    const study = await aStudy();
    for (const sizeBytes of [5, 7, 2 ** 40]) await aDrop(study.id, "DONE", sizeBytes);
    for (const name of ["a", "b"])
      await server.call(owner, "POST", "/api/v1/invitations/", { study: study.id, name, email: "a@example.org" });
    const { body } = await get(member, `${STUDIES}${study.id}/`);
    assert.deepEqual([body.total_files, body.total_file_size, body.total_invitations], [3, 2 ** 40 + 12, 2]);
  });

  it("search finds parts of names and codes, and takes no wildcards", async () => {
    const seeker = await server.person();
    await server.study(seeker, { code: "ZX-100%", name: "Sleep of bats" });
    await server.study(seeker, { code: "ZX-200", name: "Sleep of cats" });
    const found = async (text: string) =>
      (await get(seeker, `${STUDIES}?search=${encodeURIComponent(text)}`)).body.results.map((one: { code: string }) => one.code);
    assert.deepEqual(await found("sleep of"), ["ZX-200", "ZX-100%"]);
    assert.deepEqual(await found("BATS"), ["ZX-100%"]);
    assert.deepEqual(await found("0%"), ["ZX-100%"]);
    for (const text of ["_", "\\", "' or 1=1 --", "zzz"]) assert.deepEqual(await found(text), [], text);
    const { body } = await get(seeker, `${STUDIES}?search=sleep&page_size=1`);
    assert.deepEqual([body.count, body.next], [2, "http://localhost:1337/api/v1/studies/?search=sleep&page_size=1&page=2"]);
    const last = await get(seeker, `${STUDIES}?page=last&page_size=1`);
    assert.deepEqual([last.body.results[0].code, last.body.next], ["ZX-100%", null]);
    assert.deepEqual(await get(seeker, `${STUDIES}?page=3&page_size=1`), { status: 404, body: { detail: "Invalid page." } });
  });

  it("recipients are age public keys; a private key is refused loudly and is stored nowhere", async () => {
    const { id } = await aStudy({ human_subject: false });
    const { identity, recipient } = newIdentity();
    const put = (recipients: unknown) =>
      server.call(owner, "PUT", `${STUDIES}${id}/`, write({ human_subject: false, recipients }));
    assert.deepEqual((await put([recipient, recipient])).body.recipients, [recipient]);
    const refused = await put([identity]);
    assert.equal(refused.status, 400);
    assert.match(refused.body.recipients[0], /^STOP: this is a PRIVATE key/);
    assert.equal((await put(["nonsense"])).status, 400);
    assert.deepEqual((await get(owner, `${STUDIES}${id}/`)).body.recipients, [recipient]);
    const events = await server.world.store.db.selectFrom("event").select("data").execute();
    assert.ok(!JSON.stringify(events).includes("AGE-SECRET"));
  });

  it("DELETE is for the owner, waits for undelivered files in words, and then takes everything along", async () => {
    const { id } = await aStudy();
    const url = `${STUDIES}${id}/`;
    const remove = (as: Person) => server.call(as, "DELETE", url);
    for (const person of [administrator, researcher, member]) assert.deepEqual(await remove(person), FORBIDDEN);
    assert.deepEqual(await remove(stranger), NOT_FOUND);
    await aDrop(id, "MOVING", 1, "blob");
    await aDrop(id, "ERROR", 1, "blob2");
    const { status, body } = await remove(owner);
    assert.equal(status, 409);
    assert.match(body.detail, /^2 files of this study are not delivered everywhere yet.*remove the study\.$/);
    await server.world.store.db.updateTable("drop").set({ status: "DONE", blob_key: null }).where("study_id", "=", id).execute();
    await server.call(owner, "POST", "/api/v1/invitations/", { study: id, name: "a", email: "a@example.org" });
    assert.deepEqual(await remove(owner), { status: 204, body: undefined });
    assert.deepEqual(await get(owner, url), NOT_FOUND);
    const left = await server.world.store.db.selectFrom("permission").select("id").where("object_id", "=", id).execute();
    assert.deepEqual(left, []);
    assert.deepEqual(await server.events("study", id), ["study.created", "study.removed"]);
  });
});
