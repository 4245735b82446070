/** `Authorization: Basic …` (RFC 7617). @returns undefined without credentials of this kind, and for what cannot be read */
export function basicOf(header: string | undefined): { readonly name: string; readonly secret: string } | undefined {
  const [, encoded = ""] = /^\s*Basic\s+([A-Za-z0-9+/=_-]+)\s*$/i.exec(header ?? "") ?? [];
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : { name: text.slice(0, colon), secret: text.slice(colon + 1) };
}
