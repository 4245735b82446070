import { Readable } from "node:stream";

/** The plug is pulled at one step: a verb of a driver or a transaction, before it or after it. From then on nothing happens any more. */
export class Plug {
  steps = 0;
  isPulled = false;
  readonly #at: number;
  readonly #isAfter: boolean;
  constructor(at: number, isAfter: boolean) {
    this.#at = at;
    this.#isAfter = isAfter;
  }
  async guard<T>(act: () => Promise<T>): Promise<T> {
    this.mustLive();
    const isThis = this.steps++ === this.#at;
    if (isThis && !this.#isAfter) this.isPulled = true;
    this.mustLive();
    const result = await act();
    if (isThis) this.isPulled = true;
    // What a dead process had open is closed.
    if (this.isPulled && result instanceof Readable) result.on("error", () => {}).destroy();
    this.mustLive();
    return result;
  }
  mustLive(): void {
    if (this.isPulled) throw new Error("The plug is pulled.");
  }
}

/** The same object; every call of it is a step. */
export const plugged = <T extends object>(whole: T, plug: Plug, names: ReadonlySet<string>): T =>
  new Proxy(whole, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function" || !names.has(String(name))) return value;
      return (...given: unknown[]) => plug.guard(() => value.apply(target, given));
    },
  });
export const CLOUD_VERBS = new Set(["find", "prepare", "create", "connect", "look", "discard", "remove"]);
