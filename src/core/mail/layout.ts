import { escapeHtml } from "../../kernel/html.ts";

/** Mail bodies: the same words as plain text and as HTML, made from one list of parts. */
export type Part =
  | string
  | { readonly link: string; readonly label: string }
  /** Name and value, one per line; shown in a table. */
  | { readonly facts: readonly (readonly [name: string, value: string])[] };

export interface Letter {
  readonly subject: string;
  readonly parts: readonly Part[];
  readonly foot: string;
}

function textOf(part: Part): string {
  if (typeof part === "string") return part;
  if ("link" in part) return `${part.label}:\n${part.link}`;
  return part.facts.map(([name, value]) => `${name}: ${value}`).join("\n");
}

function htmlOf(part: Part): string {
  if (typeof part === "string") return `<p>${escapeHtml(part).replaceAll("\n", "<br>")}</p>`;
  if ("link" in part)
    return `<p><a href="${escapeHtml(part.link)}" style="display:inline-block;padding:12px 20px;border-radius:8px;background:#0b5c6f;color:#ffffff;text-decoration:none;font-weight:600">${escapeHtml(part.label)}</a></p><p style="color:#52616b;font-size:13px">${escapeHtml(part.link)}</p>`;
  const rows = part.facts.map(
    ([name, value]) =>
      `<tr><th align="left" style="padding:4px 16px 4px 0;color:#52616b;font-weight:400;vertical-align:top">${escapeHtml(name)}</th><td style="padding:4px 0;font-family:ui-monospace,monospace;word-break:break-all">${escapeHtml(value)}</td></tr>`,
  );
  return `<table role="presentation" style="border-collapse:collapse;margin:8px 0 16px">${rows.join("")}</table>`;
}

/** A header line may not carry a line break, whatever name a study was given. */
export const headerLine = (text: string): string => text.replace(/[\r\n\u0000]+/g, " ").trim();

export function layOut({ subject, parts, foot }: Letter, language: string): { subject: string; text: string; html: string } {
  const body = parts.map(htmlOf).join("\n");
  return {
    subject: headerLine(subject),
    text: `${[...parts.map(textOf), `-- \n${foot}`].join("\n\n")}\n`,
    html: `<!doctype html><html lang="${language}"><meta charset="utf-8"><title>${escapeHtml(headerLine(subject))}</title><body style="margin:0;background:#f6f3ee"><div style="max-width:600px;margin:0 auto;padding:32px 24px;font:16px/1.55 system-ui,-apple-system,Segoe UI,sans-serif;color:#14232b;background:#ffffff">${body}<hr style="border:0;border-top:1px solid #e4ddd2;margin:28px 0 12px"><p style="color:#52616b;font-size:13px">${escapeHtml(foot)}</p></div></body></html>`,
  };
}
