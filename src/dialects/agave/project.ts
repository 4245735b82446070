type Fields = Readonly<Record<string, unknown>>;

/** Only the fields that are listed, with dots into what is nested; of each object of a list. What is unknown is left out. */
export function projected(result: unknown, filter: string): unknown {
  const paths = filter
    .split(",")
    .map(path => path.trim())
    .filter(path => path !== "")
    .map(path => path.split("."));
  if (paths.length === 0) return result;
  return Array.isArray(result) ? result.map(item => narrowed(item, paths)) : narrowed(result, paths);
}

function narrowed(item: unknown, paths: readonly (readonly string[])[]): unknown {
  if (Array.isArray(item)) return item.map(one => narrowed(one, paths));
  if (typeof item !== "object" || item === null) return item;
  const whole = paths.filter(path => path.length === 1).map(([name]) => name);
  const kept = Object.entries(item as Fields).flatMap(([name, value]) => {
    if (whole.includes(name)) return [[name, value]];
    const below = paths.filter(path => path.length > 1 && path[0] === name).map(path => path.slice(1));
    return below.length === 0 ? [] : [[name, narrowed(value, below)]];
  });
  return Object.fromEntries(kept);
}
