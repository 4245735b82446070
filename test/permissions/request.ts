import type { Asked } from "./ask.ts";
import type { Bench } from "./bench.ts";
import type { ActorName, DropState, Scene, Somebody } from "./scene.ts";

/** What stands before a route when somebody asks. */
export interface Standing {
  readonly bench: Bench;
  readonly scene: Scene;
  readonly as: ActorName;
  /** Whoever asks, when they have an account. */
  readonly self: Somebody | undefined;
}

/** A secret that a reply tells on purpose, and to whom. */
export type Told =
  | "storage"
  | "account link"
  | "code"
  | "invitation code"
  | "machine access"
  | "own hawk token"
  | "own csrf token";

export interface Question extends Omit<Asked, "method"> {
  /** Without the actor's token: the credentials are elsewhere. */
  readonly bare?: boolean;
}

export interface Request {
  readonly ask: (standing: Standing) => Question | Promise<Question>;
  /** A success uses up what the next one needs: the next to ask, or only the next line, as when all give up their own account. */
  readonly spends?: "each" | "all";
  /** A read that is an event itself. */
  readonly isNoted?: true;
  /** Makes what it is asked about, before anybody asks; called often, and does it once. */
  readonly prepare?: (bench: Bench, scene: Scene) => Promise<void>;
  /** A success used that up: it is made anew. */
  readonly spent?: (scene: Scene) => void;
  /** State of the study's drop; delivered when absent. */
  readonly drop?: DropState;
  readonly tells?: (as: ActorName) => readonly Told[];
}

/** What belongs together: the lines of a part of a dialect's table, and how each is asked. */
export interface Area {
  /**
   * Who gets what: one line per route, or several where the state of the object decides, with a word in brackets. A status for each of
   * ACTORS, in their order. What somebody may not see does not exist for them: 404. What they see and may not do: 403.
   */
  readonly table: string;
  readonly requests: Readonly<Record<string, Request>>;
}

export const at = (path: (scene: Scene) => string, body?: unknown): Request => ({
  ask: ({ scene }) => ({ path: path(scene), ...(body === undefined ? {} : { body }) }),
});
export const get = (path: string): Request => at(() => path);
export const spending = (request: Request, spends: Request["spends"] = "each"): Request => ({ ...request, spends });
export const withBody = (path: (scene: Scene) => string, body: (standing: Standing) => unknown): Request => ({
  ask: standing => ({ path: path(standing.scene), body: body(standing) }),
});
export const INVITERS: readonly ActorName[] = ["researcher", "administrator", "owner", "superuser"];
export const ADMINISTRATORS = INVITERS.slice(1);
export const telling = (request: Request, told: Partial<Record<Told, readonly ActorName[]>>): Request => ({
  ...request,
  tells: as => (Object.keys(told) as Told[]).filter(what => told[what]?.includes(as)),
});
let count = 0;
export const unique = (): string => `new-${process.pid}-${++count}`;
