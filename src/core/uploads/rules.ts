import { HavreError } from "../../kernel/errors.ts";
import type { Announcement } from "../drops/index.ts";
import type { Metadata, NewUpload, Upload } from "./model.ts";

/** Never given back: the code is a secret, and study and address are the server's own to say. */
const PRIVATE: ReadonlySet<string> = new Set(["upload_code", "code", "study", "ip"]);

export const displayed = (metadata: Metadata): Metadata =>
  Object.fromEntries(Object.entries(metadata).filter(([key]) => !PRIVATE.has(key.toLowerCase())));

/** Uppy sends the word "null" for a path that a file does not have. */
const said = (value: string | undefined): string => (value === "null" || value === "undefined" ? "" : (value ?? ""));

/** What the metadata of a tus upload says of a drop; the keys are those of tus-js-client, of Uppy and of the VRE's own page. */
export function announcementOf(asked: NewUpload, blobKey: string | undefined): Announcement {
  const { metadata } = asked;
  const filename = metadata.filename || metadata.name || "";
  const path = said(metadata.relativePath);
  return {
    studyUuid: asked.studyUuid,
    uploadCode: metadata.upload_code ?? metadata.code,
    filename,
    folder: path.slice(0, path.lastIndexOf("/") + 1),
    mediaType: said(metadata.filetype || metadata.type),
    sizeBytes: asked.lengthBytes,
    declaredSha256: metadata.sha256,
    ip: asked.ip,
    language: asked.language,
    blobKey,
  };
}

/** Whether a provider declared another hash than this. Hex and base64 are both in use. */
export function differs(declared: string | undefined, sha256: string | undefined): boolean {
  if (!declared || sha256 === undefined) return false;
  return declared.toLowerCase() !== sha256 && Buffer.from(declared, "base64").toString("hex") !== sha256;
}

type Part = Pick<Upload, "id" | "kind" | "studyId" | "finishedAt" | "endedAt">;

/** Every part asked for is this study's, finished and free. @throws "invalid" in words for whoever joins */
export function acceptParts(asked: readonly string[], found: readonly Part[], studyId: number): void {
  const wrong = wrongWithParts(asked, found, studyId);
  if (wrong !== undefined) throw new HavreError("invalid", wrong);
}

function wrongWithParts(asked: readonly string[], found: readonly Part[], studyId: number): string | undefined {
  if (new Set(asked).size !== asked.length) return "Upload-Concat names a part twice.";
  const ours = found.filter(part => part.kind === "part" && part.studyId === studyId);
  if (ours.length !== asked.length) return "Upload-Concat names an upload that is no part of this study's.";
  if (ours.some(part => part.endedAt !== undefined)) return "A part has expired or was used already.";
  return ours.some(part => part.finishedAt === undefined) ? "A part is not finished yet." : undefined;
}
