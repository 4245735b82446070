import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { en } from "./en/index.ts";
import { nl } from "./nl/index.ts";

type Words = { readonly [key: string]: string | Words };

function flat(words: Words, before = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(words))
    if (typeof value === "string") found.set(before + key, value);
    else for (const [inner, text] of flat(value, `${before}${key}.`)) found.set(inner, text);
  return found;
}

const placeholders = (text: string): string[] => (text.match(/\{\{\w+\}\}/g) ?? []).sort();
const english = flat(en);
const dutch = flat(nl);

describe("the words of the portal", () => {
  it("Dutch and English have the same keys", () => {
    assert.deepEqual([...dutch.keys()].sort(), [...english.keys()].sort());
  });

  it("no words are missing or blank", () => {
    for (const words of [english, dutch]) for (const [key, text] of words) assert.ok(text.trim(), key);
  });

  it("both languages fill in the same values", () => {
    for (const [key, text] of english) assert.deepEqual(placeholders(dutch.get(key) ?? ""), placeholders(text), key);
  });
});
