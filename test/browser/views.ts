import { join } from "node:path";
import axe from "axe-core";
import type { Page } from "playwright-core";

/** Every two of language, colours and width meet in one of these. */
export const VIEWS = [
  { language: "en", scheme: "light", width: 390 },
  { language: "en", scheme: "dark", width: 1280 },
  { language: "nl", scheme: "light", width: 1280 },
  { language: "nl", scheme: "dark", width: 390 },
] as const;
export type View = (typeof VIEWS)[number];

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
/** Chromium may keep transitions that are finished in its list for ever. */
const SETTLED = `new Promise(done => {
  const moves = animation => animation.pending || animation.playState === "running";
  const look = () => (document.getAnimations().some(moves) ? requestAnimationFrame(look) : done());
  requestAnimationFrame(() => requestAnimationFrame(look));
})`;
/** A folder for a picture of every page in every state, to be looked at by a person; none are made without it. */
const PICTURES = process.env.HAVRE_TEST_PICTURES;

/** Looks at a page from all sides. @param without rules that do not hold here, for a reason. @returns what is wrong with it */
export async function lookAround(page: Page, title: string, without: readonly string[] = []): Promise<string[]> {
  const wrong: string[] = [];
  for (const view of VIEWS) {
    await show(page, view);
    const name = Object.values(view).join("-");
    wrong.push(...(await faults(page, without)).map(fault => `${name}: ${fault}`));
    if (PICTURES) await picture(page, `${title}-${name}`);
  }
  return wrong;
}

/** By the page's own switch, also when a dialog lies over it. */
export async function speak(page: Page, language: "en" | "nl"): Promise<void> {
  const button = page.getByRole("button", { name: new RegExp(`^${language}, `, "i"), includeHidden: true });
  if (await button.count()) await button.evaluate(element => element.click());
  if (await button.count()) await page.locator(`html[lang=${language}]`).waitFor({ state: "attached" });
}

async function show(page: Page, { language, scheme, width }: View): Promise<void> {
  await speak(page, language);
  await page.emulateMedia({ colorScheme: scheme });
  await page.setViewportSize({ width, height: 900 });
  await page.locator(`html[data-mantine-color-scheme=${scheme}]`).waitFor({ state: "attached" });
  // Colours flow from the old to the new, however fast; in between they mean nothing.
  await page.evaluate(SETTLED);
}

/** What axe finds, and what sticks out of the page. */
async function faults(page: Page, without: readonly string[]): Promise<string[]> {
  // From its top: what the head of the page covers now can be scrolled from under it.
  await page.evaluate("scrollTo(0, 0)");
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(axe.source);
  const rules = Object.fromEntries(without.map(rule => [rule, { enabled: false }]));
  const options = JSON.stringify({ runOnly: { type: "tag", values: RULES }, rules, resultTypes: ["violations"], iframes: false });
  const { violations } = await page.evaluate<axe.AxeResults>(`axe.run(document, ${options})`);
  const tooWide = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
  return [
    ...violations.flatMap(({ id, nodes }) => nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ""}`)),
    ...(tooWide > 0 ? [`${tooWide} px stick out`] : []),
  ];
}

const picture = (page: Page, name: string): Promise<unknown> =>
  page.screenshot({ path: join(PICTURES ?? "", `${name.replaceAll(/[^a-z0-9]+/g, "-")}.png`), fullPage: true });
