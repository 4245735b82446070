import { invalid } from "./errors.ts";

/** Line breaks in a name would end a mail header; the others only hide something from its reader. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** Names that end up in mails, logs and paths are one line of visible text. @throws HavreError "invalid" */
export function mustBeLines(fields: Readonly<Record<string, string | undefined>>): void {
  const bad = Object.keys(fields).filter(name => CONTROL.test(fields[name] ?? ""));
  const message = "This field may not contain line breaks or other control characters.";
  if (bad.length > 0) throw invalid(Object.fromEntries(bad.map(name => [name, [message]])));
}
