import pg from "pg";

/**
 * Statements that are asked again and again are prepared once per connection: PostgreSQL then neither parses nor plans them
 * anew, which is most of what a small one costs.
 *
 * A text gets its name for the whole process. Only so many get one, and only after some uses: each keeps its plan in the memory
 * of every connection, and a text that is never seen again (a list of another length) is not worth that.
 */
export const USES_BEFORE = 5;
export const MAX_PREPARED = 500;
const MAX_COUNTED = 5_000;
/** A column came or went under a prepared statement: `0A000 cached plan must not change result type`. */
const OUTDATED = /cached plan must not change result type/;

export class Names {
  readonly #names = new Map<string, string>();
  readonly #uses = new Map<string, number>();
  #made = 0;

  /** @returns what this text is prepared as; undefined while it is not */
  of(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= MAX_PREPARED) return known;
    const uses = (this.#uses.get(text) ?? 0) + 1;
    if (uses < USES_BEFORE) {
      if (this.#uses.size >= MAX_COUNTED) this.#uses.clear();
      this.#uses.set(text, uses);
      return undefined;
    }
    this.#uses.delete(text);
    return this.#name(text);
  }

  /** The text is prepared under another name from now on: what the old name stands for no longer fits the tables. */
  renew(text: string): void {
    if (this.#names.has(text)) this.#name(text);
  }

  #name(text: string): string {
    const name = `s${++this.#made}`;
    this.#names.set(text, name);
    return name;
  }
}

/**
 * A connection whose statements are prepared; for `pg.Pool`'s `Client`.
 * @param names those of all connections of one pool
 */
export const preparing = (names: Names) =>
  class extends pg.Client {
    // The one of the driver's many shapes that the store uses; the others go through untouched.
    // biome-ignore lint/suspicious/noExplicitAny: overloads cannot be overridden otherwise
    override query(...asked: any[]): any {
      const [text, values, callback] = asked;
      const name = typeof text === "string" && callback === undefined && values?.length > 0 ? names.of(text) : undefined;
      if (name === undefined) return super.query(...(asked as [string]));
      return super.query({ name, text, values }).catch((error: unknown) => {
        if (!OUTDATED.test(String(error))) throw error;
        names.renew(text);
        // Within a transaction this is refused too, and the whole transaction is tried again.
        return super.query(text, values).catch(() => {
          throw error;
        });
      });
    }
  };
