import { HavreError } from "../../kernel/errors.ts";

/** The If header (RFC 4918 §10.4): lists of which one must hold, each of conditions that all must hold. */
export interface IfList {
  /** Of which resource; undefined: of the one that is asked for. */
  readonly resource: string | undefined;
  readonly conditions: readonly IfCondition[];
}
export interface IfCondition {
  readonly isNot: boolean;
  readonly token?: string;
  readonly etag?: string;
}

const bad = (): HavreError => new HavreError("invalid", "The If header cannot be read.", { detail: { status: 400 } });

/** @throws HavreError "invalid" */
export function parseIf(header: string): IfList[] {
  const lists: IfList[] = [];
  let rest = header.trim();
  let resource: string | undefined;
  while (rest !== "") {
    const tag = /^<([^>]*)>\s*/.exec(rest);
    if (tag) {
      resource = tag[1];
      rest = rest.slice(tag[0].length);
    }
    const list = /^\(([^()]*)\)\s*/.exec(rest);
    if (!list) throw bad();
    rest = rest.slice(list[0].length);
    lists.push({ resource, conditions: conditionsOf(list[1] ?? "") });
  }
  return lists;
}

function conditionsOf(text: string): IfCondition[] {
  const conditions: IfCondition[] = [];
  let rest = text.trim();
  while (rest !== "") {
    const found = /^(Not\s+|Not(?=[<[]))?(?:<([^>]*)>|\[((?:W\/)?"[^"]*")\])\s*/i.exec(rest);
    if (!found) throw bad();
    const [whole, not, token, etag] = found;
    conditions.push({
      isNot: not !== undefined,
      ...(token === undefined ? {} : { token }),
      ...(etag === undefined ? {} : { etag }),
    });
    rest = rest.slice(whole.length);
  }
  if (conditions.length === 0) throw bad();
  return conditions;
}

const LOCK = "urn:uuid:";
export const tokenUri = (token: string): string => `${LOCK}${token}`;
/** undefined for what is no lock of ours. */
export const tokenOf = (uri: string): string | undefined =>
  /^urn:uuid:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i.exec(uri)?.[1]?.toLowerCase();

/** Every lock that a request says it holds. */
export const tokensIn = (lists: readonly IfList[]): string[] =>
  lists.flatMap(({ conditions }) => conditions.flatMap(({ token }) => (token === undefined ? [] : (tokenOf(token) ?? []))));
