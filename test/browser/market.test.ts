import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import type { Json } from "../waldur/client.ts";
import { anOffering, aScene, component, PASSWORD, type Scene } from "../waldur/scene.ts";
import { browserMissing, startBrowser } from "./chromium.ts";
import { lookAround, speak } from "./views.ts";
import { type Visitor, visit } from "./visitor.ts";

const CORES = {
  name: "Core hours",
  description: "Time on the cores of the department, for tasks.",
  full_description: "<p>Every granted hour is spent by tasks.</p><p>Ask us before a large run.</p>",
  type: "Havre.Allocation",
  terms_of_service: "<p>Acknowledge us.</p>",
  attributes: { place: "Groningen" },
  components: [
    component("cpu_hours", {
      name: "Core hours",
      measured_unit: "h",
      billing_type: "limit",
      max_value: 5000,
      default_limit: 100,
    }),
    component("gpu_hours", { name: "GPU hours", measured_unit: "h", billing_type: "limit" }),
  ],
  plans: [
    { name: "Small", unit: "month", prices: { cpu_hours: "0.1", gpu_hours: "0.7" } },
    { name: "Large", unit: "month", prices: { cpu_hours: "0.08", gpu_hours: "0.5" } },
  ],
  options: {
    order: ["purpose", "gpu"],
    options: {
      purpose: { type: "select_string", label: "What for", required: true, choices: ["Teaching", "Research"] },
      gpu: { type: "boolean", label: "I know how to use a GPU" },
    },
  },
};
const STORAGE = {
  name: "Shared storage",
  description: "A place for files that everybody in the study reaches.",
  components: [
    component("gb", { name: "Storage", measured_unit: "GB", billing_type: "limit", limit_period: "month", min_value: 1 }),
    component("traffic", { name: "Traffic", measured_unit: "GB", billing_type: "usage" }),
  ],
  plans: [{ name: "Standard", unit: "month", prices: { gb: "0.05", traffic: "0.01" } }],
};

/** One walk of everybody around an order, from the catalogue to the bill; every step stands on the one before. */
describe("a study orders from an organisation, in a browser", { skip: browserMissing() }, () => {
  let scene: Scene;
  let browser: Browser;
  const people: Record<string, Visitor> = {};
  let page: Page;
  let order: string;
  before(async () => {
    scene = await aScene();
    browser = await startBrowser();
    await anOffering(scene, CORES);
    await anOffering(scene, STORAGE);
    await anOffering(scene, {
      name: "Advice",
      components: [],
      plans: [],
      billable: false,
      description: "An hour with a statistician.",
    });
  });
  after(async () => {
    await browser?.close();
    await scene?.close();
  });

  async function be(name: "member" | "owner" | "seller" | "stranger"): Promise<Page> {
    const visitor =
      people[name] ?? (await visit(browser, scene.havre.url, { permissions: ["clipboard-read", "clipboard-write"] }));
    if (!people[name]) {
      people[name] = visitor;
      await visitor.page.goto("/sign-in");
      await visitor.page.getByRole("textbox", { name: "User name" }).fill(name);
      await visitor.page.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
      await visitor.page.getByRole("button", { name: "Sign in", exact: true }).click();
      await visitor.page.getByRole("heading", { name: "Studies", level: 1 }).waitFor();
    }
    return visitor.page;
  }
  const press = (name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();
  const state = (word: string): Promise<void> => page.getByRole("status").getByText(word, { exact: true }).waitFor();
  const looksWell = async (title: string): Promise<void> => {
    // What the head of the page lies over would be called too small.
    await page.evaluate("scrollTo(0, 0)");
    assert.deepEqual(await lookAround(page, `market ${title}`), []);
    await speak(page, "en");
    await page.setViewportSize({ width: 1280, height: 900 });
  };

  it("whoever is new learns what the pages are for", async () => {
    page = await be("stranger");
    await page.getByRole("link", { name: "Market" }).click();
    await page.getByText("3 offerings").waitFor();
    await page.getByRole("link", { name: "Orders" }).click();
    await page.getByText("Nothing waits for you").waitFor();
    await looksWell("orders empty");
    await page.getByRole("link", { name: "Resources" }).click();
    await page.getByText("Nothing here yet").waitFor();
    await page.getByRole("link", { name: "Costs" }).click();
    await page.getByText("This month costs nothing").waitFor();
    await looksWell("costs empty");
  });

  it("a member searches, narrows and finds", async () => {
    page = await be("member");
    await page.goto("/market/");
    await page.getByText("3 offerings").waitFor();
    await looksWell("catalogue");
    await page.getByRole("link", { name: /^Free of charge/ }).click();
    await page.getByText("1 offering", { exact: true }).waitFor();
    await page.getByRole("link", { name: "Advice" }).waitFor();
    await page.getByRole("link", { name: "Show everything" }).click();
    await page.getByRole("textbox", { name: "At least" }).fill("0.05");
    await page.getByRole("textbox", { name: "At most" }).fill("0.01");
    await press("Show these");
    await page.getByText("The lower amount has to come first.").waitFor();
    await page.getByRole("textbox", { name: "At most" }).fill("1");
    await press("Show these");
    await page.getByText("2 offerings", { exact: true }).waitFor();
    await looksWell("prices");
    await page.getByRole("link", { name: "Show everything" }).click();
    await page.getByRole("searchbox", { name: "Search" }).fill("nothing like it");
    await page.getByText("Nothing fits").waitFor();
    await page.getByRole("searchbox", { name: "Search" }).fill("core");
    await page.getByText("1 offering", { exact: true }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get("search"), "core");
  });

  it("compares the plans for the same amounts, with prices from the server", async () => {
    await page.getByRole("link", { name: "Core hours" }).click();
    await page.getByRole("heading", { name: "Core hours", level: 1 }).waitFor();
    const together = page.getByRole("row", { name: /^Together/ });
    await together.getByText("€10.00", { exact: true }).waitFor();
    await together.getByText("€8.00", { exact: true }).waitFor();
    await page.getByRole("textbox", { name: "Core hours (h)" }).fill("6000");
    await page.getByText("The limit 6000 value cannot be more than 5000.").waitFor();
    await page.getByRole("textbox", { name: "Core hours (h)" }).fill("200");
    await together.getByText("€20.00", { exact: true }).waitFor();
    await looksWell("offering");
    await press("Copy: Id");
    assert.match(await page.evaluate<string>("navigator.clipboard.readText()"), /^[0-9a-f]{32}$/);
  });

  it("sees the price before ordering, and what is wrong beside its field", async () => {
    await page.getByRole("link", { name: "Order with Large" }).click();
    await page.getByRole("combobox", { name: "Study" }).selectOption({ label: "Sleep (Customer)" });
    await page.getByRole("textbox", { name: "Name" }).fill("Night runs");
    await page.getByRole("textbox", { name: "Core hours (h)" }).fill("250");
    await page.getByText("€20.00", { exact: true }).first().waitFor();
    await page.getByRole("checkbox", { name: /^I have read these terms/ }).check();
    await looksWell("order form");
    await page.getByRole("combobox", { name: "What for" }).evaluate(element => element.removeAttribute("required"));
    await press("Place the order");
    await page.getByText("This field is required.").waitFor();
    await page.getByRole("combobox", { name: "What for" }).selectOption("Research");
    await press("Place the order");
    await page.getByRole("heading", { name: "Core hours", level: 1 }).waitFor();
    await state("Waits for who pays");
    await page.getByText("Next, somebody must agree who may spend the money of Customer.").waitFor();
    order = page.url().split("/").at(-1) ?? "";
    await looksWell("order waits");
  });

  it("the owner finds it in their inbox, and agrees", async () => {
    page = await be("owner");
    await page.goto("/market/");
    await page.getByRole("link", { name: /1 waits for you/ }).click();
    await page.getByText("As the one who pays").waitFor();
    await looksWell("inbox");
    await page.getByRole("button", { name: "Agree: Night runs" }).click();
    await page.getByText("Nothing waits for you").waitFor();
  });

  it("the member sees it go on without touching the page, and the provider agrees", async () => {
    page = await be("member");
    await state("Waits for the provider");
    page = await be("seller");
    await page.goto(`/market/orders/${order}`);
    await page.getByText("It is your turn").waitFor();
    await looksWell("order provider");
    await press("Agree");
    await state("Done");
    page = await be("member");
    await state("Done");
    await looksWell("order done");
  });

  it("the study has its budget, and sees what its use comes to", async () => {
    await page.getByRole("link", { name: "Night runs" }).click();
    await page.getByRole("heading", { name: "Night runs", level: 1 }).waitFor();
    await page.getByText("250 left of 250").waitFor();
    await looksWell("resource allocation");
  });

  it("a refusal says why, to everybody who sees the order", async () => {
    const offering = (await scene.member.get("/api/marketplace-public-offerings/?name=Shared")) as Json[];
    const made = await scene.owner.create("/api/marketplace-orders/", {
      project: scene.project.url,
      offering: offering[0].url,
      plan: offering[0].plans[0].url,
      attributes: { name: "Disk" },
      limits: { gb: 5 },
    });
    page = await be("seller");
    await page.goto("/market/orders");
    await page.getByRole("button", { name: "Refuse: Disk" }).click();
    await page.getByRole("dialog").getByRole("textbox", { name: "Why" }).fill("The disks are full until May.");
    await looksWell("refusing");
    await page.getByRole("dialog").getByRole("button", { name: "Refuse" }).click();
    await page.getByText("Nothing waits for you").waitFor();
    page = await be("owner");
    await page.goto(`/market/orders/${made.uuid}`);
    await state("Refused");
    await page.getByText("The reason given: The disks are full until May.").waitFor();
    await looksWell("order refused");
  });

  it("a resource shows its use against its limits; other limits are priced, ordered and then there", async () => {
    const [offering] = (await scene.member.get("/api/marketplace-public-offerings/?name=Shared")) as Json[];
    const made = await scene.owner.create("/api/marketplace-orders/", {
      project: scene.project.url,
      offering: offering.url,
      plan: offering.plans[0].url,
      attributes: { name: "Archive" },
      limits: { gb: 100 },
    });
    await scene.seller.post(`/api/marketplace-orders/${made.uuid}/approve_by_provider/`);
    await scene.seller.create("/api/marketplace-component-usages/set_usage/", {
      resource: made.marketplace_resource_uuid,
      usages: [
        { type: "gb", amount: "83.5" },
        { type: "traffic", amount: "12.25" },
      ],
    });
    await page.goto(`/market/resources/${made.marketplace_resource_uuid}`);
    await page.getByText("83.5 of 100 GB").waitFor();
    await looksWell("resource");
    await press("Change limits");
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox", { name: "Storage (GB)" }).fill("200");
    await dialog.getByText("€10.00", { exact: true }).first().waitFor();
    await looksWell("change limits");
    await dialog.getByRole("button", { name: "Place the order" }).click();
    await state("Waits for the provider");
    await page.getByText("100 → 200").waitFor();
    await press("Cancel the order");
    await page.getByRole("dialog").getByRole("button", { name: "Cancel the order" }).click();
    await state("Canceled");
  });

  it("whoever provides it sees its use as well", async () => {
    const [resource] = (await scene.seller.get("/api/marketplace-provider-resources/?name=Archive")) as Json[];
    page = await be("seller");
    await page.goto(`/market/resources/${resource.uuid}`);
    await page.getByText("83.5 of 100 GB").waitFor();
    await page.getByRole("link", { name: "Report use" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Change limits" }).count(), 0);
    page = await be("owner");
  });

  it("gets a last day, and is ended by typing its name", async () => {
    await page.getByRole("link", { name: "Archive" }).click();
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await page.getByRole("dialog").getByLabel("Last day (optional)").fill("2040-02-03");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByText("3 Feb 2040").or(page.getByText("Feb 3, 2040")).waitFor();
    await press("End");
    const end = page.getByRole("dialog").getByRole("button", { name: "End" });
    assert.equal(await end.isDisabled(), true);
    await page.getByRole("dialog").getByRole("textbox", { name: "Type “Archive” to confirm" }).fill("Archive");
    await looksWell("ending");
    await end.click();
    await page.getByRole("heading", { name: "End of Shared storage", level: 1 }).waitFor();
  });

  it("what the month costs, by study, and the lines of the bill add up", async () => {
    await page.getByRole("link", { name: "Costs", exact: true }).click();
    await page.getByRole("row", { name: /^Sleep/ }).waitFor();
    await page.getByRole("combobox", { name: "Budget of a study…" }).selectOption({ label: "Sleep" });
    await page.getByText("250 left of 250").waitFor();
    await looksWell("costs");
    const cents = (text: string | null): number => Number((text ?? "").replace(/[^\d]/g, ""));
    const table = page.getByRole("region", { name: /^Invoice / });
    const lines = await table.locator("tbody td:last-child").allTextContents();
    assert.ok(lines.length > 0);
    assert.equal(
      lines.reduce((sum, line) => sum + cents(line), 0),
      cents(
        await table
          .getByRole("row", { name: /^Sum of the lines/ })
          .locator("td")
          .textContent(),
      ),
    );
  });

  it("the bill is there as a table, for other programs", async () => {
    const file = page.waitForEvent("download");
    await page.getByRole("link", { name: "CSV", exact: true }).first().click();
    assert.match((await file).suggestedFilename(), /^invoice-\d{4}-\d\d-[0-9a-f]{8}\.csv$/);
  });

  it("never has an error in its console", () => {
    for (const { complaints } of Object.values(people)) assert.deepEqual(complaints, []);
  });
});
