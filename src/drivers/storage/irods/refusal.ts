import { type ErrorKind, HavreError, type Retry } from "../../../kernel/errors.ts";

type Meaning = readonly [kind: ErrorKind, reason: string, retry?: Retry];

const NOT_THERE: Meaning = ["not-found", "there is no such file or collection"];
const MAY_NOT: Meaning = ["forbidden", "the user may not do that there"];
const TAKEN: Meaning = ["conflict", "the name is taken"];
const FULL: Meaning = ["quota-exceeded", "the storage is full, or the user's quota is used up"];
const LOCKED: Meaning = ["locked", "an interrupted write still holds the file"];
const DOWN: Meaning = ["unavailable", "the server or its storage resource does not work now"];
const CUT: Meaning = ["network", "the server lost a connection of its own"];

/** By the code of an answer, without the number of the system's own error, which is its last three digits. */
const BY_CODE: Readonly<Record<number, Meaning>> = {
  [-4000]: CUT,
  [-13000]: MAY_NOT,
  [-27000]: ["protocol", "other bytes arrived than were announced"],
  [-38000]: CUT,
  [-40000]: MAY_NOT,
  [-43000]: CUT,
  [-78000]: DOWN,
  [-105000]: DOWN,
  [-110000]: FULL,
  [-175000]: LOCKED,
  [-310000]: NOT_THERE,
  [-312000]: TAKEN,
  [-314000]: ["checksum", "the bytes that arrived are not those that were sent", "temporary"],
  [-358000]: NOT_THERE,
  [-406000]: LOCKED,
  [-808000]: NOT_THERE,
  [-809000]: TAKEN,
  [-814000]: ["not-found", "there is no such collection"],
  [-817000]: NOT_THERE,
  [-818000]: MAY_NOT,
  [-826000]: ["unauthenticated", "wrong user name or password"],
  [-827000]: ["unauthenticated", "this zone knows no such user"],
  [-840000]: ["unauthenticated", "the password has expired"],
  [-910000]: ["unauthenticated", "wrong user name or password"],
  [-993000]: ["unauthenticated", "wrong user name or password"],
};

const NO_SPACE_LEFT = 28;
const QUOTA_USED_UP = 122;

/** What a negative code of an answer means. The server's own words are not shown: they may hold anything. */
export function refusal(where: string, code: number): HavreError {
  const family = Math.trunc(code / 1000) * 1000;
  const systemError = family - code;
  const isFull = systemError === NO_SPACE_LEFT || systemError === QUOTA_USED_UP;
  const [kind, reason, retry] = isFull ? FULL : (BY_CODE[family] ?? (["protocol", "the server failed"] as const));
  return new HavreError(kind, `${where}: ${reason} (${code}).`, {
    detail: { code: family },
    ...(retry === undefined ? {} : { retry }),
  });
}

/** The family of codes behind a server's refusal; undefined for all other errors. */
export const codeOf = (error: unknown): unknown => (error instanceof HavreError ? error.detail.code : undefined);

export const NO_ROWS = -808000;
export const NAME_TAKEN = -809000;
/** Of a path that leads nowhere. */
export const isAbsence = (error: unknown): boolean =>
  error instanceof HavreError && error.kind === "not-found" && codeOf(error) !== undefined;
