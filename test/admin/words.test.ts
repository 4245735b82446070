import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { admin as english } from "../../portal/src/words/en/admin.ts";
import { admin as dutch } from "../../portal/src/words/nl/admin.ts";
import { KINDS, snake } from "../../src/core/administration/index.ts";

type Words = Readonly<Record<string, unknown>>;

/** The pages follow from what the server says; only the words are written by hand. */
describe("the words of the administration", () => {
  for (const [language, { admin }] of Object.entries({ english, dutch }))
    it(`are there for everything that can be seen and done, in ${language}`, () => {
      const [kinds, fields, choices, actions] = [admin.kind, admin.field, admin.choice, admin.action] as readonly Words[];
      const missing: string[] = [];
      const need = (words: unknown, name: string, of: string): void => {
        if (!(words as Words | undefined)?.[name]) missing.push(`${of} ${name}`);
      };
      for (const kind of KINDS) {
        need(kinds, kind.name, "kind");
        need(admin.section, kind.section, "section");
        for (const [name, { values = [], type }] of Object.entries(kind.columns)) {
          need(fields, snake(name), `${kind.name}: field`);
          if (type === "choice") for (const value of values) need(choices, value, `${kind.name}: choice`);
        }
        for (const [name, { asks }] of Object.entries(kind.actions)) {
          need(actions?.[kind.name], name, `${kind.name}: action`);
          for (const asked of Object.keys(asks)) need(fields, snake(asked), `${kind.name}: field`);
        }
        for (const form of [kind.add, kind.change])
          for (const [name, { values = [] }] of Object.entries(form?.fields ?? {})) {
            need(fields, snake(name), `${kind.name}: field`);
            for (const value of values) need(choices, value, `${kind.name}: choice`);
          }
      }
      assert.deepEqual([...new Set(missing)], []);
    });
});
