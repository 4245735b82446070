import type { HttpResponse } from "tus-js-client";

/** The path of a receipt page, given as a path or as a whole address. */
export const pathOf = (receipt: string): string => new URL(receipt, window.location.origin).pathname.replace(/\/$/, "");

/** `{"detail": "…"}`, or a short plain text. */
export function wordsOf(response: HttpResponse | null): string {
  const body = response?.getBody() ?? "";
  try {
    const json: unknown = JSON.parse(body);
    return json && typeof json === "object" && "detail" in json ? String(json.detail) : "";
  } catch {
    return body.length < 200 && !body.includes("<") ? body.trim() : "";
  }
}
