const BREAK = /<\/?(?:p|br|li|ul|ol|div|h[1-6])\b[^>]*>|\n\s*\n/gi;
const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

/** The paragraphs of a text that may be HTML, without any of its marks. */
export const textOf = (html: string): string[] =>
  html
    .split(BREAK)
    .map(part =>
      part
        .replace(/<[^>]*>/g, "")
        .replace(/&(#\d+|#x[\da-f]+|\w+);/gi, (whole, name: string) => entity(name) ?? whole)
        .trim(),
    )
    .filter(part => part !== "");

function entity(name: string): string | undefined {
  if (!name.startsWith("#")) return NAMED[name.toLowerCase()];
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return code > 0 && code < 0x110000 ? String.fromCodePoint(code) : undefined;
}
