import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import type { Browser, Page } from "playwright-core";
import { Store } from "../../src/store/store.ts";
import { ADMIN, type Havre, startHavre } from "../harness/havre.ts";
import { browserMissing, startBrowser } from "./chromium.ts";
import { lookAround, speak } from "./views.ts";
import { type Visitor, visit } from "./visitor.ts";

/** Rows of every kind, some in trouble, some with long names. */
const FILLING = `
insert into person (username, email, first_name, last_name, is_active, is_staff, groups, last_sign_in_at, organisation_id)
  select 'person-' || n, 'person-' || n || '@example.org', 'Anna', 'van den Berg-' || n, n % 7 <> 0, n % 9 = 0,
    case when n % 5 = 0 then '{sleep-lab,vrw-api}'::text[] else '{}' end, case when n % 3 = 0 then now() - n * interval '1 hour' end, 1
  from generate_series(1, 60) n;
insert into study (owner_id, code, name, human_subject, field_id, upload_uuid, upload_code)
  select 1, 'S-' || n, 'Sleep and daylight ' || n, n % 2 = 0, 1, gen_random_uuid(), 'C' || n from generate_series(1, 3) n;
insert into storage (owner_id, name, engine, address, username, password_sealed) values (1, 'University drive', 'WEBDAV', 'https://dav.example.org/a/rather/long/path/that/goes/on', 'u', '');
insert into "drop" (public_id, study_id, original_filename, size_bytes, status, status_message, blob_key, receipt_hash, receipt_sealed)
  select gen_random_uuid(), 1, 'a name that goes on and on and does not want to end, as names from devices do, night ' || n || '.edf',
    n * 1234567, case when n = 1 then 'ERROR' else 'DONE' end, '', case when n = 1 then 'kept' end, 'r' || n, '' from generate_series(1, 4) n;
insert into delivery (drop_id, storage_name, engine, state, reason_kind, reason, attempts)
  values (1, 'University drive', 'WEBDAV', 'parked', 'forbidden', 'The storage refuses this user name and password. Give the right ones and try again.', 7);
insert into errand (kind, payload, error, parked_at, attempts) values ('deliver', '{"delivery": 1}', 'The storage refuses this user name and password.', now(), 7);
insert into attempt (subject, failures, last_at, locked_until) values ('account:person-7', 6, now(), now() + interval '1 hour');
insert into mail (unique_key, kind, recipient, subject, text, html, state, reason, message_id)
  values ('m', 'invitation', 'dana@example.org', 'Please hand in your recordings', '', '', 'parked', 'No such user here.', '<a@b>');
insert into self_test (name, ok, message) values ('room for uploads', false, 'only 1.0 GiB free: uploads will soon be refused. Make room, or move BLOB_URL.')
  on conflict (name) do update set ok = excluded.ok, message = excluded.message;
insert into bulk (person_id, kind, action, total, done, refused, state) values (1, 'people', 'deactivate', 400, 120, 3, 'running');
insert into bulk_item (bulk_id, object_id, title, outcome, message) values (1, '7', 'person-7', 'refused', 'You do not have permission to perform this action.');
insert into notice (level, text_en, text_nl) values ('warning', 'Maintenance on Friday from 22:00. Uploads go on by themselves afterwards.', 'Onderhoud op vrijdag vanaf 22:00. Uploads gaan daarna vanzelf door.'),
  ('info', 'A new storage is open to all faculties.', 'Een nieuwe opslag staat open voor alle faculteiten.');
`;

/** "serve" has no background work: what is in trouble stays so. */
describe("the administration, in both languages, light and dark, narrow and wide", { skip: browserMissing() }, () => {
  let havre: Havre;
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;
  before(async () => {
    havre = await startHavre({ command: "serve" });
    const store = new Store({ connection: havre.database.connection, maxConnections: 1, onError: () => {} });
    await sql.raw(FILLING).execute(store.db);
    await store.close();
    browser = await startBrowser();
    visitor = await visit(browser, havre.url);
    page = visitor.page;
    await page.goto("/api/admin/");
    await page.getByRole("textbox", { name: "User name" }).fill(ADMIN.username);
    await page.getByRole("textbox", { name: "Password" }).fill(ADMIN.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await heading("Overview");
  });
  after(async () => {
    await browser?.close();
    await havre?.stop();
  });

  const heading = (name: string) => page.getByRole("heading", { name, level: 1 }).waitFor();
  const state = (title: string, reach: () => Promise<unknown>, without: readonly string[] = []): Promise<void> =>
    it(title, async () => {
      await page.setViewportSize({ width: 1280, height: 900 });
      await speak(page, "en");
      await reach();
      assert.deepEqual(await lookAround(page, `admin ${title}`, without), []);
    });

  state("the overview, with things that wait", async () => {
    await page.goto("/api/admin/");
    await page.getByText("Parked deliveries").waitFor();
    await page.getByText("only 1.0 GiB free").waitFor();
  });
  state("a list", async () => {
    await page.goto("/api/admin/people/?sort=username&page_size=10");
    await page.getByRole("row").filter({ hasText: "person-1@example.org" }).waitFor();
  });
  // The bar with what to do lies over whatever is at the bottom of the window, and may cover half of a checkbox there: it scrolls.
  const UNDER_THE_BAR = ["target-size"];
  state(
    "a list that is narrowed, with its filters open and rows chosen",
    async () => {
      await page.goto("/api/admin/people/?is_active=true&organisation=1&search=berg&page_size=10");
      await page.getByRole("button", { name: "Filters (2)" }).click();
      await page.getByRole("checkbox", { name: "Choose person-60" }).check();
      await page.getByRole("checkbox", { name: "Choose person-59" }).check();
      await page.getByText("2 chosen", { exact: true }).waitFor();
    },
    UNDER_THE_BAR,
  );
  state(
    "what can be done with them",
    async () => {
      await page.getByRole("button", { name: "With the 2 chosen" }).click();
      await page.getByRole("menuitem", { name: "Deactivate" }).waitFor();
    },
    UNDER_THE_BAR,
  );
  state(
    "a question before it is done",
    async () => {
      if (!(await page.getByRole("menuitem").first().isVisible()))
        await page.getByRole("button", { name: "With the 2 chosen" }).click();
      await page.getByRole("menuitem", { name: "Deactivate" }).click();
      await page.getByRole("dialog").getByText("person-60").waitFor();
    },
    UNDER_THE_BAR,
  );
  state("a list without anything", async () => {
    await page.goto("/api/admin/invitations/");
    await page.getByText("Nothing here yet").waitFor();
  });
  state("a list in which nothing matches", async () => {
    await page.goto("/api/admin/people/?search=nobody-at-all&is_staff=true");
    await page.getByText("Nothing matches").waitFor();
  });
  state("drops, with long names", async () => {
    await page.goto("/api/admin/drops/");
    await page.getByText("Needs attention").first().waitFor();
  });
  state("the audit log", async () => {
    await page.goto("/api/admin/events/");
    await page.getByRole("link", { name: "Check the chain" }).waitFor();
  });
  state("one person, with all that belongs to them", async () => {
    await page.goto("/api/admin/people/1/");
    await heading("admin");
    await page.getByText("What belongs to it").waitFor();
  });
  state("what can be done with somebody", async () => {
    await page.getByRole("button", { name: "Actions" }).click();
    await page.getByRole("menuitem", { name: "New Hawk token" }).waitFor();
  });
  state("changing one", async () => {
    await page.goto("/api/admin/people/1/");
    await page.getByRole("button", { name: "Change", exact: true }).click();
    await page.getByRole("dialog").getByRole("textbox", { name: "Mail address" }).waitFor();
  });
  state("choosing what it belongs to", async () => {
    await page.getByRole("dialog").getByRole("combobox", { name: "Organisation" }).click();
    await page.getByRole("option").first().waitFor();
  });
  state("an act that is under way", async () => {
    await page.goto("/api/admin/bulks/1/");
    await page.getByRole("progressbar").waitFor();
  });
  state("a parked errand", async () => {
    await page.goto("/api/admin/errands/?state=parked");
    await page.getByRole("link", { name: "deliver", exact: true }).click();
    await heading("deliver");
  });
  state("giving it up, with a reason", async () => {
    await page.getByRole("button", { name: "Give up" }).click();
    await page.getByRole("dialog").getByRole("textbox", { name: "Reason" }).waitFor();
  });
  state("something that is not there", async () => {
    await page.goto("/api/admin/people/99999/");
    await heading("Page not found");
  });

  it("never has an error in its console, breaks its policy or asks a stranger's server", () =>
    assert.deepEqual(visitor.complaints, []));
});
