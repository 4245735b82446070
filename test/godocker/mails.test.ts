import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { until } from "../harness/havre.ts";
import { type SmtpSink, startSmtpSink } from "../storm/smtp-sink.ts";
import type { GodockerClient } from "./client.ts";
import { aGodocker, type Godocker } from "./server.ts";

const missing = spawnSync("bwrap", ["--version"]).status === 0 ? false : "bubblewrap is not installed";

/** A header as people read it. */
const headerOf = (text: string, name: string): string => {
  const [, raw = ""] = new RegExp(`^${name}: (.*(?:\\r?\\n[ \\t].*)*)`, "im").exec(text) ?? [];
  return raw
    .replace(/\?=\s+=\?/g, "?==?")
    .replace(/=\?UTF-8\?Q\?(.*?)\?=/gi, (_all, word: string) =>
      Buffer.from(
        word
          .replaceAll("_", " ")
          .replace(/=([0-9A-F]{2})/g, (_hex, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
        "latin1",
      ).toString("utf8"),
    )
    .replace(/=\?UTF-8\?B\?(.*?)\?=/gi, (_all, word: string) => Buffer.from(word, "base64").toString("utf8"))
    .replace(/\r?\n[ \t]+/g, " ");
};

describe("GO-Docker, notify.email: a mail server receives every change of the primary status, for who wishes it", {
  skip: missing,
}, () => {
  let sink: SmtpSink;
  let server: Godocker;
  before(async () => {
    sink = await startSmtpSink();
    server = await aGodocker({ COMPUTE_CPU: "4", EMAIL_HOST: "127.0.0.1", EMAIL_PORT: String(sink.port), EMAIL_USE_TLS: "0" });
  });
  after(async () => {
    await server?.stop();
    await sink?.stop();
  });

  /** Subjects of what somebody received, sorted; waits until there are so many. */
  const subjectsTo = async (client: GodockerClient, count: number): Promise<string[]> => {
    const { email } = await client.ok("GET", `/api/1.0/user/${client.id}`);
    const found = () => sink.received.filter(({ to }) => to.includes(email)).map(({ text }) => headerOf(text, "Subject"));
    await until(() => found().length >= count, `${count} mails to ${email}; there are ${found().join("; ")}`, 30_000);
    return found().toSorted();
  };

  it("from kept back to archived, in the language of whoever submitted it", async () => {
    const [english, dutch] = [await server.user(), await server.user({ language: "nl" })];
    const ids = new Map<GodockerClient, number>();
    for (const client of [english, dutch]) {
      const id = await client.submit({ status: { primary: "created" }, command: { cmd: "sleep 2" }, notify: { email: true } });
      ids.set(client, id);
      await client.ok("GET", `/api/1.0/task/${id}/pending`);
    }
    for (const [client, id] of ids) await client.over(id);
    for (const [client, id] of ids) {
      assert.equal((await client.ok("GET", `/api/1.0/task/${id}/archive`)).status.primary, "archived");
      await client.ok("GET", `/api/1.0/task/${id}/archive`);
    }
    const said = (task: string, what: readonly string[]): string[] => what.map(words => `${task} ${words}`).toSorted();
    assert.deepEqual(
      await subjectsTo(english, 4),
      said(`Task ${ids.get(english)} “hello”`, ["waits for its turn", "has begun", "has ended well", "has been archived"]),
    );
    assert.deepEqual(
      await subjectsTo(dutch, 4),
      said(`Taak ${ids.get(dutch)} “hello”`, ["wacht op zijn beurt", "is begonnen", "is goed geëindigd", "is gearchiveerd"]),
    );
  });

  it("of an array only the parent's, of a task that nobody wishes to hear of none, and to the address that was given here", async () => {
    const client = await server.user();
    const email = `elsewhere-${client.id}@example.org`;
    await client.ok("PUT", `/api/1.0/user/${client.id}`, { email });
    const quiet = await client.submit();
    const array = await client.submit({
      requirements: { array: { values: "1:2" } },
      command: { cmd: "sleep 2; exit $((GODOCKER_TASK_ID % 2))" },
      notify: { email: true },
    });
    for (const id of [quiet, array]) await client.over(id);
    assert.deepEqual((await client.ok("GET", "/api/1.0/archive/0")).tasks, [quiet, array]);
    const words = ["waits for its turn", "has begun", "has ended with code 1", "has been archived"];
    assert.deepEqual(await subjectsTo(client, 4), words.map(what => `Task ${array} “hello” ${what}`).toSorted());
    const written = await server.havre.world.store.db
      .selectFrom("mail")
      .select("unique_key")
      .where("recipient", "=", email)
      .execute();
    assert.equal(written.length, 4, "and no others are on their way");
    const left = await server.havre.world.store.db
      .selectFrom("mail")
      .select("id")
      .where("recipient", "=", `${client.id}@example.org`)
      .execute();
    assert.deepEqual(left, []);
  });
});
