import { HavreError } from "./errors.ts";

/**
 * XML with namespaces, as WebDAV clients send it: small, and read strictly. No document type, no entities but the five and numbers: a
 * parser that knows more can be made to read files and to swell. Source: XML 1.0, Namespaces in XML 1.0.
 */
export interface XmlElement {
  /** "" for none. */
  readonly namespace: string;
  readonly name: string;
  readonly attributes: readonly { readonly namespace: string; readonly name: string; readonly value: string }[];
  readonly children: readonly (XmlElement | string)[];
}

const NAME = /^[\p{L}_][\p{L}\p{N}\p{M}_.·-]*$/u;
const MOST_DEPTH = 64;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
const XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace";

const broken = (why: string): HavreError => new HavreError("invalid", `The XML is not well formed: ${why}.`);

export const escapeXml = (text: string): string =>
  text.replace(/[<>&"]/g, letter => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;" })[letter] ?? letter);

export const isElement = (node: XmlElement | string): node is XmlElement => typeof node !== "string";
export const elementsOf = ({ children }: XmlElement): XmlElement[] => children.filter(isElement);
export const textOf = ({ children }: XmlElement): string => children.filter(node => !isElement(node)).join("");

type Scope = ReadonlyMap<string, string>;

/** @throws HavreError "invalid" */
export function parseXml(given: string): XmlElement {
  const text = given.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  let at = 0;
  const rest = (): string => text.slice(at, at + 20);

  const skipProlog = (): void => {
    for (;;) {
      const found = /^(?:\s+|<\?[\s\S]*?\?>|<!--(?:(?!--)[\s\S])*-->)/.exec(text.slice(at));
      if (!found) return;
      at += found[0].length;
    }
  };

  const element = (scope: Scope, depth: number): XmlElement => {
    if (depth > MOST_DEPTH) throw broken("it is nested too deeply");
    const open = /^<([^\s/>]+)((?:\s+[^\s=/>]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/.exec(text.slice(at));
    if (!open) throw broken(`"${rest()}" is no element`);
    at += open[0].length;
    const [, qualified = "", attributes = "", isEmpty = ""] = open;
    const pairs = [...attributes.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(
      ([, name = "", double, single]) => [name, decoded(double ?? single ?? "")] as const,
    );
    if (new Set(pairs.map(([name]) => name)).size < pairs.length) throw broken("an attribute stands twice");
    const inner = scopeOf(scope, pairs);
    const own = named(qualified, inner, true);
    const others = pairs
      .filter(([name]) => name !== "xmlns" && !name.startsWith("xmlns:"))
      .map(([name, value]) => ({ ...named(name, inner, false), value }));
    return { ...own, attributes: others, children: isEmpty === "/" ? [] : content(qualified, inner, depth) };
  };

  const content = (qualified: string, scope: Scope, depth: number): (XmlElement | string)[] => {
    const children: (XmlElement | string)[] = [];
    for (;;) {
      const next = text.indexOf("<", at);
      if (next < 0) throw broken(`"${qualified}" is not closed`);
      if (next > at) children.push(decoded(text.slice(at, next)));
      at = next;
      if (text.startsWith("</", at)) {
        const close = /^<\/([^\s>]+)\s*>/.exec(text.slice(at));
        if (close?.[1] !== qualified) throw broken(`"${qualified}" is not closed`);
        at += close[0].length;
        return children;
      }
      const cdata = text.startsWith("<![CDATA[", at) ? /^<!\[CDATA\[([\s\S]*?)\]\]>/.exec(text.slice(at)) : null;
      const aside = /^(?:<!--(?:(?!--)[\s\S])*-->|<\?[\s\S]*?\?>)/.exec(text.slice(at));
      if (cdata) children.push(cdata[1] ?? "");
      else if (!aside) {
        children.push(element(scope, depth + 1));
        continue;
      }
      at += (cdata ?? aside)?.[0].length ?? 0;
    }
  };

  skipProlog();
  if (text.startsWith("<!", at)) throw broken("a document type is not taken");
  const root = element(new Map([["xml", XML_NAMESPACE]]), 0);
  skipProlog();
  if (at < text.length) throw broken("something stands behind its end");
  return root;
}

function scopeOf(scope: Scope, pairs: readonly (readonly [string, string])[]): Scope {
  const declared = pairs.filter(([name]) => name === "xmlns" || name.startsWith("xmlns:"));
  if (declared.length === 0) return scope;
  const inner = new Map(scope);
  for (const [name, value] of declared) {
    const prefix = name === "xmlns" ? "" : name.slice(6);
    if (prefix !== "" && (value === "" || !NAME.test(prefix))) throw broken("a prefix cannot be taken away");
    inner.set(prefix, value);
  }
  return inner;
}

function named(qualified: string, scope: Scope, isElementName: boolean): { namespace: string; name: string } {
  const parts = qualified.split(":");
  const [prefix, name] = parts.length === 2 ? [parts[0] ?? "", parts[1] ?? ""] : ["", qualified];
  if (parts.length > 2 || !NAME.test(name) || (parts.length === 2 && !NAME.test(prefix)))
    throw broken(`"${qualified}" is no name`);
  if (prefix === "") return { namespace: isElementName ? (scope.get("") ?? "") : "", name };
  const namespace = scope.get(prefix);
  if (namespace === undefined) throw broken(`the prefix "${prefix}" is not declared`);
  return { namespace, name };
}

function decoded(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(#x[0-9a-fA-F]{1,6}|#[0-9]{1,7}|\w+);|&/g, (whole, name: string | undefined) => {
    if (name === undefined) throw broken('"&" begins nothing');
    if (!name.startsWith("#")) {
      const known = Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
      if (known === undefined) throw broken(`the entity ${whole} is not known`);
      return known;
    }
    const code = name[1] === "x" ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    const isAllowed = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    if (!isAllowed) throw broken(`${whole} is no character`);
    return String.fromCodePoint(code);
  });
}

/** Written so that it means the same wherever it is put: each element says its own namespace. */
export function writeXml(node: XmlElement | string): string {
  if (!isElement(node)) return escapeXml(node);
  const prefixes = new Map<string, string>();
  for (const { namespace } of node.attributes)
    if (namespace !== "" && namespace !== XML_NAMESPACE && !prefixes.has(namespace)) prefixes.set(namespace, `a${prefixes.size}`);
  const declared = [...prefixes].map(([namespace, prefix]) => ` xmlns:${prefix}="${escapeXml(namespace)}"`).join("");
  const attributes = node.attributes
    .map(({ namespace, name, value }) => {
      const prefix = namespace === XML_NAMESPACE ? "xml:" : namespace === "" ? "" : `${prefixes.get(namespace)}:`;
      return ` ${prefix}${name}="${escapeXml(value)}"`;
    })
    .join("");
  const start = `<${node.name} xmlns="${escapeXml(node.namespace)}"${declared}${attributes}`;
  return node.children.length === 0 ? `${start}/>` : `${start}>${node.children.map(writeXml).join("")}</${node.name}>`;
}
