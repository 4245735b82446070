import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, beforeEach, describe, it } from "node:test";
import { SMTPServer } from "smtp-server";
import { freshDatabase, type TestDatabase } from "../../test/harness/database.ts";
import { addMail, mailFor } from "../core/mail/index.ts";
import type { World } from "../core/world.ts";
import { openSmtp } from "../drivers/mail/smtp.ts";
import { systemClock } from "../kernel/clock.ts";
import type { Mailer } from "../ports/mail.ts";
import { type Errand, errands } from "../store/errands.ts";
import { Store } from "../store/store.ts";
import { sendMail } from "./send-mail.ts";

const LETTER = {
  kind: "test",
  recipient: "dana@example.org",
  replyTo: '"Zoë Müller" <zoe@example.org>',
  subject: "Über\r\nBcc: evil@example.org",
  text: "Hällo 世界\n.\nend",
  html: "<p>Hällo</p>",
};

describe("a mail", () => {
  let database: TestDatabase;
  let world: World;
  let smtp: SMTPServer;
  let mailer: Mailer;
  let answer: Error | undefined;
  const received: { to: string[]; body: string }[] = [];

  before(async () => {
    database = await freshDatabase();
    const store = new Store({ connection: database.connection, maxConnections: 4, onError: () => {} });
    world = {
      store,
      clock: systemClock,
      settings: {
        publicUrl: "https://havre.example.org",
        mailFrom: "Havre <no-reply@example.org>",
        mailFromSystem: "x@example.org",
      },
    } as unknown as World;
    smtp = new SMTPServer({
      authOptional: true,
      disabledCommands: ["STARTTLS"],
      onData(stream, session, done) {
        let body = "";
        stream.on("data", chunk => (body += chunk));
        stream.on("end", () => {
          if (!answer) received.push({ to: session.envelope.rcptTo.map(({ address }) => address), body });
          done(answer);
        });
      },
    });
    smtp.listen(0, "127.0.0.1");
    await once(smtp.server, "listening");
    const address = smtp.server.address();
    mailer = openSmtp({
      host: "127.0.0.1",
      port: typeof address === "object" && address ? address.port : 0,
      user: undefined,
      password: undefined,
      useTls: false,
    });
  });
  beforeEach(() => {
    answer = undefined;
    received.length = 0;
  });
  after(async () => {
    mailer.close();
    await new Promise<void>(resolve => smtp.close(() => resolve()));
    await world.store.close();
    await database.drop();
  });

  let count = 0;
  const written = async (): Promise<Errand> => {
    count += 1;
    const uniqueKey = `test:${count}`;
    await world.store.transaction(tx => addMail(tx, world, { uniqueKey, ...LETTER }));
    await world.store.transaction(tx => addMail(tx, world, { uniqueKey, ...LETTER }));
    const claimed = await errands(world.store.db).claim("test", ["send-mail"], 10, 60_000);
    assert.equal(claimed.length, 1, "the same key twice is one mail");
    return claimed[0]!;
  };
  const hold = { signal: new AbortController().signal };
  const stateOf = async (errand: Errand) => (await mailFor(world, Number(errand.payload.mail)))?.state;

  it("reaches the mail server as text and HTML, with Reply-To and one line of subject", async () => {
    const errand = await written();
    assert.equal(await sendMail(mailer).run(world, errand, hold), "done");
    assert.deepEqual(received[0]?.to, ["dana@example.org"]);
    const body = received[0]?.body ?? "";
    assert.match(body, /^Reply-To: .*<zoe@example\.org>/m);
    assert.doesNotMatch(body, /^Bcc:/m);
    assert.match(body, /multipart\/alternative/);
    assert.match(body, /^Message-ID: <[\w-]+@havre\.example\.org>/im);
    assert.equal(await stateOf(errand), undefined);
  });

  it("that was sent is not sent again", async () => {
    const errand = await written();
    await sendMail(mailer).run(world, errand, hold);
    await sendMail(mailer).run(world, errand, hold);
    assert.equal(received.length, 1);
  });

  it("waits when the server cannot take it now", async () => {
    answer = Object.assign(new Error("busy"), { responseCode: 451 });
    const errand = await written();
    await assert.rejects(sendMail(mailer).run(world, errand, hold), { retry: "temporary" });
    assert.equal(await stateOf(errand), "queued");
    answer = undefined;
    await sendMail(mailer).run(world, errand, hold);
    assert.equal(received.length, 1);
  });

  it("is parked with the server's words when it is refused for good", async () => {
    answer = Object.assign(new Error("no such user"), { responseCode: 550 });
    const errand = await written();
    await assert.rejects(sendMail(mailer).run(world, errand, hold), { retry: "never" });
    const mail = await mailFor(world, Number(errand.payload.mail));
    assert.equal(mail?.state, "parked");
    assert.match(mail?.reason ?? "", /no such user/);
  });

  it("is caught for the outbox when there is no mail server", async () => {
    const errand = await written();
    await sendMail(undefined).run(world, errand, hold);
    assert.equal(received.length, 0);
    assert.equal(await stateOf(errand), undefined);
  });
});
