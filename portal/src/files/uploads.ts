import { ApiError, sendFile } from "../api/client.ts";
import type { Picked } from "../parts/picked.ts";
import { addressOf, within } from "./types.ts";

export type UploadState = "waiting" | "sending" | "done" | "taken" | "failed";
export type IfExists = "refuse" | "replace" | "beside";

/** One file on its way into a folder, as it is shown. */
export type Upload = {
  readonly id: number;
  /** From the folder that it was dropped on. */
  readonly name: string;
  readonly size: number;
  readonly sent: number;
  readonly state: UploadState;
  readonly words: string;
};

type Job = { storage: string; path: string; file: File; ifExists: IfExists; stop: AbortController };

const TOGETHER = 3;
let lastId = 0;

/** Files that are sent into a storage, some at a time. Opened with the page; what is on its way when it goes is lost. */
export class Uploads {
  #rows: readonly Upload[] = [];
  readonly #jobs = new Map<number, Job>();
  readonly #hearers = new Set<() => void>();
  readonly #doneHearers = new Set<(storage: string) => void>();

  readonly rows = (): readonly Upload[] => this.#rows;
  readonly subscribe = (hear: () => void): (() => void) => {
    this.#hearers.add(hear);
    return () => this.#hearers.delete(hear);
  };
  onDone(hear: (storage: string) => void): () => void {
    this.#doneHearers.add(hear);
    return () => this.#doneHearers.delete(hear);
  }
  isBusy(): boolean {
    return this.#rows.some(({ state }) => state === "sending" || state === "waiting");
  }

  add(storage: string, folder: string, picked: readonly Picked[]): void {
    const fresh = picked.map(({ file, folder: own }) => {
      const id = ++lastId;
      const name = within(own, file.name);
      this.#jobs.set(id, { storage, path: within(folder, name), file, ifExists: "refuse", stop: new AbortController() });
      return { id, name, size: file.size, sent: 0, state: "waiting", words: "" } as const;
    });
    this.#show([...this.#rows, ...fresh]);
    this.#next();
  }

  /** Sends it once more. @param ifExists what becomes of a file that has the name */
  again(id: number, ifExists?: IfExists): void {
    const job = this.#jobs.get(id);
    if (!job) return;
    this.#jobs.set(id, { ...job, stop: new AbortController(), ...(ifExists ? { ifExists } : {}) });
    this.#change(id, { state: "waiting", sent: 0, words: "" });
    this.#next();
  }

  remove(id: number): void {
    this.#jobs.get(id)?.stop.abort();
    this.#jobs.delete(id);
    this.#show(this.#rows.filter(row => row.id !== id));
    this.#next();
  }

  #next(): void {
    const sending = this.#rows.filter(({ state }) => state === "sending").length;
    for (const { id } of this.#rows.filter(({ state }) => state === "waiting").slice(0, TOGETHER - sending)) void this.#send(id);
  }

  async #send(id: number): Promise<void> {
    const job = this.#jobs.get(id);
    if (!job) return;
    this.#change(id, { state: "sending" });
    const { storage, path, file, ifExists, stop } = job;
    try {
      const address = `${addressOf(storage, "content/", path)}&parents=1&if_exists=${ifExists}`;
      await sendFile("PUT", address, file, sent => this.#change(id, { sent }), stop.signal);
      this.#change(id, { state: "done", sent: file.size });
      for (const hear of this.#doneHearers) hear(storage);
    } catch (error) {
      const isTaken = error instanceof ApiError && error.status === 409 && ifExists === "refuse";
      this.#change(id, { state: isTaken ? "taken" : "failed", words: error instanceof Error ? error.message : "" });
    }
    this.#next();
  }

  #change(id: number, change: Partial<Upload>): void {
    this.#show(this.#rows.map(row => (row.id === id ? { ...row, ...change } : row)));
  }

  #show(rows: readonly Upload[]): void {
    this.#rows = rows;
    for (const hear of this.#hearers) hear();
  }
}
