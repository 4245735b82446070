import type { TFunction } from "i18next";

type Say = (t: TFunction, found: Readonly<Record<string, string>>) => string;

/** What the server says about accounts is English and known word for word (clients depend on it); here it is in the reader's language. */
const KNOWN: readonly (readonly [RegExp, Say])[] = [
  [/Invalid password\./g, t => t("account.said.password")],
  [/A user with that username already exists\./g, t => t("account.said.taken")],
  [/Enter a valid username\. This value may contain only [^.]*\.\S* characters\./g, t => t("account.said.username")],
  [
    /This password is too short\. It must contain at least (?<least>\d+) characters\./g,
    (t, { least = "" }) => t("account.said.short", { least }),
  ],
  [/This password is too common\./g, t => t("account.said.common")],
  [/This password is entirely numeric\./g, t => t("account.said.numeric")],
  [/The password is too similar to the [\w ]+\./g, t => t("account.said.similar")],
  [/Enter a valid email address\./g, t => t("account.said.email")],
  [/Enter a valid ORCID iD, such as [\d-]+\./g, t => t("account.said.orcid")],
  [/Accounts here are for addresses at (?<list>.+)\./g, (t, { list = "" }) => t("account.said.domains", { list })],
  [/Invalid token for given user\.|Invalid user id or user doesn't exist\./g, t => t("account.said.link")],
  [/Stale token for given user\./g, t => t("account.said.active")],
  [/This account still owns studies or storages\. Hand them over or remove them first\./g, t => t("account.said.owns")],
];

/** @returns the text, each sentence that is known in the reader's own words */
export const inOwnWords = (text: string, t: TFunction): string =>
  KNOWN.reduce((words, [pattern, say]) => words.replace(pattern, (...match) => say(t, groupsOf(match))), text);

/** Named groups come last, and only where there are any. */
function groupsOf(match: readonly unknown[]): Readonly<Record<string, string>> {
  const last = match.at(-1);
  return typeof last === "object" ? (last as Record<string, string>) : {};
}
