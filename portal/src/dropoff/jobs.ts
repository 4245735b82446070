import type { Upload } from "tus-js-client";
import type { FileLook, UploadRecord } from "./records.ts";
import type { Refusal } from "./rules.ts";

/**
 * `unfinished` was begun earlier and needs its file to be chosen again; `waiting` goes on by itself when the connection or
 * the server is back; `refused` is a decision (ours or the server's) that only a person can change.
 */
export type UploadState = "queued" | "uploading" | "waiting" | "paused" | "unfinished" | "done" | "refused";

export type UploadItem = {
  readonly key: string;
  readonly name: string;
  readonly folder: string;
  readonly sizeBytes: number;
  readonly sentBytes: number;
  readonly bytesPerSecond: number | undefined;
  readonly state: UploadState;
  /** The server's own words, when it said any. */
  readonly message: string;
  readonly refusal: Refusal | { readonly why: "server" | "unreadable" } | undefined;
  readonly receipt: string;
};

/** One upload at work: what is shown of it, and what drives it. */
export type Job = {
  item: UploadItem;
  url: string;
  startedAt: string;
  attempt: number;
  file?: File | undefined;
  look?: FileLook | undefined;
  upload?: Upload | undefined;
  retryTimer?: number | undefined;
  movedAtMs: number;
  measured?: { bytes: number; atMs: number } | undefined;
  keptAtMs: number;
};

const freshKey = (): string => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;

/** A file that is new here. */
export function jobFor(file: File, folder: string): Job {
  const shown = { name: file.name, folder, sizeBytes: file.size, sentBytes: 0, bytesPerSecond: undefined };
  const item: UploadItem = { ...shown, key: freshKey(), state: "queued", message: "", refusal: undefined, receipt: "" };
  return { item, file, url: "", startedAt: new Date().toISOString(), attempt: 0, movedAtMs: 0, keptAtMs: 0 };
}

/** An upload that is remembered from before, without its file. */
export function jobOf(record: UploadRecord): Job {
  const { key, name, folder, sizeBytes, sentBytes, receipt, modifiedMs, sample } = record;
  const shown = { key, name, folder, sizeBytes, sentBytes, receipt, message: "", refusal: undefined, bytesPerSecond: undefined };
  const look = { name, sizeBytes, modifiedMs, sample };
  const item: UploadItem = { ...shown, state: record.done ? "done" : "unfinished" };
  return { item, look, url: record.uploadUrl, startedAt: record.startedAt, attempt: 0, movedAtMs: 0, keptAtMs: 0 };
}
