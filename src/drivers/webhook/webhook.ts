import { HavreError } from "../../kernel/errors.ts";
import type { Webhook } from "../../ports/webhook.ts";
import { drain, type GuardedHttp } from "../http/guarded.ts";

const ANSWER_MS = 20_000;

/** JSON over the guarded client: private addresses are refused, and nothing is followed. */
export const makeWebhook = (http: GuardedHttp): Webhook => ({
  async post(url, body, signal, more = {}) {
    const text = JSON.stringify(body);
    const headers = {
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(text)),
      "user-agent": "Havre",
      ...more,
    };
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    const reply = await http.request({ method: "POST", url: new URL(url), headers, body: text, signal: within });
    await drain(reply);
    const { status } = reply;
    if (status >= 200 && status < 300) return;
    const host = new URL(url).host;
    if (status === 429) throw new HavreError("throttled", `${host} wants to be told less often.`);
    if (status >= 500) throw new HavreError("unavailable", `${host} answered ${status}.`);
    throw new HavreError("invalid", `${host} refused it with ${status}.`);
  },
  close: () => http.close(),
});
