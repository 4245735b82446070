import { type DetailedError, type HttpResponse, Upload } from "tus-js-client";
import { ApiError, get } from "../api/client.ts";
import type { DropoffStudy, DropStatus, ReceiptPage } from "../api/types.ts";
import type { Picked } from "../parts/picked.ts";
import { smoothRate } from "../units.ts";
import { pathOf, wordsOf } from "./answers.ts";
import { type Job, jobFor, jobOf, type UploadItem } from "./jobs.ts";
import { dropRecord, keepRecord, lookAt, type Memory, readRecords, recordFor } from "./records.ts";
import { backoffMs, mayPass, refusalOf, silenceMs } from "./rules.ts";

const AT_ONCE = 3;
const TELL_EVERY_MS = 200;
const KEEP_EVERY_MS = 3000;
const WATCH_EVERY_MS = 5000;
const ARRIVED: ReadonlySet<DropStatus> = new Set(["UPLOADED", "MOVING", "DONE"]);

/**
 * The uploads of one drop-off page. A class because it is opened and closed: it holds connections, timers and listeners.
 * Each file is one stream of bytes: three files at once already fill the six connections that a browser grants a server
 * over HTTP/1.1, once the page's own requests are counted.
 */
export class Uploads {
  readonly #study: string;
  readonly #page: DropoffStudy;
  readonly #memory: Memory;
  readonly #jobs = new Map<string, Job>();
  readonly #listeners = new Set<() => void>();
  #items: readonly UploadItem[] = [];
  #tellTimer: number | undefined;
  #watchTimer: number | undefined;
  #code = "";

  constructor(study: string, page: DropoffStudy, memory: Memory) {
    this.#study = study;
    this.#page = page;
    this.#memory = memory;
  }

  /** Shows what is remembered of this study's uploads and starts to listen to the network. */
  open(): void {
    for (const record of readRecords(this.#memory).filter(row => row.study === this.#study))
      this.#jobs.set(record.key, jobOf(record));
    for (const job of this.#jobs.values()) if (job.item.state === "unfinished") void this.#askReceipt(job);
    window.addEventListener("online", this.#online);
    window.addEventListener("offline", this.#offline);
    window.addEventListener("pagehide", this.#keepAll);
    this.#watchTimer = window.setInterval(this.#watch, WATCH_EVERY_MS);
    this.#tell();
  }

  close(): void {
    window.removeEventListener("online", this.#online);
    window.removeEventListener("offline", this.#offline);
    window.removeEventListener("pagehide", this.#keepAll);
    window.clearInterval(this.#watchTimer);
    this.#keepAll();
    for (const job of this.#jobs.values()) this.#halt(job);
    this.#jobs.clear();
  }

  useCode(code: string): void {
    this.#code = code;
  }

  /** For `useSyncExternalStore`. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly snapshot = (): readonly UploadItem[] => this.#items;

  /** Queues the files; one that was begun earlier goes on where it stopped. */
  async add(picked: readonly Picked[]): Promise<void> {
    for (const { file, folder } of picked) {
      const refusal = refusalOf(file.name, file.size, this.#page);
      const known = refusal ? undefined : await this.#knownJob(file, folder);
      if (known) {
        known.file = file;
        this.#set(known, { state: "queued", message: "", refusal: undefined });
      } else if (refusal || !this.#alreadyHere(file, folder)) {
        const job = jobFor(file, folder);
        this.#jobs.set(job.item.key, job);
        if (refusal) this.#set(job, { state: "refused", refusal });
      }
    }
    this.#tell();
    this.#pump();
  }

  pause(key: string): void {
    const job = this.#jobs.get(key);
    if (!job || !["queued", "uploading", "waiting"].includes(job.item.state)) return;
    this.#halt(job);
    this.#keep(job);
    this.#set(job, { state: "paused" });
    this.#pump();
  }

  /** Goes on after a pause, or tries again after a refusal. */
  resume(key: string): void {
    const job = this.#jobs.get(key);
    if (!job?.file) return;
    job.attempt = 0;
    this.#set(job, { state: "queued", message: "", refusal: undefined });
    this.#pump();
  }

  pauseAll(): void {
    // The waiting ones first: else pausing one that runs would start the next in the queue.
    for (const state of ["queued", "waiting", "uploading"])
      for (const job of [...this.#jobs.values()]) if (job.item.state === state) this.pause(job.item.key);
  }

  resumeAll(): void {
    for (const job of [...this.#jobs.values()]) if (job.item.state === "paused") this.resume(job.item.key);
  }

  /** Stops an upload and has the server forget its bytes; takes a finished or refused row off the list. */
  cancel(key: string): void {
    const job = this.#jobs.get(key);
    if (!job) return;
    this.#halt(job);
    // When the server cannot be reached now, the unfinished upload expires there by itself.
    if (job.url && job.item.state !== "done") Upload.terminate(job.url).catch(() => {});
    dropRecord(this.#memory, key);
    this.#jobs.delete(key);
    this.#tell();
    this.#pump();
  }

  async #knownJob(file: File, folder: string): Promise<Job | undefined> {
    const unfinished = [...this.#jobs.values()].filter(job => job.item.state === "unfinished");
    if (!unfinished.some(job => job.item.name === file.name && job.item.sizeBytes === file.size)) return undefined;
    const look = await lookAt(file).catch(() => undefined);
    const record = look && recordFor(readRecords(this.#memory), this.#study, folder, look);
    return unfinished.find(job => job.item.key === record?.key);
  }

  #alreadyHere(file: File, folder: string): boolean {
    return [...this.#jobs.values()].some(
      job =>
        job.item.state !== "refused" &&
        job.file?.name === file.name &&
        job.file.size === file.size &&
        job.file.lastModified === file.lastModified &&
        job.item.folder === folder,
    );
  }

  #pump(): void {
    const jobs = [...this.#jobs.values()];
    let busy = jobs.filter(job => job.item.state === "uploading" || job.item.state === "waiting").length;
    for (const job of jobs) {
      if (busy >= AT_ONCE) return;
      if (job.item.state !== "queued") continue;
      busy++;
      void this.#run(job);
    }
  }

  async #run(job: Job): Promise<void> {
    const file = job.file;
    if (!file) return;
    this.#set(job, { state: "uploading", message: "" });
    job.movedAtMs = performance.now();
    job.measured = undefined;
    try {
      job.look ??= await lookAt(file);
      // A file that was changed or taken away fails as a broken network would, for ever: so look first.
      await file.slice(0, 1).arrayBuffer();
    } catch {
      return this.#refuse(job, "unreadable", "");
    }
    if (job.item.state !== "uploading" || job.upload) return;
    const upload = new Upload(file, {
      ...(job.url ? { uploadUrl: job.url } : { endpoint: this.#page.upload_url }),
      metadata: this.#metadata(job, file),
      retryDelays: null,
      storeFingerprintForResuming: false,
      onAfterResponse: (_request, response) => this.#noteReceipt(job, response),
      onUploadUrlAvailable: () => {
        job.url = upload.url ?? "";
        this.#keep(job);
      },
      onProgress: sentBytes => this.#progress(job, sentBytes),
      onSuccess: () => this.#finish(job),
      onError: error => this.#failed(job, error),
    });
    job.upload = upload;
    upload.start();
  }

  #metadata(job: Job, file: File): Record<string, string> {
    return {
      filename: file.name,
      ...(file.type ? { filetype: file.type } : {}),
      upload_code: this.#code,
      ...(job.item.folder ? { relativePath: `${job.item.folder}/${job.item.name}` } : {}),
      lastModified: String(file.lastModified),
    };
  }

  #noteReceipt(job: Job, response: HttpResponse): void {
    const receipt = response.getHeader("Havre-Receipt");
    if (receipt) this.#set(job, { receipt: pathOf(receipt) });
  }

  #progress(job: Job, sentBytes: number): void {
    const nowMs = performance.now();
    if (sentBytes > job.item.sentBytes) job.movedAtMs = nowMs;
    job.measured ??= { bytes: sentBytes, atMs: nowMs };
    const seconds = (nowMs - job.measured.atMs) / 1000;
    let { bytesPerSecond } = job.item;
    if (seconds >= 0.5) {
      bytesPerSecond = smoothRate(bytesPerSecond, Math.max(0, sentBytes - job.measured.bytes), seconds);
      job.measured = { bytes: sentBytes, atMs: nowMs };
      job.attempt = 0;
    }
    job.item = { ...job.item, sentBytes, bytesPerSecond };
    if (nowMs - job.keptAtMs > KEEP_EVERY_MS) this.#keep(job);
    this.#tellSoon();
  }

  #finish(job: Job): void {
    job.upload = undefined;
    job.file = undefined;
    this.#set(job, { state: "done", sentBytes: job.item.sizeBytes, bytesPerSecond: undefined, message: "", refusal: undefined });
    this.#keep(job);
    this.#pump();
  }

  #failed(job: Job, error: Error | DetailedError): void {
    job.upload = undefined;
    const response = "originalResponse" in error ? error.originalResponse : null;
    const status = response?.getStatus() ?? 0;
    if (!("originalRequest" in error)) this.#refuse(job, "server", error.message);
    else if (mayPass(status)) this.#wait(job, wordsOf(response), Number(response?.getHeader("Retry-After") ?? 0) * 1000);
    else if (job.url && (status === 404 || status === 410)) void this.#gone(job);
    else this.#refuse(job, "server", wordsOf(response) || `HTTP ${status}`);
  }

  /** The server no longer knows the upload: it has arrived and been moved on, or it expired and starts anew. */
  async #gone(job: Job): Promise<void> {
    if ((await this.#askReceipt(job)) || !this.#jobs.has(job.item.key)) return;
    job.url = "";
    this.#set(job, { sentBytes: 0, receipt: "" });
    this.#wait(job, "", 0);
  }

  /** True when the receipt says that the file has arrived. */
  async #askReceipt(job: Job): Promise<boolean> {
    if (!job.item.receipt) return false;
    const page = await get<ReceiptPage>(`/v1${job.item.receipt}/`).catch((error: unknown) =>
      error instanceof ApiError ? error : undefined,
    );
    if (!page || page instanceof ApiError) return false;
    if (ARRIVED.has(page.drop.status)) {
      this.#finish(job);
      return true;
    }
    if (page.upload && job.item.state === "unfinished") this.#set(job, { sentBytes: page.upload.offset });
    return false;
  }

  #wait(job: Job, message: string, atLeastMs: number): void {
    this.#keep(job);
    this.#set(job, { state: "waiting", message, bytesPerSecond: undefined });
    const delayMs = Math.max(atLeastMs, backoffMs(job.attempt++, Math.random()));
    window.clearTimeout(job.retryTimer);
    job.retryTimer = window.setTimeout(() => this.#again(job), delayMs);
  }

  #again(job: Job): void {
    window.clearTimeout(job.retryTimer);
    if (job.item.state === "waiting") void this.#run(job);
  }

  #refuse(job: Job, why: "server" | "unreadable", message: string): void {
    job.upload = undefined;
    this.#set(job, { state: "refused", refusal: { why }, message, bytesPerSecond: undefined });
    this.#pump();
  }

  #halt(job: Job): void {
    window.clearTimeout(job.retryTimer);
    void job.upload?.abort();
    job.upload = undefined;
    job.item = { ...job.item, bytesPerSecond: undefined };
  }

  readonly #online = (): void => {
    for (const job of this.#jobs.values()) {
      job.attempt = 0;
      this.#again(job);
    }
  };

  readonly #offline = (): void => {
    for (const job of this.#jobs.values()) if (job.item.state === "uploading") this.#interrupt(job);
  };

  readonly #watch = (): void => {
    for (const job of this.#jobs.values()) {
      const limitMs = silenceMs(job.item.sentBytes, job.item.sizeBytes);
      if (job.item.state === "uploading" && performance.now() - job.movedAtMs > limitMs) this.#interrupt(job);
    }
  };

  #interrupt(job: Job): void {
    this.#halt(job);
    this.#wait(job, "", 0);
  }

  readonly #keepAll = (): void => {
    for (const job of this.#jobs.values()) if (job.file) this.#keep(job);
  };

  #keep(job: Job): void {
    if (!job.url) return;
    job.keptAtMs = performance.now();
    const { key, name, folder, sizeBytes, sentBytes, receipt, state } = job.item;
    const { modifiedMs = 0, sample = "" } = job.look ?? {};
    const kept = { key, name, folder, sizeBytes, sentBytes, receipt, modifiedMs, sample, done: state === "done" };
    keepRecord(this.#memory, { ...kept, study: this.#study, uploadUrl: job.url, startedAt: job.startedAt });
  }

  #set(job: Job, change: Partial<UploadItem>): void {
    job.item = { ...job.item, ...change };
    this.#tellSoon();
  }

  #tellSoon(): void {
    this.#tellTimer ??= window.setTimeout(() => this.#tell(), TELL_EVERY_MS);
  }

  #tell(): void {
    window.clearTimeout(this.#tellTimer);
    this.#tellTimer = undefined;
    this.#items = [...this.#jobs.values()].map(job => job.item);
    for (const listener of this.#listeners) listener();
  }
}
