import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

/**
 * Reads every source file and tells what breaks the cut of the tree: `file:line: what, and why not`.
 * Run as a program it prints them and fails; the rules are in docs/architecture.md.
 */

const ROOT = join(import.meta.dirname, "..");
const FOLDERS = ["src", "portal", "test", "bench", "emulators", "scripts"];
const MOST_LINES = 400;
/** A list of cases is searched, not read in one go. */
const MOST_TEST_LINES = 800;
/** Word lists are looked up, not read. */
const MAY_BE_LONG = /^portal\/src\/words\//;

/** What a place may import besides its own files, and why no more. The longest place that fits a file counts. */
const ARROWS: readonly { from: string; to: readonly string[]; why: string }[] = [
  { from: "src/main.ts", to: ["src"], why: "main.ts wires what is in src, and tests stay out of the product" },
  { from: "src/commands", to: ["src"], why: "the commands are main.ts in parts: they wire what is in src" },
  { from: "src/config.ts", to: ["src/kernel", "src/settings"], why: "settings are read before anything else exists" },
  { from: "src/settings", to: ["src/kernel"], why: "settings are read before anything else exists" },
  { from: "src/kernel", to: [], why: "the kernel is what everything rests on, so it rests on nothing" },
  {
    from: "src/ports",
    to: ["src/kernel"],
    why: "a port says what is needed of the outside, and knows neither who asks nor who does it",
  },
  {
    from: "src/store",
    to: ["src/kernel", "src/core/*/model.ts"],
    why: "the store keeps the core's words and knows none of its rules",
  },
  { from: "src/core", to: ["src/kernel", "src/store"], why: "the core decides; whatever is slow or outside is an errand" },
  {
    from: "src/core/world.ts",
    to: ["src/kernel", "src/store", "src/ports"],
    why: "the world names what main.ts wires, and nothing more",
  },
  { from: "src/core/uploads", to: ["src/kernel", "src/store", "src/ports"], why: "uploads reach bytes through a port only" },
  { from: "src/core/files", to: ["src/kernel", "src/store", "src/ports"], why: "files are streamed through a port only" },
  {
    from: "src/drivers",
    to: ["src/kernel", "src/ports", "src/drivers/http", "src/drivers/s3"],
    why: "a driver knows its port and nobody else, so that it can be swapped",
  },
  {
    from: "src/errands",
    to: ["src/kernel", "src/core", "src/ports", "src/store/errands.ts"],
    why: "an errand joins the core to ports; which driver is behind one is main.ts's choice",
  },
  {
    from: "src/demo",
    to: ["src/kernel", "src/core", "src/store"],
    why: "the demo is made with the core's verbs, as a user would",
  },
  { from: "src/http", to: ["src/kernel", "src/core"], why: "HTTP serves any dialect and knows none" },
  {
    from: "src/dialects",
    to: ["src/kernel", "src/http", "src/core"],
    why: "a dialect translates to core verbs and does nothing else",
  },
  { from: "portal", to: [], why: "the portal speaks HTTP only" },
  { from: "emulators", to: ["src/kernel"], why: "an emulator must not share the mistakes of what it tests" },
  { from: "test", to: ["src", "emulators", "portal"], why: "tests stand above the product" },
  { from: "bench", to: ["src", "emulators", "test"], why: "benchmarks stand above the product" },
  { from: "scripts", to: ["src", "test"], why: "scripts stand above the product" },
];

/** A test wires what it tries, as main.ts does: the real store, a real driver, the harness. */
const FOR_TESTS = ["test", "emulators", "src/store", "src/drivers"];
/** main.ts hands the environment to config.ts, which alone knows what is in it. */
const ENVIRONMENT_READERS = /^(src\/config\.ts$|src\/main\.ts$|scripts\/|test\/|bench\/|emulators\/|portal\/vite\.config\.ts$)/;
const SQL_SPEAKERS = /^(src\/store|src\/drivers\/postgres|test|bench|scripts)\//;
const IMPORT =
  /^\s*(?:import|export)\b[^"';]*?\bfrom\s+["']([^"']+)["']|^\s*import\s+["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm;
const UNFINISHED = new RegExp(`\\b(${["TO", "FIX", "X"].map((a, i) => a + ["DO", "ME", "XX"][i]).join("|")})\\b`);

const isTest = (file: string): boolean => /\.(test|suite|fixture)\.tsx?$/.test(file);
const isIn = (file: string, place: string): boolean => file === place || file.startsWith(`${place}/`);

/** @returns the reason why `from` may not import `to`, both paths from the root; undefined when it may */
export function refusal(from: string, to: string): string | undefined {
  const subject = from.replace(/\.(test|suite|fixture)(?=\.tsx?$)/, ""); // a test stands where what it tests does
  const place = ARROWS.filter(arrow => isIn(subject, arrow.from)).sort((a, b) => b.from.length - a.from.length)[0];
  if (!place) return "no rule for this place: add one to scripts/check-arrows.ts";
  const own = topOf(subject) === topOf(to);
  if (isTest(from) && FOR_TESTS.some(allowed => isIn(to, allowed))) return undefined;
  if (!own && !place.to.some(allowed => fits(to, allowed))) return place.why;
  return behindFace(from, to) ?? betweenDrivers(from, to) ?? betweenDialects(from, to);
}

const fits = (file: string, place: string): boolean =>
  place.includes("*") ? new RegExp(`^${place.replace("*", "[^/]+")}$`).test(file) : isIn(file, place);

/** The folder whose files are "own": src/x, or the top folder outside src. */
const topOf = (file: string): string => (file.startsWith("src/") ? file.split("/").slice(0, 2).join("/") : file.split("/")[0]!);

function behindFace(from: string, to: string): string | undefined {
  const area = /^src\/core\/[^/]+(?=\/)/.exec(to)?.[0];
  if (!area || isIn(from, area) || /^(test|bench|scripts)\//.test(from)) return undefined;
  if (isTest(from) && to.endsWith(".fixture.ts")) return undefined;
  if (["index.ts", "model.ts"].includes(to.slice(area.length + 1))) return undefined;
  return "an area shows one face: import its index.ts or model.ts, or ask for what is missing there";
}

/** Clients that drivers of several ports rest on. */
const CLIENTS = ["src/drivers/http", "src/drivers/s3"];

/** drivers/PORT/NAME is one driver. It may use what lies directly in drivers/PORT, and the clients; only all.ts knows them all. */
function betweenDrivers(from: string, to: string): string | undefined {
  if (!isIn(from, "src/drivers") || !isIn(to, "src/drivers") || CLIENTS.some(client => isIn(to, client))) return undefined;
  if (isTest(from)) return undefined; // a layer is tested over some driver
  const mine = dirname(from);
  if (from.endsWith("/all.ts") && isIn(to, mine)) return undefined;
  const unit = mine.split("/").slice(0, 4).join("/");
  if (isIn(to, unit)) return undefined;
  if (isIn(unit, dirname(to)) && !to.endsWith("/all.ts")) return undefined;
  return "no driver imports another: what they share lies in the port's own folder, or is a client such as drivers/http";
}

function betweenDialects(from: string, to: string): string | undefined {
  const [mine, theirs] = [from, to].map(file => /^src\/dialects\/([^/]+)\//.exec(file)?.[1]);
  return mine && theirs && mine !== theirs ? "no dialect imports another: what they share is http or core" : undefined;
}

/** Everything wrong with one file. `file` is its path from the root. */
export function problemsOf(file: string, text: string): string[] {
  const problems: string[] = [];
  const lineAt = (index: number): number => text.slice(0, index).split("\n").length;
  const at = (line: number, words: string): void => void problems.push(`${file}:${line}: ${words}`);
  for (const match of text.matchAll(IMPORT)) {
    const name = match[1] ?? match[2] ?? match[3] ?? "";
    const line = lineAt(match.index + match[0].length);
    const why = name.startsWith(".") ? refusal(file, normalize(join(dirname(file), name))) : refusedPackage(file, name);
    if (why) at(line, `imports ${name}: ${why}`);
  }
  const lines = text.split("\n");
  const most = isTest(file) || file.startsWith("test/") ? MOST_TEST_LINES : MOST_LINES;
  if (lines.length > most + 1 && !MAY_BE_LONG.test(file))
    at(most + 1, `is longer than ${most} lines: nobody reads that in one go, so cut it`);
  lines.forEach((line, index) => {
    if (UNFINISHED.test(line)) at(index + 1, "is unfinished: do it now, or write what stands");
    if (/\bprocess\.env\b/.test(line) && !ENVIRONMENT_READERS.test(file) && !isTest(file))
      at(index + 1, "reads the environment: settings come from src/config.ts");
  });
  return problems;
}

function refusedPackage(file: string, name: string): string | undefined {
  if (/^(kysely|pg)$/.test(name) && !SQL_SPEAKERS.test(file) && !isTest(file)) return "only src/store speaks SQL";
  return undefined;
}

/** @param root the folder of the checkout */
export function checkTree(root: string): string[] {
  return FOLDERS.flatMap(folder => sourcesIn(join(root, folder))).flatMap(file =>
    problemsOf(relative(root, file), readFileSync(file, "utf8")),
  );
}

function sourcesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter(name => /\.tsx?$/.test(name) && !/(^|\/)(node_modules|dist)\//.test(name))
      .map(name => join(folder, name))
      .sort();
  } catch {
    return []; // a checkout without this folder
  }
}

if (import.meta.main) {
  const problems = checkTree(ROOT);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
