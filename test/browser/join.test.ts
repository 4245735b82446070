import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import type { Json } from "../waldur/client.ts";
import { aScene, PASSWORD, type Scene } from "../waldur/scene.ts";
import { browserMissing, startBrowser } from "./chromium.ts";
import { lookAround, speak } from "./views.ts";
import { type Visitor, visit } from "./visitor.ts";

/** From the mail to the role; every step stands on the one before. */
describe("roles that people are asked by mail to take, in a browser", { skip: browserMissing() }, () => {
  let scene: Scene;
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;
  let studyLink: string;
  before(async () => {
    scene = await aScene({ REGISTRATION: "open", ACTIVATION_MAIL: "false" });
    browser = await startBrowser();
    visitor = await visit(browser, scene.havre.url);
    page = visitor.page;
  });
  after(async () => {
    await browser?.close();
    await scene?.close();
  });

  const MAIL = "new.comer@example.org";
  const field = (label: string) => page.getByRole("textbox", { name: label });
  const press = (label: string): Promise<void> => page.getByRole("button", { name: label, exact: true }).click();
  const sees = (words: string): Promise<void> => page.getByText(words).first().waitFor();
  const looksWell = async (title: string): Promise<void> => {
    assert.deepEqual(await lookAround(page, `join ${title}`), []);
    await speak(page, "en");
    await page.setViewportSize({ width: 1280, height: 900 });
  };
  async function signIn(username: string): Promise<void> {
    await field("User name").fill(username);
    await field("Password").fill(PASSWORD);
    await press("Sign in");
  }
  /** The path that the newest mail to somebody leads to. */
  async function linkTo(recipient: string): Promise<string> {
    const mails = scene.store.db.selectFrom("mail").select("text").where("recipient", "=", recipient);
    const { text } = await mails.orderBy("id", "desc").executeTakeFirstOrThrow();
    const link = /\/join\/\S+/.exec(text)?.[0];
    assert.ok(link, text);
    return link;
  }
  const invite = (role: string, scope: string): Promise<{ uuid: string }> =>
    scene.owner.create("/api/user-invitations/", { email: MAIL, role, scope });

  it("whoever has no account makes one on the way, and is led back to the invitation", async () => {
    await invite("PROJECT.MEMBER", scene.project.url);
    studyLink = await linkTo(MAIL);
    await page.goto(studyLink);
    await page.getByRole("heading", { name: "You are invited", level: 1 }).waitFor();
    await sees(`This invitation was sent to ${MAIL}.`);
    await looksWell("invited");
    await page.getByRole("link", { name: "I have no account yet" }).click();
    await field("User name").fill("newcomer");
    await field("E-mail address").fill(MAIL);
    await field("Password").fill(PASSWORD);
    await press("Make my account");
    await page.getByRole("heading", { name: "Sign in", level: 1 }).waitFor();
    await signIn("newcomer");
    await press("Accept");
    await page.getByRole("heading", { name: "Studies", level: 1 }).waitFor();
    await page.getByRole("link", { name: "Sleep" }).waitFor();
  });

  it("an invitation that was accepted, taken back, or never was says so", async () => {
    const { uuid } = await invite("PROJECT.ADMIN", scene.project.url);
    const link = await linkTo(MAIL);
    await scene.owner.post(`/api/user-invitations/${uuid}/cancel/`);
    for (const over of [studyLink, link, "/join/nothing", `/join/${"0".repeat(32)}`]) {
      await page.goto(over);
      await sees("This invitation cannot be accepted, or no longer");
      assert.equal(await page.getByRole("button", { name: "Accept" }).count(), 0, over);
    }
    await looksWell("over");
  });

  it("a server that cannot be asked is not an invitation that is over", async () => {
    await invite("PROJECT.ADMIN", scene.project.url);
    const link = await linkTo(MAIL);
    await page.route("**/check/", route => route.abort());
    await page.goto(link);
    const again = page.getByRole("button", { name: "Try again" });
    await again.waitFor();
    assert.equal(await page.getByText("This invitation cannot be accepted").count(), 0);
    await page.unroute("**/check/");
    await again.click();
    await page.getByRole("button", { name: "Accept" }).waitFor();
  });

  it("an owner of an organisation is agreed to by whoever runs the server, signed in or not", async () => {
    await invite("CUSTOMER.OWNER", scene.customer.url);
    const link = await linkTo("admin@example.org");
    const other = await visit(browser, scene.havre.url);
    try {
      await other.page.goto(link);
      await other.page.getByRole("heading", { name: "An invitation to approve", level: 1 }).waitFor();
      assert.deepEqual(await lookAround(other.page, "join approve"), []);
      await speak(other.page, "en");
      await other.page.getByRole("button", { name: "Approve", exact: true }).click();
      await other.page.getByText("Approved: the invitation is on its way.").waitFor();
      await other.page.goto(link);
      await other.page.getByRole("button", { name: "Reject", exact: true }).click();
      await other.page.getByText("This token is not valid, or no longer.").waitFor();
      assert.deepEqual(other.complaints, []);
    } finally {
      await other.leave();
    }
    await page.goto(await linkTo(MAIL));
    await press("Accept");
    await page.getByRole("heading", { name: "Studies", level: 1 }).waitFor();
    const people: Json[] = await scene.staff.get(`/api/customers/${scene.customer.uuid}/users/`);
    assert.equal(people.find(one => one.username === "newcomer")?.role_name, "CUSTOMER.OWNER");
  });

  it("somebody with another address is told so", async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await scene.owner.create("/api/user-invitations/", {
      email: "another@example.org",
      role: "PROJECT.MEMBER",
      scope: scene.project.url,
    });
    await page.goto(await linkTo("another@example.org"));
    await page.getByRole("main").getByRole("link", { name: "Sign in to accept" }).click();
    await signIn("stranger");
    await press("Accept");
    await sees("This invitation was sent to another e-mail address than that of your account.");
    await looksWell("another address");
  });

  it("and the pages never break", () => assert.deepEqual(visitor.complaints, []));
});
