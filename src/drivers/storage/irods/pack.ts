import { HavreError } from "../../../kernel/errors.ts";

/**
 * What iRODS puts in its messages, in the XML flavour: elements without attributes. It is not quite XML: only these three characters
 * are escaped by everybody, and older servers read `&apos;` as something else, so quotes go as they are.
 */
export type Field = string | number | Structure | readonly (string | number | Structure)[];
export interface Structure {
  readonly [name: string]: Field;
}

/** A structure by its name, such as `pack("CS_NEG_PI", { status: 1, result: "…" })`. An array is one element for each value. */
export const pack = (name: string, fields: Structure): string => element(name, fields);

function element(name: string, field: Field): string {
  if (Array.isArray(field)) return field.map(one => element(name, one)).join("");
  const inside =
    typeof field === "object"
      ? Object.entries(field as Structure)
          .map(([part, value]) => element(part, value))
          .join("")
      : escaped(String(field));
  return `<${name}>${inside}</${name}>`;
}

/** Keywords as every request takes them. */
export const keywords = (given: Readonly<Record<string, string>>): Structure => ({
  KeyValPair_PI: { ssLen: Object.keys(given).length, keyWord: Object.keys(given), svalue: Object.values(given) },
});

/** An element of an answer. */
export interface Element {
  readonly name: string;
  readonly text: string;
  readonly children: readonly Element[];
}

/** @throws HavreError "protocol" */
export function unpack(text: string): Element {
  const root = { name: "", text: "", children: [] as Element[] };
  const open: { name: string; text: string; children: Element[] }[] = [root];
  let at = 0;
  for (const { 0: tag, 1: slash, 2: name = "", index } of text.matchAll(/<(\/?)([A-Za-z_][\w.-]*)\s*\/?>/g)) {
    const inside = open.at(-1);
    if (inside === undefined) throw senseless();
    inside.text += text.slice(at, index);
    at = index + tag.length;
    if (slash === "/") {
      const ended = open.pop();
      if (ended?.name !== name || open.length === 0) throw senseless();
      open.at(-1)?.children.push({ name, text: unescaped(ended.text), children: ended.children });
    } else if (tag.endsWith("/>")) inside.children.push({ name, text: "", children: [] });
    else open.push({ name, text: "", children: [] });
  }
  const only = root.children[0];
  if (open.length !== 1 || only === undefined) throw senseless();
  return only;
}

export const textIn = (parent: Element, name: string): string => parent.children.find(child => child.name === name)?.text ?? "";

/** @throws HavreError "protocol" */
export function numberIn(parent: Element, name: string): number {
  const text = textIn(parent, name).trim();
  if (!/^-?\d+$/.test(text)) throw senseless();
  return Number(text);
}

export const allIn = (parent: Element, name: string): Element[] => parent.children.filter(child => child.name === name);

export const senseless = (): HavreError =>
  new HavreError("protocol", "The answer is not that of an iRODS server; is this its address?", { retry: "never" });

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

const unescaped = (text: string): string =>
  text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
