import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Recent } from "./recent.ts";

describe("answers of a moment ago", () => {
  const asking = () => {
    let asked = 0;
    return { find: async () => ++asked, asked: () => asked };
  };

  it("are asked for once, until something is written", async () => {
    const recent = new Recent(1_000);
    const { find } = asking();
    assert.equal(await recent.of("a", find), 1);
    assert.equal(await recent.of("a", find), 1);
    assert.equal(await recent.of("b", find), 2);
    recent.forget();
    assert.equal(await recent.of("a", find), 3);
  });

  it("are not kept when somebody wrote while they were read", async () => {
    const recent = new Recent(1_000);
    const { find } = asking();
    await recent.of("a", async () => {
      recent.forget();
      return find();
    });
    assert.equal(await recent.of("a", find), 2);
  });

  it("age, whatever is told", async context => {
    let now = 0;
    context.mock.method(performance, "now", () => now);
    const recent = new Recent(1_000);
    const { find } = asking();
    await recent.of("a", find);
    now = 999;
    assert.equal(await recent.of("a", find), 1);
    now = 1_000;
    assert.equal(await recent.of("a", find), 2);
  });

  it("are not kept at all when that is asked for", async () => {
    const recent = new Recent(0);
    const { find } = asking();
    await recent.of("a", find);
    assert.equal(await recent.of("a", find), 2);
  });

  it("are only of what was found, and only so many", async () => {
    const recent = new Recent(1_000);
    assert.equal(await recent.of("a", async () => undefined), undefined);
    assert.equal(await recent.of("a", async () => 1), 1);
    for (let n = 0; n < 2_000; n++) await recent.of(`other ${n}`, async () => 1);
    assert.equal(await recent.of("a", async () => 2), 2);
  });
});
