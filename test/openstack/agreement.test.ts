import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type OpenstackEmulator, startOpenstack } from "../../emulators/openstack.ts";
import { converse, differences, type Exchange } from "./conversation.ts";

/** What a real OpenStack said when it was last asked: `make test-openstack`. */
const REAL = JSON.parse(readFileSync(join(import.meta.dirname, "answers.json"), "utf8")) as readonly Exchange[];

describe("the emulated OpenStack", () => {
  let emulator: OpenstackEmulator;
  let said: readonly Exchange[];
  before(async () => {
    emulator = await startOpenstack();
    said = await converse({ authUrl: emulator.authUrl, user: "havre", password: "secret", project: "havre" });
  });
  after(() => emulator.stop());

  it("holds the whole conversation that a real one held", () => {
    assert.deepEqual(
      said.map(({ what }) => what),
      REAL.map(({ what }) => what),
    );
  });

  for (const [index, { what, status, message, shape }] of REAL.entries())
    it(`answers as a real one: ${what}`, () => {
      const own = said[index];
      assert.deepEqual([own?.status, own?.message], [status, message]);
      assert.deepEqual(differences(own?.shape, shape), []);
    });
});
