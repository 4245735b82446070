import { HavreError } from "../../kernel/errors.ts";
import type { Workload } from "../../ports/cluster.ts";
import { isFolder } from "./directory.ts";
import type { EngineApi } from "./engine-api.ts";
import type { Note } from "./notes.ts";
import { commandWords, quoted, wrapperScript } from "./wrapper.ts";

/** What the drivers of container engines have in common: a workload as a container. */

/** Where a container sees its box. */
export const BOX_MOUNT = "/.havre";

export interface ImageFacts {
  readonly id: string;
  /** Entry point and command together. */
  readonly program: readonly string[];
}

/** @returns undefined when the engine has no such image */
export async function lookAtImage(api: EngineApi, name: string, signal: AbortSignal): Promise<ImageFacts | undefined> {
  const { status, json } = await api.ask("GET", `/images/${encodeURIComponent(name)}/json`, { signal, also: [404, 400, 500] });
  if (status !== 200) return undefined;
  const { Id, Config } = json as { Id: string; Config?: { Entrypoint?: string[] | null; Cmd?: string[] | null } };
  return { id: Id, program: [...(Config?.Entrypoint ?? []), ...(Config?.Cmd ?? [])] };
}

export interface ContainerPlan {
  /** The wrapper as the container's own program, and the words that it is given. */
  readonly entrypoint: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly user: string;
  readonly mounts: readonly {
    readonly Type: "bind";
    readonly Source: string;
    readonly Target: string;
    readonly ReadOnly: boolean;
  }[];
}

export async function containerPlan(
  workload: Workload,
  note: Note,
  places: { readonly box: string; readonly scratch: string },
  program: readonly string[],
): Promise<ContainerPlan> {
  const { account, command, directory, environment, limits, mount, scratch, volumes } = workload;
  if (account.asRoot) throw new HavreError("invalid", "Showing as root is not offered here.");
  await Promise.all(volumes.map(volume => isFolder(volume.source)));
  if (command.kind === "image" && program.length === 0)
    throw new HavreError("invalid", `The image "${workload.image}" does not say what it runs: give a command.`);
  const script = wrapperScript({
    before: [`BOX=${BOX_MOUNT}`, `DIR=${quoted(mount)}`],
    stdout: note.stdout,
    stderr: note.stderr,
    key: quoted(note.name),
    requeue: note.requeue,
    diskBytes: limits.diskBytes,
    processes: 0,
    command: commandWords(command, quoted(mount)),
    launch: "",
    counts: true,
  });
  const bind = (Source: string, Target: string, ReadOnly: boolean) => ({ Type: "bind" as const, Source, Target, ReadOnly });
  return {
    entrypoint: ["/bin/sh", "-c", script, "havre"],
    args: command.kind === "image" ? program : [],
    env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    user: `${account.uid}:${account.gid}`,
    mounts: [
      bind(places.box, BOX_MOUNT, false),
      bind(directory, mount, false),
      ...volumes.map(({ source, mount: target, readOnly }) => bind(source, target, readOnly)),
      ...(scratch ? [bind(places.scratch, scratch.mount, false)] : []),
    ],
  };
}

/** Fetches images beside the requests that wait for them; one fetch for each image. */
export class Pulls {
  readonly #api: EngineApi;
  readonly #now = new Map<string, { failed?: unknown; done?: true }>();

  constructor(api: EngineApi) {
    this.#api = api;
  }

  /** @returns "waiting" while it comes. @throws once what went wrong; asked again it tries again */
  ask(name: string): "waiting" | "done" {
    const known = this.#now.get(name);
    if (known === undefined) {
      const pull: { failed?: unknown; done?: true } = {};
      this.#now.set(name, pull);
      this.#pull(name).then(
        () => (pull.done = true),
        error => (pull.failed = error),
      );
      return "waiting";
    }
    if (known.failed === undefined && !known.done) return "waiting";
    this.#now.delete(name);
    if (known.failed !== undefined) throw known.failed;
    return "done";
  }

  async #pull(name: string): Promise<void> {
    const [, plain = name, tag] = /^(.+?)(?::([^/:@]+))?$/.exec(name) ?? [];
    const query = name.includes("@") ? { fromImage: name } : { fromImage: plain, tag: tag ?? "latest" };
    const signal = AbortSignal.timeout(PULL_MS);
    try {
      for await (const line of this.#api.stream("POST", "/images/create", { signal, query })) {
        const { error } = line as { error?: string };
        if (error !== undefined) throw new HavreError("unavailable", error);
      }
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      const isNone = /not found|manifest unknown|denied|unauthorized|does not exist|invalid reference|no such image/i.test(words);
      throw isNone
        ? new HavreError("invalid", `The image "${name}" cannot be had: ${words.slice(0, 300)}`, { cause: error })
        : new HavreError("unavailable", `The image "${name}" cannot be fetched now.`, { cause: error });
    }
  }
}

const PULL_MS = 3_600_000;
