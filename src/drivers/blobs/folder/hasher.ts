import { Worker } from "node:worker_threads";

/** From the process to the thread that hashes. `upTo` bytes of the file are there to be read. */
export type HashOrder =
  | { readonly act: "start"; readonly key: string; readonly path: string; readonly offset: number }
  | { readonly act: "follow"; readonly key: string; readonly upTo: number }
  | { readonly act: "digest"; readonly key: string; readonly upTo: number; readonly id: number }
  | { readonly act: "forget"; readonly key: string };
export interface HashAnswer {
  readonly id: number;
  readonly sha256: string | undefined;
}

/**
 * SHA-256 of blobs while they are written. A thread of its own reads each file a little behind its writer, out of the page
 * cache: so the bytes are neither copied between threads nor kept for the hash, and writing never waits for hashing. It knows a
 * blob from its first byte, also when an earlier process wrote it.
 */
export class Hasher {
  readonly #patienceMs: number;
  #worker: Worker | undefined;
  #lastId = 0;
  readonly #asked = new Map<number, (sha256: string | undefined) => void>();

  /** @param patienceMs how long a last answer waits for its hash; what is not known by then is measured later, away from the upload */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  start(key: string, path: string, offset: number): void {
    this.#order({ act: "start", key, path, offset });
  }

  follow(key: string, upTo: number): void {
    this.#order({ act: "follow", key, upTo });
  }

  forget(key: string): void {
    if (this.#worker) this.#order({ act: "forget", key });
  }

  digest(key: string, upTo: number): Promise<string | undefined> {
    const id = ++this.#lastId;
    return new Promise(resolve => {
      const answer = (sha256: string | undefined): void => {
        clearTimeout(timer);
        this.#asked.delete(id);
        resolve(sha256);
        this.forget(key);
      };
      const timer = setTimeout(() => answer(undefined), this.#patienceMs);
      this.#asked.set(id, answer);
      this.#order({ act: "digest", key, upTo, id });
    });
  }

  #order(order: HashOrder): void {
    this.#worker ??= this.#begin();
    this.#worker.postMessage(order);
  }

  #begin(): Worker {
    const worker = new Worker(new URL("./hash-thread.ts", import.meta.url));
    worker.on("message", ({ id, sha256 }: HashAnswer) => this.#asked.get(id)?.(sha256));
    worker.on("error", () => this.#lost());
    worker.unref();
    return worker;
  }

  /** Without the thread every hash in progress is unknown; the next order begins a new one. */
  #lost(): void {
    this.#worker = undefined;
    for (const answer of this.#asked.values()) answer(undefined);
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#lost();
  }
}
