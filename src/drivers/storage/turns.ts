const moving = new Map<string, Promise<unknown>>();

/**
 * Never two acts under way for one name in this process. Many servers look for a name first and rename then: of two moves at one
 * moment both succeed, and a file is lost. Between processes whoever moves must hold the name, as deliveries do.
 * @param name of the target, the same for every storage that reaches it
 */
export async function inTurn<T>(name: string, act: () => Promise<T>): Promise<T> {
  const turn = (moving.get(name) ?? Promise.resolve()).then(act, act);
  moving.set(name, turn);
  try {
    return await turn;
  } finally {
    if (moving.get(name) === turn) moving.delete(name);
  }
}
