import hawk from "hawk";

export interface HawkToken {
  readonly key: string;
  readonly secret: string;
}

export interface Said {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  readonly body: any;
}

type Metadata = Readonly<Record<string, string>>;
export type HookName = "pre-create" | "post-finish";

export interface TusdUpload {
  readonly id?: string;
  readonly size: number;
  readonly metadata: Metadata;
}

/** The body that tusd 1 hands to its hook script, with what the script adds (`done`, `error`, …). */
export const bodyV1 = (
  hook: HookName,
  { id = "", size, metadata }: TusdUpload,
  more: Readonly<Record<string, unknown>> = {},
) => ({
  Upload: {
    ID: hook === "pre-create" ? "" : id,
    Size: size,
    SizeIsDeferred: false,
    Offset: hook === "pre-create" ? 0 : size,
    MetaData: metadata,
    IsPartial: false,
    IsFinal: false,
    PartialUploads: null,
    Storage: hook === "pre-create" ? null : { Type: "filestore", Path: `/srv/tusd/${id}` },
  },
  HTTPRequest: {
    Method: hook === "pre-create" ? "POST" : "PATCH",
    URI: "/files/",
    RemoteAddr: "192.0.2.7:47689",
    Header: { Host: ["x"] },
  },
  ...more,
});

/** The body of tusd 2, which names the hook itself. */
export const bodyV2 = (hook: HookName, upload: TusdUpload) => ({ Type: hook, Event: bodyV1(hook, upload) });

/** Posts as the VRE's hook script does, signed by npm `hawk`; the reply's signature is checked too. */
export async function postSigned(
  url: string,
  { key, secret }: HawkToken,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Said> {
  const payload = JSON.stringify(body);
  const credentials = { id: key, key: secret, algorithm: "sha256" as const };
  const contentType = "application/json";
  const { header, artifacts } = hawk.client.header(url, "POST", { credentials, payload, contentType });
  const sent = { ...headers, authorization: header, "content-type": contentType, "cache-control": "no-cache" };
  const answer = await fetch(url, { method: "POST", headers: sent, body: payload });
  const text = await answer.text();
  if (answer.status !== 401)
    hawk.client.authenticate({ headers: Object.fromEntries(answer.headers) }, credentials, artifacts, {
      payload: text,
      required: true,
    });
  return { status: answer.status, text, body: JSON.parse(text) };
}

export async function postPlain(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Said> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, text, body: JSON.parse(text) };
}
