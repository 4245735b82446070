import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ACCEPTED, SECTIONS, type Setting } from "../src/config.ts";
import { KINDS, snake } from "../src/core/administration/index.ts";
import { makeAgave } from "../src/dialects/agave/index.ts";
import { makeGodocker } from "../src/dialects/godocker/index.ts";
import { makeVre } from "../src/dialects/vre/index.ts";
import { makeWaldur } from "../src/dialects/waldur/index.ts";
import type { Dialect } from "../src/http/dialect.ts";
import type { Route } from "../src/http/route.ts";
import { AGAVE_OPERATIONS } from "../test/contract/agave-operations.ts";
import { nameOf, OPERATIONS, SECTIONS as SECTIONS_OF_CONTRACT, servingRow } from "../test/contract/operations.ts";
import { nameOfRow, WALDUR } from "../test/contract/waldur-operations.ts";

/**
 * Writes into the docs what the code knows better: between `<!-- made: NAME -->` and `<!-- end -->` stands what the maker of that
 * name says. Run as a program it writes; a test compares, so that a page never tells something else than the code.
 */

const ROOT = join(import.meta.dirname, "..");
const MADE = /(<!-- made: (\S+) -->\n)[\s\S]*?(<!-- end -->)/g;

const MAKERS: Readonly<Record<string, () => string>> = {
  settings,
  "accepted-settings": acceptedSettings,
  "vre-routes": () => routesOf(makeVre({ version: "", demo: undefined })),
  "godocker-routes": () => routesOf(makeGodocker({ root: "" })),
  "agave-contract": agaveContract,
  "vre-contract": vreContract,
  "admin-kinds": adminKinds,
  "waldur-contract": waldurContract,
};

function settings(): string {
  const parts = Object.entries(SECTIONS).map(([title, section]) =>
    [`## ${title}\n`, "| setting | default | what it does |", "|---|---|---|", ...Object.values(section).map(rowOf)].join("\n"),
  );
  return `${parts.join("\n\n")}\n`;
}

function rowOf({ names, fallback, help, secret }: Setting<unknown>): string {
  const [first = "", ...others] = names;
  const also = others.length > 0 ? `<br>or ${others.map(code).join(", ")}` : "";
  return `| ${code(first)}${also} | ${fallback === "" ? "" : code(fallback)} | ${cell(help)}${secret ? " *Secret.*" : ""} |`;
}

function acceptedSettings(): string {
  const rows = Object.entries(ACCEPTED).map(([name, why]) => `| ${code(name)} | ${cell(why)} |`);
  return `${["| setting | why it has no effect |", "|---|---|", ...rows].join("\n")}\n`;
}

/** Every operation of a dialect by its tag, in the order of the rows. Those of the administration follow from its kinds. */
function routesOf({ routes }: Dialect): string {
  const own = routes.filter(({ tag }) => !tag.startsWith("administration: "));
  return [...Map.groupBy(own, route => route.tag)].map(([tag, rows]) => `### ${tag}\n\n${operations(rows)}\n`).join("\n");
}

/** What staff look after, and what can be done with it. */
function adminKinds(): string {
  const rows = KINDS.map(({ name, columns, search, add, change, actions }) => {
    const filters = Object.entries(columns).flatMap(([column, { filter }]) => (filter ? [code(snake(column))] : []));
    const done = Object.entries(actions).map(([action, { who }]) => `${code(action)}${who === "superuser" ? "*" : ""}`);
    const forms = [...(add ? ["new"] : []), ...(change ? ["change"] : [])];
    return `| ${code(name)} | ${[...(search ? ["words"] : []), ...filters].join(", ")} | ${[...forms, ...done].join(", ")} |`;
  });
  return `${["| kind | found by | what can be done |", "|---|---|---|", ...rows].join("\n")}\n`;
}

/** Every operation of the broker's documentation, and the row that serves it. */
function vreContract(): string {
  const { routes } = makeVre({ version: "", demo: undefined });
  const rows = OPERATIONS.map(operation => {
    const row = servingRow(operation, routes);
    const served = row ? `${row.summary.replace(/\.$/, "")}` : "no";
    return `| ${SECTIONS_OF_CONTRACT[operation.section]} | ${code(nameOf(operation))} | ${operation.status} | ${cell(served)} |`;
  });
  const served = OPERATIONS.filter(operation => servingRow(operation, routes)).length;
  return [
    `**${served} of ${OPERATIONS.length}** are served.`,
    "",
    "| part | operation | answers | what |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

/** Every operation of the Waldur contract, with what serves it or why nothing does. */
function waldurContract(): string {
  const summaries = new Map(makeWaldur({ version: "" }).routes.map(row => [nameOfRow(row), row.summary]));
  const rows = WALDUR.flatMap(({ number, rows: names, missing }) =>
    names.map(name => `| ${number} | ${code(name)} | ${cell(missing ? `no: ${missing}` : (summaries.get(name) ?? ""))} |`),
  );
  const served = WALDUR.filter(({ missing }) => !missing).length;
  return [`**${served} of ${WALDUR.length}** are served.`, "", "| no. | operation | what |", "|---|---|---|", ...rows, ""].join(
    "\n",
  );
}

/** Every operation of the science API that is served, and the row that does it. */
function agaveContract(): string {
  const rows = new Map(makeAgave().routes.map(row => [`${row.method} ${row.path}`, row]));
  const lines = AGAVE_OPERATIONS.map(({ name, asked, row }) => {
    const { auth = "", summary = "" } = rows.get(row) ?? {};
    return `| ${code(name)} | ${code(asked)} | ${auth} | ${cell(summary)} |`;
  });
  return ["| operation | asked as | who | what |", "|---|---|---|---|", ...lines, ""].join("\n");
}

const operations = (routes: readonly Route[]): string =>
  [
    "| operation | who | what |",
    "|---|---|---|",
    ...routes.map(
      ({ method, path, auth, summary }) =>
        `| ${code(`${method} ${path.replaceAll(/:(\w+)/g, "{$1}").replace(/\*$/, "{path}")}`)} | ${auth} | ${cell(summary)} |`,
    ),
  ].join("\n");

const code = (text: string): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll("|", "\\|").replace(/(?<=^[^.]+)\.$/, "");

/** A page as it should read. @throws Error for a block that nobody makes */
export function withMadeParts(page: string): string {
  return page.replace(MADE, (_whole, start: string, name: string, end: string) => {
    const make = MAKERS[name];
    if (make === undefined) throw new Error(`Nobody makes the block "${name}".`);
    return `${start}\n${make()}\n${end}`;
  });
}

/** Paths of all pages, from the root of the checkout. */
export const pages = (): string[] =>
  readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter(name => name.endsWith(".md"))
    .map(name => `docs/${name}`)
    .sort();

if (import.meta.main)
  for (const page of pages()) {
    const file = join(ROOT, page);
    const before = readFileSync(file, "utf8");
    const after = withMadeParts(before);
    if (after === before) continue;
    writeFileSync(file, after);
    console.log(`${page} is up to date again`);
  }
