const MOST = 2_000;

/**
 * Answers of a moment ago, for questions that come with every request: who has this token? They hold until something is written
 * by this process, until another process tells that it has written, and never longer than `keptMs`: that is how late a change
 * elsewhere may count here when the word of it is lost.
 */
export class Recent {
  readonly #keptMs: number;
  readonly #answers = new Map<string, { readonly until: number; readonly answer: unknown }>();
  #writes = 0;

  /** @param keptMs 0: each question is asked anew */
  constructor(keptMs: number) {
    this.#keptMs = keptMs;
  }

  /** @returns what is known, else what `find` finds; that nothing was found is not kept, so that guesses fill no memory */
  async of<T>(question: string, find: () => Promise<T>): Promise<T> {
    const known = this.#answers.get(question);
    if (known && performance.now() < known.until) return known.answer as T;
    const writes = this.#writes;
    const answer = await find();
    // What was read while somebody wrote may be older than what they wrote.
    if (answer !== undefined && writes === this.#writes) {
      if (this.#answers.size >= MOST) this.#answers.clear();
      this.#answers.set(question, { until: performance.now() + this.#keptMs, answer });
    }
    return answer;
  }

  /** Something was written. */
  forget(): void {
    this.#writes++;
    this.#answers.clear();
  }
}
