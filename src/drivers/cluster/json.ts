/** For what others write, or what may be cut short. @returns undefined for what is no JSON; whoever asks says what it should be */
export function jsonIn<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
