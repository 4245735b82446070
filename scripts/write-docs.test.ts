import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, it } from "node:test";
import { ACCEPTED, readConfig, SETTINGS } from "../src/config.ts";
import { refuse } from "../src/dialects/vre/wire.ts";
import { allErrands } from "../src/errands/all.ts";
import { type ErrorKind, HavreError } from "../src/kernel/errors.ts";
import { DRIVER_TESTS, PAGE } from "./write-behaviour.ts";
import { pages, withMadeParts } from "./write-docs.ts";

const ROOT = join(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const ALL = [...pages(), "README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...globSync("changes/unreleased/*.md", { cwd: ROOT })];
const matches = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(match => match[1] ?? match[0]);
const unique = (found: readonly string[]): string[] => [...new Set(found)].sort();
/** What stands in code spans and code blocks. */
const codeIn = (page: string): string => matches(page, /```\w*\n([\s\S]*?)```|`[^`\n]+`/g).join("\n");

describe("the docs", () => {
  for (const page of pages())
    it(`${page} says of settings and routes what the code says; if not, run: node scripts/write-docs.ts`, () =>
      assert.equal(read(page), withMadeParts(read(page))));

  it("tell every setting and every operation", () => {
    const { "docs/configuration.md": settings, "docs/api/vre.md": routes } = {
      ...Object.fromEntries(pages().map(page => [page, read(page)])),
    };
    assert.match(settings ?? "", /<!-- made: settings -->[\s\S]*<!-- made: accepted-settings -->/);
    assert.match(routes ?? "", /<!-- made: vre-routes -->/);
    for (const { names } of Object.values(SETTINGS)) for (const name of names) assert.ok(settings?.includes(`\`${name}\``), name);
  });

  it("name no setting that is not there", () => {
    const known = new Set([
      ...Object.values(SETTINGS).flatMap(({ names }) => names),
      ...Object.keys(ACCEPTED),
      "NODE_EXTRA_CA_CERTS",
    ]);
    const otherwise = /\b(SERVER_ENGINES|PAGE_QUERY|PUBLIC_KEY)\b/;
    for (const page of ALL)
      for (const name of matches(codeIn(read(page)), /`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`/g))
        assert.ok(known.has(name) || otherwise.test(name), `${page}: ${name}`);
  });

  it("give an example of settings that are known and, once filled in, accepted", () => {
    const lines = matches(read(".env.example"), /^#? ?([A-Z_]+=.*)$/gm);
    const known = new Set(Object.values(SETTINGS).flatMap(({ names }) => names) as string[]);
    const values = Object.fromEntries(
      lines.map(line => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1).replaceAll('"', "")]),
    );
    for (const name of Object.keys(values)) assert.ok(known.has(name), name);
    assert.equal(readConfig({ ...values, SECRET_KEY: "x".repeat(48) }).debug, false);
  });

  it("tell every kind of error with the status it gets", () => {
    const kinds = matches(read("src/kernel/errors.ts"), /^ {2}\| "([a-z-]+)"/gm) as ErrorKind[];
    assert.ok(kinds.length >= 16);
    const page = read("docs/status-codes.md");
    for (const kind of kinds) {
      const { status } = refuse(new HavreError(kind, "x"), { method: "GET", url: "/" });
      const passes = new HavreError(kind, "x").retry === "temporary" ? "yes" : "no";
      assert.ok(page.includes(`| \`${kind}\` | ${status} | ${passes} |`), `${kind} ${status} ${passes}`);
    }
    assert.equal(matches(page, /^\| `[a-z-]+` \| \d+ \|/gm).length, kinds.length);
  });

  it("tell every behaviour of every storage; if not, run: node scripts/write-behaviour.ts", () => {
    const table = read(PAGE).split("<!-- measured: behaviour -->")[1] ?? "";
    const [head = "", ...lines] = matches(table, /^(\| .* \|)$/gm);
    const sentences = matches(read("src/ports/storage.suite.ts"), /^ {4}test\("([^"]+)"/gm);
    const storages = DRIVER_TESTS.flatMap(file => matches(read(file), /behavesLikeStorage\(\s*"([^"]+)"/g));
    assert.deepEqual(head.slice(2, -2).split(" | ").slice(1).sort(), storages.sort());
    assert.deepEqual(lines.map(line => line.slice(2).split(" | ")[0]).sort(), sentences.sort());
    assert.ok(sentences.length > 40 && !lines.some(line => line.includes("fails")));
  });

  it("tell every metric", () => {
    const page = read("docs/operations.md");
    for (const name of matches(read("src/http/operations.ts"), /name: "(havre_\w+)"/g)) assert.ok(page.includes(name), name);
  });

  it("tell every errand", () => {
    const page = read("docs/architecture.md");
    const kinds = allErrands(undefined).map(({ kind }) => kind);
    assert.ok(kinds.length >= 8);
    for (const kind of kinds) assert.ok(page.includes(`| \`${kind}\` |`), kind);
  });

  it("give every package that the product imports its line", () => {
    const page = read("docs/decisions/0008-dependencies.md");
    const files = globSync(["src/**/*.ts", "portal/src/**/*.{ts,tsx}", "portal/*.ts"], { cwd: ROOT }).filter(
      file => !file.includes(".test."),
    );
    const names = files.flatMap(file => matches(read(file), /^(?:import|export)[^"';]*from "([^."][^"]*)"/gm));
    const packages = unique(
      names.filter(name => !name.startsWith("node:")).map(name => /^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name),
    );
    for (const name of packages) assert.ok(page.includes(`\`${name}\``), name);
  });

  it("give each decision a number of its own, each with its five parts, and list them", () => {
    const records = pages().filter(page => /decisions\/\d/.test(page));
    const index = read("docs/decisions/README.md");
    const names = records.map(record => record.slice("docs/decisions/".length));
    assert.equal(new Set(names.map(name => name.slice(0, 4))).size, names.length);
    for (const [at, record] of records.entries()) {
      const name = names[at];
      assert.ok(index.includes(`(${name})`), `${name} is not listed`);
      for (const part of ["Context.", "Choice.", "Drawbacks.", "Alternatives.", "What would change our mind."])
        assert.ok(read(record).includes(`**${part}**`), `${name} lacks ${part}`);
    }
  });

  for (const page of ALL) {
    it(`${page} links to what is there`, () => {
      for (const link of matches(read(page), /\]\(([^)\s]+)\)/g).filter(link => !/^[a-z]+:/.test(link))) {
        const target = normalize(join(dirname(page), link.split("#")[0] ?? ""));
        assert.ok(existsSync(join(ROOT, target)), link);
      }
    });

    it(`${page} names files and make targets that are there`, () => {
      const code = codeIn(read(page));
      const paths = matches(code, /(?<![\w./-])((?:src|test|scripts|portal|emulators|bench|docs|bin)\/[\w./-]+\w)/g);
      for (const path of unique(paths).filter(path => !/NNNN|NAME|AREA/.test(path)))
        assert.ok(existsSync(join(ROOT, path)), path);
      const targets = matches(read("Makefile"), /^([a-z]+):.*## /gm);
      for (const target of matches(code, /(?:^|`|&& )make ([a-z]+)/gm)) assert.ok(targets.includes(target), `make ${target}`);
    });
  }
});
