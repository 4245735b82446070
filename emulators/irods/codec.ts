/** iRODS' messages as a server sees them, apart from our client's way of writing them. */

export interface Frame {
  readonly type: string;
  readonly info: number;
  readonly message: Tree | undefined;
  readonly bytes: Buffer;
  /** The raw numbers of the header: settings, when encryption begins. */
  readonly lengths: readonly [message: number, error: number, stream: number];
}

/** Elements by their name, in the order in which they came. */
export type Tree = { readonly text: string; readonly parts: ReadonlyMap<string, readonly Tree[]> };

export const text = (tree: Tree | undefined, ...path: readonly string[]): string => {
  let at = tree;
  for (const name of path) at = at?.parts.get(name)?.[0];
  return at?.text ?? "";
};
export const number = (tree: Tree | undefined, ...path: readonly string[]): number => Number(text(tree, ...path) || 0);
export const all = (tree: Tree | undefined, name: string): readonly Tree[] => tree?.parts.get(name) ?? [];

/** Keywords of a request. */
export function words(tree: Tree | undefined): Map<string, string> {
  const pairs = all(tree, "KeyValPair_PI")[0];
  const values = all(pairs, "svalue").map(({ text }) => text);
  return new Map(all(pairs, "keyWord").map(({ text }, index) => [text, values[index] ?? ""]));
}

const MARKS: Record<string, string> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "`", "&#x27;": "'" };

/** The inside of a message: its one element. Like older servers it reads `&apos;` as a back-tick. */
export function parse(xml: string): Tree {
  let at = 0;
  const inside = (end: string | undefined): Tree => {
    const parts = new Map<string, Tree[]>();
    let content = "";
    for (;;) {
      const open = xml.indexOf("<", at);
      if (open < 0) {
        if (end !== undefined) throw new Error(`no end of ${end}`);
        return { text: content, parts };
      }
      content += xml.slice(at, open);
      const close = xml.indexOf(">", open);
      if (close < 0) throw new Error("an open tag");
      const tag = xml.slice(open + 1, close);
      at = close + 1;
      if (tag.startsWith("/")) {
        if (tag.slice(1) !== end) throw new Error(`${tag} where ${end} should end`);
        return { text: content.replace(/&(?:amp|lt|gt|quot|apos|#x27);/g, mark => MARKS[mark] ?? mark), parts };
      }
      parts.set(tag, [...(parts.get(tag) ?? []), inside(tag)]);
    }
  };
  return [...inside(undefined).parts.values()][0]?.[0] ?? { text: "", parts: new Map() };
}

export type Content = string | number | readonly (readonly [string, Content])[];

/** `tag("a", [["b", 1]])` is `<a><b>1</b></a>`. */
export function tag(name: string, content: Content): string {
  const inside = Array.isArray(content)
    ? (content as readonly (readonly [string, Content])[]).map(([part, value]) => tag(part, value)).join("\n")
    : String(content).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
  return `<${name}>${inside}</${name}>`;
}

export function frame(type: string, info: number, message = "", bytes: Buffer = Buffer.alloc(0), lie = 0): Buffer {
  const body = Buffer.from(message);
  const head = Buffer.from(
    tag("MsgHeader_PI", [
      ["type", type],
      ["msgLen", body.length],
      ["errorLen", 0],
      ["bsLen", bytes.length + lie],
      ["intInfo", info],
    ]),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  return Buffer.concat([length, head, body, bytes]);
}
