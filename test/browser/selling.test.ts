import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { ADMIN } from "../harness/havre.ts";
import type { Json } from "../waldur/client.ts";
import { aScene, PASSWORD, type Scene } from "../waldur/scene.ts";
import { browserMissing, startBrowser } from "./chromium.ts";
import { lookAround, speak } from "./views.ts";
import { type Visitor, visit } from "./visitor.ts";

/** One walk of a provider, from the first draft to the reports of what was used; every step stands on the one before. */
describe("an organisation sells, in a browser", { skip: browserMissing() }, () => {
  let scene: Scene;
  let browser: Browser;
  let seller: Visitor;
  let page: Page;
  let uuid: string;
  before(async () => {
    scene = await aScene();
    browser = await startBrowser();
    seller = await enter("seller", PASSWORD);
    page = seller.page;
  });
  after(async () => {
    await browser?.close();
    await scene?.close();
  });

  async function enter(username: string, password: string): Promise<Visitor> {
    const visitor = await visit(browser, scene.havre.url);
    await visitor.page.goto("/sign-in");
    await visitor.page.getByRole("textbox", { name: "User name" }).fill(username);
    await visitor.page.getByRole("textbox", { name: "Password" }).fill(password);
    await visitor.page.getByRole("button", { name: "Sign in", exact: true }).click();
    await visitor.page.getByRole("heading", { name: "Studies", level: 1 }).waitFor();
    return visitor;
  }
  const press = (name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();
  const dialog = () => page.getByRole("dialog");
  const saved = async (): Promise<void> => {
    await page.getByText("Saved.", { exact: true }).last().waitFor();
    await page.getByRole("button", { name: "Close" }).last().click();
  };
  const looksWell = async (title: string): Promise<void> => {
    // What the head of the page lies over would be called too small.
    await page.evaluate("scrollTo(0, 0)");
    assert.deepEqual(await lookAround(page, `selling ${title}`), []);
    await speak(page, "en");
    await page.setViewportSize({ width: 1280, height: 900 });
  };

  it("learns what the page is for, and makes a draft", async () => {
    await page.getByRole("link", { name: "Market" }).click();
    await page.getByRole("link", { name: "Selling" }).click();
    await page.getByText("You offer nothing yet").waitFor();
    await looksWell("empty");
    await page.getByRole("link", { name: "New offering" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("Archive space");
    await page.getByRole("textbox", { name: "In a few words" }).fill("Tapes that last.");
    await looksWell("new");
    await press("Make the draft");
    await page.getByRole("heading", { name: "Archive space", level: 1 }).waitFor();
    await page.getByText("Nothing is counted yet").waitFor();
    uuid = new URL(page.url()).pathname.split("/").at(-1) ?? "";
  });

  it("says what is counted, and is told beside the field what is wrong", async () => {
    await press("Add a component");
    await dialog().getByRole("textbox", { name: "Name" }).fill("Tape");
    await dialog().getByRole("textbox", { name: "Its word in programs" }).fill("tape space");
    await dialog().getByRole("button", { name: "Save" }).click();
    await dialog().getByText("Enter a valid component type").waitFor();
    await dialog().getByRole("textbox", { name: "Its word in programs" }).fill("tape_tb");
    await dialog().getByRole("textbox", { name: "Unit" }).fill("TB");
    await dialog().getByRole("textbox", { name: "At most, of one resource" }).fill("50");
    await looksWell("component");
    await dialog().getByRole("button", { name: "Save" }).click();
    await saved();
    await press("Add a component");
    await dialog().getByRole("textbox", { name: "Name" }).fill("Reads");
    await dialog().getByRole("textbox", { name: "Its word in programs" }).fill("reads");
    await dialog().getByRole("combobox", { name: "How it is billed" }).selectOption({ label: "by what you use" });
    await dialog().getByRole("button", { name: "Save" }).click();
    await saved();
    await looksWell("components");
  });

  it("gives it a plan with prices", async () => {
    await page.getByRole("tab", { name: "Plans" }).click();
    await page.getByText("No plans yet").waitFor();
    await press("Add a plan");
    await dialog().getByRole("textbox", { name: "Name" }).fill("Standard");
    await dialog().getByRole("textbox", { name: "Price: Tape" }).fill("cheap");
    await dialog().getByRole("button", { name: "Save" }).click();
    await dialog().getByText("A valid number is required.").waitFor();
    await dialog().getByRole("textbox", { name: "Price: Tape" }).fill("2,50");
    await dialog().getByRole("textbox", { name: "Price: Reads" }).fill("0.001");
    await looksWell("plan");
    await dialog().getByRole("button", { name: "Save" }).click();
    await saved();
    await page.getByText("Tape: €2.50 · Reads: €0.001").waitFor();
  });

  it("asks questions, describes it, and sets its rules", async () => {
    await page.getByRole("tab", { name: "Forms" }).click();
    const asked = page.getByRole("region", { name: "What is asked when somebody orders" }).or(page.locator("section").first());
    await asked.getByRole("button", { name: "Add a question" }).click();
    await asked.getByRole("textbox", { name: "Question" }).fill("What for");
    await asked.getByRole("textbox", { name: "Its word in programs" }).fill("purpose");
    await asked.getByRole("combobox", { name: "Answered with" }).selectOption({ label: "One of several choices" });
    await asked.getByRole("textbox", { name: "Choices" }).fill("Backup\nArchive");
    await looksWell("form");
    await asked.getByRole("button", { name: "Save" }).click();
    await saved();
    await page.getByRole("tab", { name: "Attributes" }).click();
    await press("Add a line");
    await page.getByRole("textbox", { name: "What" }).fill("place");
    await page.getByRole("textbox", { name: "Value" }).fill("Groningen");
    await press("Save");
    await saved();
    await page.getByRole("tab", { name: "Texts" }).click();
    await page.getByRole("textbox", { name: "Terms of use" }).fill("Keep it tidy.");
    await looksWell("texts");
    await press("Save");
    await saved();
    await page.getByRole("tab", { name: "Rules" }).click();
    await page.getByRole("textbox", { name: "The most that one study may have" }).fill("3");
    await looksWell("rules");
    await press("Save");
    await saved();
    const offering: Json = await scene.seller.get(`/api/marketplace-provider-offerings/${uuid}/`);
    assert.deepEqual(offering.attributes, { place: "Groningen" });
    assert.deepEqual(offering.plugin_options, { maximal_resource_count_per_project: 3 });
    assert.deepEqual(offering.options.options.purpose.choices, ["Backup", "Archive"]);
    assert.equal(offering.terms_of_service, "Keep it tidy.");
  });

  it("a superuser puts it on the market; the provider pauses it with a reason, and goes on", async () => {
    assert.equal(await page.getByRole("button", { name: "Put on the market" }).count(), 0);
    const chief = await enter(ADMIN.username, ADMIN.password);
    await chief.page.goto(`/market/selling/offerings/${uuid}`);
    await chief.page.getByRole("button", { name: "Put on the market" }).click();
    await chief.page.getByRole("status").getByText("On offer", { exact: true }).waitFor();
    assert.deepEqual(chief.complaints, []);
    await chief.leave();
    await page.reload();
    await press("Pause");
    await dialog().getByRole("textbox", { name: "Why" }).fill("The robot is being cleaned.");
    await dialog().getByRole("button", { name: "Pause" }).click();
    await page.getByText("The robot is being cleaned.").waitFor();
    await press("Go on");
    await page.getByRole("status").getByText("On offer", { exact: true }).waitFor();
    await looksWell("active");
  });

  it("finds an order to do, makes it, and says that it is there", async () => {
    const [offering] = (await scene.owner.get("/api/marketplace-public-offerings/")) as Json[];
    const order = await scene.owner.create("/api/marketplace-orders/", {
      project: scene.project.url,
      offering: offering.url,
      plan: offering.plans[0].url,
      attributes: { name: "Sleep tapes", purpose: "Backup" },
      limits: { tape_tb: 5 },
      accepting_terms_of_service: true,
    });
    await page.getByRole("link", { name: "Selling" }).first().click();
    await page.getByRole("button", { name: "It is made: Sleep tapes" }).waitFor();
    await looksWell("to do");
    await press("It is made: Sleep tapes");
    await page.getByText("Nothing to do").waitFor();
    assert.equal((await scene.owner.get(`/api/marketplace-orders/${order.uuid}/`)).state, "done");
  });

  it("reports what was used, and a file of reports after looking through it", async () => {
    await page.getByRole("link", { name: "Report use" }).click();
    await page.getByRole("textbox", { name: "Reads" }).fill("12.5");
    await press("Report");
    await page.getByText("Reported. It replaces what was reported for the month.").waitFor();
    const usages = async (): Promise<Json[]> => scene.seller.get("/api/marketplace-component-usages/?o=type");
    assert.deepEqual(
      (await usages()).map(({ type, usage }) => [type, usage]),
      [["reads", "12.50"]],
    );
    const choose = async (text: string): Promise<void> => {
      const chooser = page.waitForEvent("filechooser");
      await press("Choose a file");
      await (await chooser).setFiles({ name: "use.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
    };
    await choose("resource,type,amount\nSleep tapes,reads,many\nNobody's,reads,1\n");
    await page.getByText("Line 2: “many” is no amount").waitFor();
    await page.getByText("Line 3: “Nobody's” is nothing that you provide").waitFor();
    await looksWell("file with problems");
    await choose("resource,type,amount\nSleep tapes,reads,20\nSleep tapes,tape_tb,4.5\n");
    await page.getByText("use.csv: 2 lines read, 0 to put right.").waitFor();
    await press("Send 1 report");
    await page.getByText("1 reports taken, 0 refused.").waitFor();
    const told = (await usages()).map(({ type, usage }) => `${type} ${usage}`).sort();
    assert.deepEqual(told, ["reads 20.00", "tape_tb 4.50"]);
    await choose("resource,type,amount\nSleep tapes,llamas,1\n");
    await press("Send 1 report");
    await page.getByText("0 reports taken, 1 refused.").waitFor();
    await page.getByText("Sleep tapes: These components are invalid: llamas.").waitFor();
  });

  it("never has an error in its console", () => assert.deepEqual(seller.complaints, []));
});
