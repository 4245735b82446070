import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const PROGRAM = "/usr/bin/chromium";
const PORTAL = join(import.meta.dirname, "../../dist/portal/index.html");
/** No sandbox: root has none. The rest keeps the browser from asking anyone but us for anything. */
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Why the tests in a browser cannot run here. */
export function browserMissing(): string | false {
  if (!existsSync(PROGRAM)) return "chromium is not installed";
  return existsSync(PORTAL) ? false : "the portal is not built (make build)";
}

export const startBrowser = (): Promise<Browser> => chromium.launch({ executablePath: PROGRAM, args: ARGS });
