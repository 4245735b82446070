/** Most requests of one act that are under way together. */
const AT_ONCE = 8;

/** Runs an act for each, a few at a time. The first failure ends it. */
export async function atOnce<T>(items: AsyncIterable<T> | Iterable<T>, act: (item: T) => Promise<void>): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: { readonly thrown: unknown } | undefined;
  for await (const item of items) {
    const run = act(item)
      .catch(thrown => {
        failure ??= { thrown };
      })
      .finally(() => running.delete(run));
    running.add(run);
    if (running.size >= AT_ONCE) await Promise.race(running);
    if (failure !== undefined) break;
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure.thrown;
}
