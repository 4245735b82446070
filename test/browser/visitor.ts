import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page, Request } from "playwright-core";

/** Someone with a browser of their own: no cookies, no memory of an earlier visit. */
export interface Visitor {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What a page must never do: errors in its console, breaches of its content policy, requests to anyone else. */
  readonly complaints: string[];
  /** `Upload-Offset` of every request that carried bytes, in order. */
  readonly offsets: number[];
  leave(): Promise<void>;
}

const DEADLINE_MS = 20_000;

export async function visit(browser: Browser, origin: string, options: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({
    baseURL: origin,
    locale: "en-GB",
    colorScheme: "light",
    reducedMotion: "reduce",
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  context.setDefaultTimeout(DEADLINE_MS);
  const complaints: string[] = [];
  const offsets: number[] = [];
  context.on("page", page => watch(page, origin, complaints));
  context.on("request", request => {
    const offset = request.method() === "PATCH" && request.headers()["upload-offset"];
    if (offset) offsets.push(Number(offset));
  });
  const page = await context.newPage();
  return { page, context, complaints, offsets, leave: () => context.close() };
}

function watch(page: Page, origin: string, complaints: string[]): void {
  const complain = (what: string): void => void complaints.push(`${new URL(page.url()).pathname}: ${what}`);
  page.on("console", message => {
    // An answer like 403 is the page's to explain; the browser notes it all the same. Answers that matter are judged below.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complain(message.text());
  });
  page.on("pageerror", error => complain(error.stack ?? error.message));
  page.on("request", request => {
    const url = new URL(request.url());
    if (!["data:", "blob:"].includes(url.protocol) && url.origin !== origin) complain(`it asked ${url.href}`);
  });
  page.on("response", response => {
    if (response.status() >= 400 && isPartOfThePage(response.request())) complain(`${response.status()} ${response.url()}`);
  });
}

const isPartOfThePage = (request: Request): boolean =>
  ["document", "script", "stylesheet", "image", "font"].includes(request.resourceType());

/** Drops files and folders from the disk, as a hand with a mouse does: the browser itself opens them. */
export async function dropOn(target: Locator, paths: readonly string[]): Promise<void> {
  await target.scrollIntoViewIfNeeded();
  const box = await target.boundingBox();
  if (!box) throw new Error("Nothing is shown to drop on.");
  const page = target.page();
  const devtools = await page.context().newCDPSession(page);
  const place = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await devtools.send("Input.dispatchDragEvent", { type, ...place, data });
  await devtools.detach();
}

/** The row of one file in the list of a drop-off page. */
export const rowOf = (page: Page, name: string): Locator => page.getByRole("listitem").filter({ hasText: name });

/** Percents that the row's meter shows. */
export async function percentOf(page: Page, name: string): Promise<number> {
  const meter = rowOf(page, name).getByRole("progressbar");
  return (await meter.count()) ? Number(await meter.getAttribute("aria-valuenow")) : Number.NaN;
}
