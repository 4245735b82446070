import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { listMails, noteMail } from "../../core/mail/index.ts";
import { type Person, SYSTEM } from "../../core/people/model.ts";
import { type StudiesServer, studiesServer } from "./studies.fixture.ts";

const NOT_FOUND = { status: 404, body: { detail: "Not found." } };
const FORBIDDEN = { status: 403, body: { detail: "You do not have permission to perform this action." } };
const INVITATIONS = "/api/v1/invitations/";

describe("invitations on the wire", () => {
  let server: StudiesServer;
  let owner: Person;
  let administrator: Person;
  let researcher: Person;
  let member: Person;
  let stranger: Person;
  let superuser: Person;
  let study: { id: number; upload_uuid: string };
  before(async () => {
    server = await studiesServer();
    owner = await server.person({ firstName: "Olga", lastName: "Ówner", email: "olga@example.org", language: "nl" });
    [administrator, researcher, member, stranger, superuser] = [
      await server.person(),
      await server.person(),
      await server.person(),
      await server.person(),
      await server.person({ isSuperuser: true }),
    ];
    study = await server.study(owner, { name: "Slaap", description: "About sleep." }, { administrator, researcher, member });
  });
  after(() => server.close());

  const write = (more: object = {}) => ({ study: study.id, name: "Pieter Provider", email: "pieter@example.org", ...more });
  const post = (as: Person | undefined, more: object = {}) => server.call(as, "POST", INVITATIONS, write(more));
  const get = (as: Person | undefined, id: number) => server.call(as, "GET", `${INVITATIONS}${id}/`);
  const mailsOf = async (id: number) => {
    const { items } = await listMails(server.world, SYSTEM, { offset: 0, limit: 1000 });
    return items.filter(mail => mail.uniqueKey.startsWith(`invitation:${id}:`));
  };

  it("POST answers 201, and the mail waits with its errand, written for whom it is and answered to the owner", async () => {
    const { status, body } = await post(owner);
    assert.equal(status, 201);
    const { id, upload_code, created_at, updated_at, ...rest } = body;
    assert.match(upload_code, /^[A-Z2-9]{12}$/);
    assert.ok(created_at && updated_at);
    assert.deepEqual(rest, {
      study: study.id,
      name: "Pieter Provider",
      email: "pieter@example.org",
      language: "nl",
      upload_url: `http://localhost:1337/dropoffs/${study.upload_uuid}/#code=${upload_code}`,
      mail_sent: null,
    });
    const [mail, ...others] = await mailsOf(id);
    assert.deepEqual(others, []);
    assert.deepEqual(
      [mail?.uniqueKey, mail?.recipient, mail?.replyTo, mail?.state, mail?.studyId],
      [`invitation:${id}:1`, "pieter@example.org", '"Olga Ówner" <olga@example.org>', "queued", study.id],
    );
    assert.match(mail?.subject ?? "", /Slaap/);
    for (const part of [mail?.text, mail?.html])
      for (const word of ["Slaap", "About sleep.", upload_code, `/dropoffs/${study.upload_uuid}/#code=${upload_code}`])
        assert.ok(part?.includes(word), word);
    const errand = await server.world.store.db
      .selectFrom("errand")
      .select("payload")
      .where("kind", "=", "send-mail")
      .where("unique_key", "=", String(mail?.id))
      .execute();
    assert.deepEqual(errand, [{ payload: { mail: mail?.id } }]);
    assert.deepEqual(await server.events("invitation", id), ["invitation.created"]);
  });

  it("the language can be chosen", async () => {
    const { body } = await post(owner, { language: "en" });
    const [mail] = await mailsOf(body.id);
    assert.match(mail?.text ?? "", /^Dear Pieter Provider/);
    assert.deepEqual((await post(owner, { language: "fr" })).body, { language: ['"fr" is not a valid choice.'] });
  });

  it("names every wrong field, and lets no line break into a mail's header", async () => {
    const required = ["This field is required."];
    assert.deepEqual((await server.call(owner, "POST", INVITATIONS, {})).body, {
      study: required,
      name: required,
      email: required,
    });
    const cases: [object, object][] = [
      [{ study: 99999 }, { study: ['Invalid pk "99999" - object does not exist.'] }],
      [{ name: "x".repeat(201) }, { name: ["Ensure this field has no more than 200 characters."] }],
      [{ email: "nobody" }, { email: ["Enter a valid email address."] }],
      [{ email: "a@example.org\r\nBcc: b@example.org" }, { email: ["Enter a valid email address."] }],
      [{ email: "A <a@example.org>" }, { email: ["Enter a valid email address."] }],
      [{ name: "A\r\nBcc: b@example.org" }, { name: ["This field may not contain line breaks or other control characters."] }],
    ];
    for (const [wrong, body] of cases) assert.deepEqual(await post(owner, wrong), { status: 400, body }, JSON.stringify(wrong));
  });

  it("is written by researchers and above; a member sees it without its code, and for others it does not exist", async () => {
    assert.equal((await post(undefined)).status, 401);
    assert.deepEqual(await post(member), FORBIDDEN);
    assert.deepEqual(await post(stranger), {
      status: 400,
      body: { study: [`Invalid pk "${study.id}" - object does not exist.`] },
    });
    const { body } = await post(researcher);
    for (const person of [owner, administrator, researcher, superuser])
      assert.equal((await get(person, body.id)).body.upload_code, body.upload_code);
    const seen = await get(member, body.id);
    assert.deepEqual(
      [seen.status, "upload_code" in seen.body, seen.body.upload_url],
      [200, false, `http://localhost:1337/dropoffs/${study.upload_uuid}/`],
    );
    assert.deepEqual(await get(stranger, body.id), NOT_FOUND);
    assert.equal((await get(undefined, body.id)).status, 401);
    const list = async (as: Person, query = "") => (await server.call(as, "GET", `${INVITATIONS}${query}`)).body;
    assert.equal((await list(member)).results[0].id, body.id);
    assert.deepEqual((await list(stranger)).results, []);
    assert.ok((await list(member, `?study=${study.id}`)).count > 0);
    for (const query of [`?study=${study.id + 1}`, "?study=x"]) assert.equal((await list(owner, query)).count, 0);
  });

  it("PUT corrects it and sends nothing; another address is not yet written to", async () => {
    const { body } = await post(owner);
    const [mail] = await mailsOf(body.id);
    await noteMail(server.world, mail?.id ?? 0, "sent");
    const put = (as: Person, more: object = {}) => server.call(as, "PUT", `${INVITATIONS}${body.id}/`, write(more));
    assert.equal((await put(owner, { name: "Piet" })).body.mail_sent, "2026-01-01T01:00:00+01:00");
    const { status, body: changed } = await put(researcher, { email: "piet@example.org" });
    assert.deepEqual(
      [status, changed.email, changed.mail_sent, changed.upload_code],
      [200, "piet@example.org", null, body.upload_code],
    );
    assert.equal((await mailsOf(body.id)).length, 1);
    assert.deepEqual(await put(member), FORBIDDEN);
    assert.deepEqual(await put(stranger), NOT_FOUND);
    const other = await server.study(owner);
    assert.match((await put(owner, { study: other.id })).body.study[0], /cannot move to another study/);
  });

  it("is sent again by administrators, as another mail with the same code, and tells when it left", async () => {
    const { body } = await post(researcher);
    const send = (as: Person | undefined) => server.call(as, "POST", `${INVITATIONS}${body.id}/send/`);
    for (const person of [researcher, member]) assert.deepEqual(await send(person), FORBIDDEN);
    assert.deepEqual(await send(stranger), NOT_FOUND);
    assert.equal((await send(undefined)).status, 401);
    assert.deepEqual([(await send(administrator)).status, (await send(owner)).status], [200, 200]);
    const written = await mailsOf(body.id);
    assert.deepEqual(
      written.map(mail => mail.uniqueKey),
      [3, 2, 1].map(n => `invitation:${body.id}:${n}`),
    );
    for (const mail of written) assert.ok(mail.text.includes(body.upload_code));
    assert.equal((await get(owner, body.id)).body.mail_sent, null);
    await noteMail(server.world, written[0]?.id ?? 0, "sent");
    assert.equal((await get(owner, body.id)).body.mail_sent, "2026-01-01T01:00:00+01:00");
  });

  it("DELETE withdraws it, unless files came in by it", async () => {
    const { body } = await post(owner);
    const remove = (as: Person) => server.call(as, "DELETE", `${INVITATIONS}${body.id}/`);
    assert.deepEqual(await remove(member), FORBIDDEN);
    assert.deepEqual(await remove(stranger), NOT_FOUND);
    await server.world.store.db
      .insertInto("drop")
      .values({
        public_id: crypto.randomUUID(),
        study_id: study.id,
        invitation_id: body.id,
        original_filename: "a",
        status: "DONE",
        blob_key: null,
        receipt_hash: "h",
        receipt_sealed: Buffer.of(0),
      })
      .execute();
    const refused = await remove(owner);
    assert.equal(refused.status, 409);
    assert.match(refused.body.detail, /^Files were handed in by this invitation/);
    await server.world.store.db.deleteFrom("drop").where("invitation_id", "=", body.id).execute();
    assert.deepEqual(await remove(researcher), { status: 204, body: undefined });
    assert.deepEqual(await get(owner, body.id), NOT_FOUND);
    assert.deepEqual(await server.events("invitation", body.id), ["invitation.created", "invitation.removed"]);
  });
});
