import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";
import { NOT_OFFERED } from "../src/ports/storage.suite.ts";

/**
 * Writes the table driver × behaviour into docs/api/storages.md: runs every driver's suite here and now, and says what came of it.
 * Needs the programs of scripts/install-checks.sh; a storage whose server is missing keeps an empty column.
 */

const ROOT = join(import.meta.dirname, "..");
export const PAGE = "docs/api/storages.md";
export const DRIVER_TESTS = globSync("src/drivers/storage/*/*.test.ts", { cwd: ROOT })
  .filter(file => !file.includes("/layers/"))
  .sort();
const SUITE = / behaves like a storage$/;
const BLOCK = /(<!-- measured: behaviour -->\n)[\s\S]*?(<!-- end -->)/;

type Outcome = "yes" | "–" | "fails";
type Table = Map<string, Map<string, Outcome>>;

// Only what is used of the events of node:test.
interface TestEvent {
  readonly name: string;
  readonly nesting: number;
  readonly file?: string;
  readonly message?: string;
  readonly skip?: string | boolean;
  readonly details?: { readonly type?: string };
}

async function measured(): Promise<Table> {
  const table: Table = new Map();
  const above = new Map<string, string[]>();
  const notOffered: string[] = [];
  const events = run({ files: DRIVER_TESTS.map(file => join(ROOT, file)), concurrency: 1, testNamePatterns: [SUITE] });
  events.on("test:start", ({ file = "", nesting, name }: TestEvent) => {
    const names = above.get(file) ?? [];
    names[nesting] = name;
    above.set(file, names);
  });
  const note = (outcome: Outcome) => (event: TestEvent) => {
    const storage = above.get(event.file ?? "")?.[event.nesting - 1] ?? "";
    if (event.details?.type === "suite" || event.skip !== undefined || !SUITE.test(storage)) return;
    const column = storage.replace(SUITE, "");
    if (!table.has(column)) table.set(column, new Map());
    table.get(column)?.set(event.name, outcome);
  };
  events.on("test:pass", note("yes")).on("test:fail", note("fails"));
  events.on("test:diagnostic", ({ message = "" }: TestEvent) => void (message.includes(NOT_OFFERED) && notOffered.push(message)));
  events.resume();
  await new Promise((resolve, reject) => events.once("end", resolve).once("error", reject));
  for (const message of notOffered) {
    const [column = "", sentence = ""] = message.split(`: ${NOT_OFFERED}: `);
    table.get(column)?.set(sentence, "–");
  }
  return table;
}

function tableOf(table: Table): string {
  const columns = [...table.keys()];
  const sentences = [...new Set(columns.flatMap(column => [...(table.get(column)?.keys() ?? [])]))];
  return [
    `| a storage… | ${columns.join(" | ")} |`,
    `|---|${columns.map(() => "---|").join("")}`,
    ...sentences.map(
      sentence => `| ${sentence} | ${columns.map(column => table.get(column)?.get(sentence) ?? "").join(" | ")} |`,
    ),
  ].join("\n");
}

if (import.meta.main) {
  const file = join(ROOT, PAGE);
  const table = tableOf(await measured());
  writeFileSync(
    file,
    readFileSync(file, "utf8").replace(BLOCK, (_whole, start: string, end: string) => `${start}\n${table}\n\n${end}`),
  );
  console.log(`${PAGE} is up to date again`);
  process.exit(0);
}
