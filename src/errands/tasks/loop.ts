import { keepClusters, takePlace } from "../../core/tasks/index.ts";
import type { World } from "../../core/world.ts";
import { chainOf } from "../../kernel/errors.ts";
import type { Cluster } from "../../ports/cluster.ts";
import { ClusterDriver } from "./driver.ts";

/** A process that waits to follow a dead one asks so often. */
const FOLLOW_MS = 1_000;

/**
 * Drives all tasks, in one process of all: the one whose connection holds the name. Nothing would go wrong with two, as every step may
 * be repeated; they would only do everything twice. Opened by start, closed by stop.
 */
export class TaskLoop {
  readonly #world: World;
  readonly #clusters: ReadonlyMap<string, () => Promise<Cluster>>;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #warned = false;

  /** @param clusters how to open each, by name, the default first */
  constructor(world: World, clusters: ReadonlyMap<string, () => Promise<Cluster>>) {
    this.#world = world;
    this.#clusters = clusters;
  }

  start(): void {
    this.#running = this.#follow();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const lead = await this.#world.store.lead("tasks");
        if (lead) {
          if (await takePlace(this.#world)) await this.#drive(lead.isHeld);
          else this.#warnOfPlace();
          await lead.release();
        }
      } catch (error) {
        this.#world.log.warn({ error: chainOf(error) }, "tasks: the loop cannot reach the database, trying again");
      }
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, FOLLOW_MS);
        signal.addEventListener(
          "abort",
          () => {
            clearTimeout(timer);
            resolve();
          },
          { once: true },
        );
        if (signal.aborted) resolve();
      });
    }
  }

  #warnOfPlace(): void {
    if (this.#warned) return;
    this.#warned = true;
    const what =
      "tasks run whose files lie in another folder: give all processes that work the same COMPUTE_DIR, on a disk that they share";
    this.#world.log.error({ root: this.#world.folders.root }, what);
  }

  /** Until the process stops or the name is lost. */
  async #drive(isHeld: () => boolean): Promise<void> {
    const over = new AbortController();
    const end = (): void => over.abort();
    this.#stop.signal.addEventListener("abort", end, { once: true });
    if (this.#stop.signal.aborted) end();
    const watch = setInterval(() => {
      if (!isHeld()) end();
    }, FOLLOW_MS);
    const drivers = [...this.#clusters].map(([name, open], place) => new ClusterDriver(this.#world, name, open, place));
    let unlisten = (): void => {};
    try {
      await keepClusters(this.#world, [...this.#clusters.keys()]);
      unlisten = await this.#world.store.listen("havre_task", () => {
        for (const driver of drivers) driver.wake();
      });
      await Promise.all(drivers.map(driver => driver.run(over.signal)));
    } finally {
      clearInterval(watch);
      unlisten();
      end();
      this.#stop.signal.removeEventListener("abort", end);
    }
  }
}
