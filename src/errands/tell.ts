import type { World } from "../core/world.ts";
import { asHavreError, chainOf, HavreError } from "../kernel/errors.ts";
import type { Webhook } from "../ports/webhook.ts";
import type { Errand } from "../store/errands.ts";
import type { ErrandKind } from "./errand.ts";

const TRIES = 8;

/** What an address is told. */
export interface Told {
  readonly url: string;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the log, of what it is; no secrets. */
  readonly facts?: Readonly<Record<string, unknown>>;
  /** When it was taken. */
  readonly note?: () => Promise<void>;
}

/** Tells an address something. What is not taken at last is not told. */
export interface Telling {
  readonly kind: string;
  /** What it tells of, as the log has it. */
  readonly of: string;
  /** Undefined: this process reaches nobody. */
  readonly webhook: Webhook | undefined;
  /** Undefined when there is nobody to be told. */
  find(world: World, payload: Errand["payload"]): Promise<Told | undefined>;
}

export const telling = ({ kind, of, webhook, find }: Telling): ErrandKind => ({
  kind,
  atOnce: 4,
  tries: TRIES,
  async run(world, { payload, attempts }, { signal }) {
    const told = await find(world, payload);
    if (!told) return "done";
    try {
      if (!webhook) throw new HavreError("unavailable", "This process reaches nobody.");
      await webhook.post(told.url, told.body, signal, told.headers);
      await told.note?.();
    } catch (thrown) {
      const error = asHavreError(thrown);
      if (signal.aborted || (error.retry === "temporary" && attempts < TRIES)) throw error;
      world.log.warn({ ...told.facts, error: chainOf(error) }, `nobody could be told of ${of}`);
    }
    return "done";
  },
});
