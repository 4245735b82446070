const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text as HTML shows it, in an element or a quoted attribute. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, character => ENTITIES[character] ?? "");

const KEPT = new Set("a b blockquote br code em h1 h2 h3 h4 h5 h6 i li ol p pre strong ul".split(" "));

/** Text in which people may use simple tags, without attributes; everything else of HTML goes, or is shown as text. */
export function cleanHtml(text: string): string {
  const without = (before: string): string =>
    before
      .replace(/<!--[\s\S]*?-->/g, "")
      .replace(/<(script|style)\b[\s\S]*?<\/\1\s*>/gi, "")
      .replace(/<(\/?)([a-z][a-z0-9]*)\b[^<>]*>/gi, (_tag, close: string, name: string) =>
        KEPT.has(name.toLowerCase()) ? `<${close}${name.toLowerCase()}>` : "",
      );
  let cleaned = without(text);
  // What was taken out may have held two halves of a tag apart.
  for (let again = without(cleaned); again !== cleaned; again = without(cleaned)) cleaned = again;
  return cleaned.replace(/<(?!\/?([a-z][a-z0-9]*)>)/g, "&lt;").trim();
}
