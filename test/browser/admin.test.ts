import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import type { Browser, Page } from "playwright-core";
import { Store } from "../../src/store/store.ts";
import { Client } from "../harness/client.ts";
import { type Havre, startHavre } from "../harness/havre.ts";
import { browserMissing, startBrowser } from "./chromium.ts";
import { type Visitor, visit } from "./visitor.ts";

const CROWD = 65;
const STAFF = { username: "sam", password: "a-staff-of-the-tests-7" };

/** One walk of somebody of the staff; every step stands on the one before. */
describe("the administration in a browser", { skip: browserMissing() }, () => {
  let havre: Havre;
  let store: Store;
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;
  before(async () => {
    havre = await startHavre({ env: { REGISTRATION: "open" } });
    const client = new Client(havre.url);
    for (const username of [STAFF.username, "dana"])
      await client.post("/api/auth/users/", {
        ...STAFF,
        username,
        re_password: STAFF.password,
        email: `${username}@example.org`,
      });
    store = new Store({ connection: havre.database.connection, maxConnections: 1, onError: () => {} });
    await sql`update person set is_active = true, is_staff = username = 'sam' where username in ('sam', 'dana')`.execute(
      store.db,
    );
    await sql`insert into person (username, email, first_name, last_name, is_active, is_superuser)
      select 'guest-' || n, 'guest-' || n || '@example.org', 'Guest', 'Of the summer school', true, n = 7
      from generate_series(1, ${CROWD}) n`.execute(store.db);
    browser = await startBrowser();
    visitor = await visit(browser, havre.url, { acceptDownloads: true });
    page = visitor.page;
  });
  after(async () => {
    await browser?.close();
    await store?.close();
    await havre?.stop();
  });

  const heading = (name: string) => page.getByRole("heading", { name, level: 1, exact: true }).waitFor();
  const signIn = async (username: string): Promise<void> => {
    await page.getByRole("textbox", { name: "User name" }).fill(username);
    await page.getByRole("textbox", { name: "Password" }).fill(STAFF.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
  };

  it("is not for everybody, and says so", async () => {
    const dana = await visit(browser, havre.url);
    const before = page;
    page = dana.page;
    await page.goto("/studies");
    await signIn("dana");
    await heading("Studies");
    assert.equal(await page.getByRole("link", { name: "Administration" }).count(), 0);
    await page.goto("/api/admin/people/");
    await page.getByText("The administration is closed to you").waitFor();
    await dana.leave();
    page = before;
  });

  it("asks for a sign-in, and comes back to what was looked for", async () => {
    await page.goto("/api/admin/people/?search=dana");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await signIn(STAFF.username);
    await heading("People");
    await page.getByRole("link", { name: "dana", exact: true }).waitFor();
    assert.equal(await page.getByRole("row").count(), 2);
  });

  it("finds somebody by a part of their name, from anywhere", async () => {
    await page.getByRole("link", { name: "Administration" }).click();
    await page.getByText("Nothing waits for you").waitFor();
    const { promise: typed, resolve: hasTyped } = Promise.withResolvers<void>();
    await page.route(/\/v1\/admin\/people\/\?/, async route => {
      await typed;
      await route.continue();
    });
    await page.getByRole("navigation", { name: "What to look after" }).getByRole("link", { name: "People" }).click();
    await heading("People");
    await page.keyboard.press("/");
    await page.keyboard.type("guest");
    hasTyped();
    await page.getByRole("link", { name: `guest-${CROWD}` }).waitFor(); // the list has come, and whoever types goes on
    await page.keyboard.type("-13");
    await page.unrouteAll();
    await page.getByText("1 row", { exact: true }).waitFor();
    await page.getByRole("link", { name: "guest-13", exact: true }).click();
    await heading("guest-13");
  });

  it("says what is wrong with a change, at its field, and keeps what was written", async () => {
    await page.getByRole("button", { name: "Change", exact: true }).click();
    const form = page.getByRole("dialog");
    await form.getByRole("textbox", { name: "Last name" }).fill("de Vries");
    await form.getByRole("textbox", { name: "ORCID iD" }).fill("0000-0002-1825-0098");
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByText("Enter a valid ORCID iD").waitFor();
    assert.equal(await form.getByRole("textbox", { name: "Last name" }).inputValue(), "de Vries");
  });

  it("changes it, and the history has what was and what is", async () => {
    const form = page.getByRole("dialog");
    await form.getByRole("textbox", { name: "ORCID iD" }).fill("0000-0002-1825-0097");
    await form.getByRole("button", { name: "Save" }).click();
    await form.waitFor({ state: "detached" });
    const happened = page.getByRole("listitem").filter({ hasText: "person.changed" });
    await happened.getByRole("link", { name: STAFF.username }).waitFor();
    await happened.getByRole("row", { name: "Last name Of the summer school de Vries" }).waitFor();
    await happened.getByRole("row", { name: "ORCID iD nothing https://orcid.org/0000-0002-1825-0097" }).waitFor();
  });

  it("acts on one, after telling what will happen", async () => {
    await page.getByRole("button", { name: "Actions" }).click();
    assert.equal(await page.getByRole("menuitem", { name: "Make superuser" }).count(), 0);
    await page.getByRole("menuitem", { name: "Add to a group" }).click();
    await page.getByRole("dialog").getByRole("textbox", { name: "Group" }).fill("summer");
    await page.getByRole("dialog").getByRole("button", { name: "Add to a group" }).click();
    await page.getByRole("dialog").getByText("Done: Add to a group").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Close", exact: true }).last().click();
    await page.getByText("group.joined").or(page.getByText("summer")).first().waitFor();
  });

  it("narrows a list by filters that the address keeps, and takes it away as a file", async () => {
    await page.goto("/api/admin/people/");
    await page.getByRole("searchbox", { name: "Search people" }).fill("summer school");
    await page.getByRole("button", { name: "Filters" }).click();
    await page.getByRole("combobox", { name: "Active" }).selectOption("Yes");
    await page.getByText(`${CROWD - 1} rows`).waitFor();
    const asked = Object.fromEntries(new URL(page.url()).searchParams);
    assert.deepEqual(asked, { search: "summer school", is_active: "true" });
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      (async () => {
        await page.getByRole("button", { name: "Export" }).click();
        await page.getByRole("menuitem", { name: "CSV" }).click();
      })(),
    ]);
    const lines = (await readFile(await file.path(), "utf8")).trim().split("\r\n");
    assert.equal(lines.length, CROWD);
    assert.match(lines[0] ?? "", /^id,username,email/);
  });

  it("acts on all that match, tells how far it is, and what was refused", async () => {
    await page.getByRole("checkbox", { name: "Choose all on this page" }).check();
    await page.getByRole("button", { name: "Choose all that match" }).click();
    await page.getByRole("button", { name: "With all that match" }).click();
    await page.getByRole("menuitem", { name: "Deactivate" }).click();
    const dialog = page.getByRole("dialog", { name: `Deactivate: all ${CROWD - 1} × people that match` });
    assert.ok(await dialog.getByRole("button", { name: "Deactivate" }).isDisabled());
    await dialog.getByRole("checkbox", { name: "Yes, all of them" }).check();
    await dialog.getByRole("button", { name: "Deactivate" }).click();
    await page
      .getByRole("dialog")
      .getByText(`${CROWD - 1} of ${CROWD - 1} looked at`)
      .waitFor();
    await page
      .getByRole("dialog")
      .getByText(`Done for ${CROWD - 2}. Refused for 1`)
      .waitFor();
    await page.getByRole("dialog").getByRole("link", { name: "Open the act" }).click();
    await heading("Deactivate: People");
    await page.getByRole("link", { name: "Objects of acts" }).click();
    await page.getByRole("button", { name: "Filters" }).click();
    await page.getByRole("combobox", { name: "Outcome" }).selectOption("Refused");
    await page.getByText("1 row", { exact: true }).waitFor();
    await page.getByRole("row").filter({ hasText: "Refused" }).getByRole("link", { name: "guest-7" }).waitFor();
    const { rows } = await sql<{ left: number }>`
      select count(*)::int as left from person where is_active and username like 'guest-%'`.execute(store.db);
    assert.equal(rows[0]?.left, 2, "the superuser, and who is not called after the summer school any more");
  });

  it("writes a notice, which everybody sees until it is taken away", async () => {
    await page.goto("/api/admin/notices/");
    await page.getByRole("button", { name: "New" }).click();
    await page.getByRole("dialog").getByRole("textbox", { name: "Words in English" }).fill("Maintenance tonight.");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await heading("Maintenance tonight.");
    const stranger = await visit(browser, havre.url);
    await stranger.page.goto("/");
    await stranger.page.getByRole("complementary").getByText("Maintenance tonight.").waitFor();
    await page.getByRole("button", { name: "Remove" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByRole("dialog").getByText("Done: Remove").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Close", exact: true }).last().click();
    await page.getByText("Nothing here yet").waitFor();
    await Promise.all([stranger.page.waitForResponse("**/api/v1/notices/"), stranger.page.reload()]);
    await stranger.page.getByRole("contentinfo").getByRole("link", { name: "Check a receipt" }).waitFor();
    assert.equal(await stranger.page.getByText("Maintenance tonight.").count(), 0);
    await stranger.leave();
  });

  it("never has an error in its console, breaks its policy or asks a stranger's server", () =>
    assert.deepEqual(visitor.complaints, []));
});
