import { type HookAnswer, type HookCall, receiptPath, receiveHook } from "../../core/drops/index.ts";
import type { Actor } from "../../core/people/model.ts";
import type { World } from "../../core/world.ts";
import { type Route, route, type Schema, SpecialReply, type Wire } from "../../http/route.ts";
import { asHavreError, HavreError } from "../../kernel/errors.ts";
import { INTEGER, list, object, STRING } from "./schemas.ts";
import { refuse } from "./wire.ts";

/** The body of an external tusd's hook, both generations (contract §5.3). */
interface Asked extends HookCall {
  readonly generation: 1 | 2;
  readonly clientMetadata: Readonly<Record<string, string>>;
}

type Answered = { readonly asked: Asked; readonly answer: HookAnswer } | { readonly asked: Asked; readonly refused: HavreError };

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
/** PostgreSQL keeps neither NUL nor half a character. */
const isText = (value: string): boolean => value.isWellFormed() && !value.includes("\0");
/** The daemon sends numbers; the scripts' reports are read as they may write them, "1" too. */
const isOne = (value: unknown): boolean => value === 1 || value === "1" || value === true;
const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const unusable = (): HavreError => new HavreError("invalid", "The body is not a hook request.");

function hookAsked(wire: Wire): Asked {
  const body = objectOf(wire.body);
  const generation = typeof body.Type === "string" && "Event" in body ? 2 : 1;
  const event = generation === 2 ? objectOf(body.Event) : body;
  const upload = objectOf(event.Upload);
  const metadata = Object.fromEntries(
    Object.entries(objectOf(upload.MetaData)).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  );
  const hook = String(generation === 2 ? body.Type : (wire.headers["hook-name"] ?? "")).toLowerCase();
  if ((hook !== "pre-create" && hook !== "post-finish") || upload.MetaData === undefined || upload.MetaData === null)
    throw unusable();
  const size = upload.SizeIsDeferred === true ? undefined : upload.Size;
  if (size !== undefined && !isSize(size)) throw unusable();
  const { Path: path } = objectOf(upload.Storage);
  const uploadId = typeof upload.ID === "string" ? upload.ID : "";
  const storedPath = typeof path === "string" ? path : "";
  const errorMessage = typeof body.error_message === "string" ? body.error_message.slice(0, 500) : "";
  if (![uploadId, storedPath, errorMessage, ...Object.values(metadata)].every(isText)) throw unusable();
  const authorization = wire.headers["x-webhook-secret"];
  return {
    generation,
    hook,
    uploadId,
    sizeBytes: size,
    metadata,
    clientMetadata: metadata,
    path: storedPath,
    done: isOne(body.done),
    failed: isOne(body.error),
    errorMessage,
    deliveryId: typeof body.storage_id === "number" ? body.storage_id : undefined,
    sharedSecret: typeof authorization === "string" ? authorization : (wire.query.secret ?? ""),
  };
}

/** tusd 2 hears a refusal only in a reply of 200; tusd 1 by the status. */
async function hook(world: World, actor: Actor, asked: Asked): Promise<Answered> {
  try {
    return { asked, answer: await receiveHook(world, actor, asked) };
  } catch (thrown) {
    const error = asHavreError(thrown);
    const notAboutTheUpload = error.kind === "bug" || error.kind === "unauthenticated";
    if (asked.generation === 1 || asked.hook !== "pre-create" || notAboutTheUpload) throw error;
    return { asked, refused: error };
  }
}

/** tusd 2 reads no more of a reply. */
const MOST_REPLY_BYTES = 5 * 1024;

function hookReply(result: Answered, wire: Wire): unknown {
  if ("refused" in result) {
    const { status, body } = refuse(result.refused, wire);
    return {
      RejectUpload: true,
      HTTPResponse: {
        StatusCode: status === 409 ? 403 : status,
        Body: JSON.stringify(body),
        Header: { "Content-Type": "application/json" },
      },
    };
  }
  const { asked, answer } = result;
  if (asked.hook === "post-finish") return storagesReply(answer);
  if (asked.generation === 1) return {};
  const accepted = {
    ChangeFileInfo: { MetaData: { ...asked.clientMetadata, drop: answer.drop.publicId } },
    HTTPResponse: { Header: { "Havre-Receipt": receiptPath(answer.receiptSecret) } },
  };
  // Without the drop's number the two hooks are paired by what both know.
  return Buffer.byteLength(JSON.stringify(accepted)) <= MOST_REPLY_BYTES ? accepted : { HTTPResponse: accepted.HTTPResponse };
}

const storagesReply = ({ storages, provider }: HookAnswer): unknown =>
  new SpecialReply(200, {
    storages: storages.map(storage => ({
      id: storage.deliveryId,
      engine: storage.engine,
      location: storage.location,
      username: storage.username,
      password: storage.password,
      path: storage.path,
      encryption_password: storage.encryptionPassword,
    })),
    uploader_name: provider?.name ?? "",
    uploader_email: provider?.email ?? "",
  });

const metadataSchema: Schema = { type: "object", additionalProperties: STRING };
const callSchema = object({
  Upload: object(
    { ID: STRING, Size: INTEGER, MetaData: metadataSchema },
    { SizeIsDeferred: { type: "boolean" }, Offset: INTEGER, Storage: { type: ["object", "null"] } },
  ),
});
const storagesSchema = object({
  storages: list(
    object({
      id: INTEGER,
      engine: STRING,
      location: STRING,
      username: STRING,
      password: STRING,
      path: STRING,
      encryption_password: STRING,
    }),
  ),
  uploader_name: STRING,
  uploader_email: STRING,
});
const replySchema: Schema = {
  description: "To pre-create nothing, or what tusd 2 reads; to post-finish the storages.",
  anyOf: [
    storagesSchema,
    {
      type: "object",
      properties: {
        RejectUpload: { type: "boolean" },
        ChangeFileInfo: object({ MetaData: metadataSchema }),
        HTTPResponse: object({ Header: metadataSchema }, { StatusCode: INTEGER, Body: STRING }),
      },
    },
  ],
};

export const webhookRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/api/v1/dropoffs/webhook/",
    auth: "any",
    tag: "dropoffs",
    summary: "Hooks of an external tusd: pre-create and post-finish",
    body: { anyOf: [callSchema, object({ Type: STRING, Event: callSchema })] },
    reply: replySchema,
    in: hookAsked,
    do: hook,
    out: hookReply,
  }),
];
