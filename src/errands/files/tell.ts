import { fileTold } from "../../core/files/index.ts";
import { asHavreError, chainOf, HavreError } from "../../kernel/errors.ts";
import type { Webhook } from "../../ports/webhook.ts";
import type { ErrandKind } from "../errand.ts";

const TRIES = 8;

/**
 * Tells an address of what became of a file. What is not taken at last is not told.
 * @param webhook undefined: this process reaches nobody
 */
export const tellFile = (webhook: Webhook | undefined): ErrandKind => ({
  kind: "tell-file",
  atOnce: 4,
  tries: TRIES,
  async run(world, { payload, attempts }, { signal }) {
    const told = fileTold(world, payload.told);
    if (!told) return "done";
    try {
      if (!webhook) throw new HavreError("unavailable", "This process reaches nobody.");
      await webhook.post(told.url, told.body, signal, told.headers);
    } catch (thrown) {
      const error = asHavreError(thrown);
      if (signal.aborted || (error.retry === "temporary" && attempts < TRIES)) throw error;
      world.log.warn({ error: chainOf(error) }, "nobody could be told of a file");
    }
    return "done";
  },
});
