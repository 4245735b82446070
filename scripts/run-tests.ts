import { relative } from "node:path";
import { run } from "node:test";
import { inspect } from "node:util";

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Reason → how many tests were skipped for it. */
  readonly reasons: ReadonlyMap<string, number>;
}

export interface RunOptions {
  readonly root: string;
  readonly files: readonly string[];
  /** Files at once. */
  readonly concurrency: number;
  /** Longest time for one file. A file that never ends has left something open. */
  readonly fileTimeoutMs: number;
  /** Only tests whose name contains this. */
  readonly named: string | undefined;
  readonly print: (text: string) => void;
}

// Only what is used of the events of node:test.
interface TestEvent {
  readonly name: string;
  readonly nesting: number;
  readonly file?: string;
  readonly line?: number;
  readonly message?: string;
  readonly skip?: string | boolean;
  readonly todo?: string | boolean;
  readonly details?: { readonly type?: string; readonly error?: Error & { failureType?: string } };
}

/** Runs test files, each in a process of its own, and prints failures only, with what their file wrote. */
export async function runTests({ root, files, concurrency, fileTimeoutMs, named, print }: RunOptions): Promise<Tally> {
  const tally = { passed: 0, failed: 0, skipped: 0, reasons: new Map<string, number>() };
  const output = new Map<string, string>();
  const told = new Set<string>();
  const above: string[] = []; // the names of the suites that the current test is in

  const keep = ({ file = "", message = "" }: TestEvent): void =>
    void output.set(file, ((output.get(file) ?? "") + message).slice(-8000));
  const fail = (event: TestEvent): void => {
    tally.failed++;
    const file = event.file ?? "";
    print(
      `\n  ✖ ${relative(root, file)}${event.line ? `:${event.line}` : ""}  ${[...above.slice(0, event.nesting), event.name].join(" › ")}`,
    );
    print(indent(reasonOf(event.details?.error)));
    if (output.has(file) && !told.has(file)) print(indent(`--- written by ${relative(root, file)}:\n${output.get(file)}`));
    told.add(file);
  };
  const pass = (event: TestEvent): void => {
    if (isFile(event)) return; // a file without a test proves nothing
    if (event.skip === undefined && event.todo === undefined) return void tally.passed++;
    tally.skipped++;
    const why = typeof event.skip === "string" && event.skip ? event.skip : `no reason given (${event.name})`;
    tally.reasons.set(why, (tally.reasons.get(why) ?? 0) + 1);
  };

  const events = run({
    files: [...files],
    concurrency,
    timeout: fileTimeoutMs,
    ...(named ? { testNamePatterns: [new RegExp(literal(named), "i")] } : {}),
  });
  events.on("test:start", (event: TestEvent) => {
    above[event.nesting] = event.name;
  });
  events.on("test:stdout", keep).on("test:stderr", keep);
  events.on("test:pass", (event: TestEvent) => event.details?.type !== "suite" && pass(event));
  // A suite that fails by its tests is not one more failure; one whose own hook failed is.
  events.on("test:fail", (event: TestEvent) => event.details?.error?.failureType !== "subtestsFailed" && fail(event));
  events.resume();
  await new Promise((resolve, reject) => events.once("end", resolve).once("error", reject));
  return tally;
}

/** In the stream a file is a test too when it holds none, or cannot be loaded: it goes by its path. */
const isFile = ({ name, file }: TestEvent): boolean => file !== undefined && (name === file || file.endsWith(`/${name}`));

function reasonOf(error: Error | undefined): string {
  const cause = error?.cause ?? error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : typeof cause === "string" ? cause : inspect(cause);
}

const indent = (text: string): string => text.trimEnd().replace(/^/gm, "    ");
const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
