import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { Client } from "../harness/client.ts";
import { type Havre, startHavre, until } from "../harness/havre.ts";
import { browserMissing, startBrowser } from "./chromium.ts";
import { type Visitor, visit } from "./visitor.ts";

const PASSWORDS = ["correct-Horse-7-battery", "another-Lantern-44-sheep", "third-Teapot-91-window"] as const;
const MAIL = "robin@uni.example.org";

/** One walk, from registration to removal; every step stands on the one before. */
describe("an account, in a browser", { skip: browserMissing() }, () => {
  let havre: Havre;
  let admin: Client;
  let browser: Browser;
  let robin: Visitor;
  let page: Page;
  let name = "robin";
  let password: string = PASSWORDS[0];

  before(async () => {
    havre = await startHavre({
      env: { REGISTRATION: "open", ACTIVATION_MAIL: "true", REGISTRATION_DOMAINS: "uni.example.org" },
    });
    admin = await new Client(havre.url).signIn();
    browser = await startBrowser();
    robin = await visit(browser, havre.url, { permissions: ["clipboard-read", "clipboard-write"] });
    page = robin.page;
  });
  after(async () => {
    await browser?.close();
    await havre?.stop();
  });

  const field = (label: string) => page.getByRole("textbox", { name: label });
  const press = (label: string): Promise<void> => page.getByRole("button", { name: label, exact: true }).click();
  const sees = (words: string | RegExp): Promise<void> => page.getByText(words).first().waitFor();
  const tab = (label: string): Promise<void> => page.getByRole("tab", { name: label }).click();
  const clipboard = (): Promise<string> => page.evaluate<string>("navigator.clipboard.readText()");
  async function signIn(): Promise<void> {
    await field("User name").fill(name);
    await field("Password").fill(password);
    await press("Sign in");
    await page.getByRole("heading", { name: "Studies", level: 1 }).waitFor();
  }
  /** Of the newest mail of a kind. */
  const linkOf = (purpose: string, after = ""): Promise<string> =>
    until(async () => {
      const { results } = await admin.get("/api/v1/mails/");
      const mail = results.find((one: { to: string; kind: string }) => one.to === MAIL && one.kind === `account-${purpose}`);
      const link = /https?:\/\/\S+\/account\/\S+/.exec(mail?.text ?? "")?.[0];
      return link === after ? undefined : link;
    }, `the ${purpose} mail`);
  const meByToken = async (token: string): Promise<number> =>
    (await fetch(`${havre.url}/api/auth/users/me/`, { headers: { authorization: `Token ${token}` } })).status;

  it("is made by its owner, who is told what is wrong, and waits for its activation", async () => {
    await page.goto("/sign-in");
    await page.getByRole("link", { name: "Make an account" }).click();
    await sees("Accounts here are for addresses at uni.example.org.");
    await field("User name").fill("a b");
    await field("E-mail address").fill("robin@elsewhere.example");
    await field("Password").fill("12345");
    await press("Make my account");
    await sees("A user name has letters, digits");
    assert.equal(await field("E-mail address").getAttribute("aria-invalid"), "true");
    await field("User name").fill(name);
    await field("E-mail address").fill(MAIL);
    await press("Make my account");
    await sees("This password is too short: it must have at least 8 characters.");
    await field("Password").fill(password);
    await press("Make my account");
    await sees(`A mail is on its way to ${MAIL}`);
  });

  it("is activated by the link in the mail, which uses nothing up by being opened", async () => {
    const link = await linkOf("activation");
    await page.goto(link);
    await page.getByRole("heading", { name: "Activate your account" }).waitFor();
    await page.reload();
    await press("Activate my account");
    await sees("Your account is active.");
    await signIn();
    await page.goto(link);
    await press("Activate my account");
    await sees("This link was used before, or is too old.");
  });

  it("has a profile: names, faculty, ORCID iD, language", async () => {
    await page.goto("/studies");
    await page.getByRole("link", { name: /^Your account/ }).click();
    await field("First name").fill("Robin");
    await field("Last name").fill("Researcher");
    const university = page.getByRole("combobox", { name: "University" });
    await university.locator("option").nth(1).waitFor({ state: "attached" });
    await university.selectOption({ label: "University of Groningen" });
    await page.getByRole("combobox", { name: "Faculty" }).selectOption({ label: "Faculty of Arts" });
    await field("ORCID iD").fill("0000-0002-1825-0098");
    await press("Save");
    await sees("Enter a valid ORCID iD");
    await field("ORCID iD").fill("0000-0002-1825-0097");
    await page.getByRole("combobox", { name: "Language of your mails" }).selectOption("nl");
    await press("Save");
    await sees("Your profile is saved.");
    await page.reload();
    await until(async () => (await field("ORCID iD").inputValue()) === "https://orcid.org/0000-0002-1825-0097", "the saved iD");
    const faculty = page.getByRole("combobox", { name: "Faculty" }).locator("option:checked");
    await until(async () => (await faculty.textContent()) === "Faculty of Arts", "the saved faculty");
    await page.getByRole("link", { name: "Your account: Robin" }).waitFor();
  });

  it("changes its address, password and name", async () => {
    await tab("Signing in");
    const panel = (title: string) =>
      page.locator("section").filter({ has: page.getByRole("heading", { name: title, exact: true }) });
    const mail = panel("E-mail address");
    await mail.getByRole("textbox").fill("someone@elsewhere.example");
    await mail.getByRole("button").click();
    await sees("The address is saved.");
    await mail.getByRole("textbox").fill(MAIL);
    await mail.getByRole("button").click();
    await until(
      async () => (await admin.get("/api/auth/users/?page=last")).results.some((one: { email: string }) => one.email === MAIL),
      "the address",
    );

    const change = panel("Password");
    await change.getByRole("textbox", { name: "Current password" }).fill("wrong");
    await change.getByRole("textbox", { name: "New password" }).fill(PASSWORDS[1]);
    await change.getByRole("button", { name: "Change the password" }).click();
    await sees("This is not your password.");
    await change.getByRole("textbox", { name: "Current password" }).fill(password);
    await change.getByRole("button", { name: "Change the password" }).click();
    await sees("The new password is saved.");
    password = PASSWORDS[1];

    const rename = panel("User name");
    await rename.getByRole("textbox", { name: "New user name" }).fill("admin");
    await rename.getByRole("textbox", { name: "Current password" }).fill(password);
    await rename.getByRole("button", { name: "Change the user name" }).click();
    await sees("This user name is taken.");
    await rename.getByRole("textbox", { name: "New user name" }).fill("robin.r");
    await rename.getByRole("button", { name: "Change the user name" }).click();
    await sees("You sign in as robin.r.");
    name = "robin.r";
  });

  it("makes a token that is shown once and works, and renews it", async () => {
    await tab("Keys for programs");
    const tokens: string[] = [];
    for (const action of ["Make: API token", "Renew: API token"]) {
      await press(action);
      await page.getByRole("dialog").getByRole("textbox", { name: "Current password" }).fill(password);
      await press("Show it once");
      await sees("Copy this now");
      await page.getByRole("button", { name: "Copy: API token" }).click();
      tokens.push(await clipboard());
      await press("I have kept it");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.reload();
      assert.ok(!(await page.content()).includes(tokens.at(-1) ?? ""));
    }
    assert.deepEqual(await Promise.all(tokens.map(meByToken)), [401, 200]);
    await press("Renew: Hawk token");
    await page.getByRole("dialog").getByRole("textbox", { name: "Current password" }).fill(password);
    await press("Show it once");
    await page.getByRole("button", { name: "Copy: Hawk key" }).click();
    assert.match(await clipboard(), /^[A-Za-z0-9]{32}$/);
    await page.keyboard.press("Escape");
  });

  it("sees its browsers, and signs out everywhere else", async () => {
    const elsewhere = await new Client(havre.url).signIn({ username: name, password });
    await tab("Browsers");
    await sees("Chrome, Linux");
    assert.equal(await page.getByText("This browser").count(), 1);
    await press("Sign out everywhere else");
    await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
    await sees("Every other browser is signed out.");
    assert.equal((await elsewhere.ask("GET", "/api/auth/users/me/")).status, 401);
    assert.equal(await page.getByRole("main").getByRole("listitem").count(), 1);
  });

  it("comes back by mail when the password or the name is forgotten", async () => {
    await press("Sign out");
    await page.goto("/sign-in");
    await page.getByRole("link", { name: "Trouble signing in" }).click();
    await field("E-mail address").fill("nobody@example.org");
    await press("Send the mail");
    await sees("If there is an account with nobody@example.org");
    await page.goto("/forgot");
    await field("E-mail address").fill(MAIL);
    await press("Send the mail");
    await sees(`If there is an account with ${MAIL}`);
    await page.goto(await linkOf("password"));
    await field("New password").fill(name);
    await press("Save the new password");
    await sees(/too short|too much like/);
    await field("New password").fill(PASSWORDS[2]);
    await press("Save the new password");
    await sees("The new password is saved.");
    password = PASSWORDS[2];
    await page.goto("/forgot");
    await page.getByRole("combobox", { name: "What do you need?" }).selectOption("username");
    await field("E-mail address").fill(MAIL);
    await press("Send the mail");
    await page.goto(await linkOf("username"));
    await field("New user name").fill("robin.again");
    await press("Save the new user name");
    await sees("The new user name is saved.");
    name = "robin.again";
    await signIn();
  });

  it("ends when its owner says so twice", async () => {
    await page.goto("/account?tab=signing-in");
    await press("Remove my account");
    await page.getByRole("dialog").getByRole("textbox").fill("wrong");
    await press("Remove it for good");
    await sees("This is not your password.");
    await page.getByRole("dialog").getByRole("textbox").fill(password);
    await press("Remove it for good");
    await page.getByRole("heading", { name: "A safe harbour for research data" }).waitFor();
    await page.goto("/account");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
  });

  it("never meets an error in the console, a breach of the policy or a stranger's server", () =>
    assert.deepEqual(robin.complaints, []));
});
