import { makeAgave } from "../../src/dialects/agave/index.ts";
import { makeGodocker } from "../../src/dialects/godocker/index.ts";
import { makeVre } from "../../src/dialects/vre/index.ts";
import { makeWaldur } from "../../src/dialects/waldur/index.ts";
import type { Route } from "../../src/http/route.ts";
import { agaveFiles } from "./agave/files.ts";
import { agaveProfiles } from "./agave/profiles.ts";
import { agaveCredentials, agaveSignIn, assertAgaveRefusal } from "./agave/sign-in.ts";
import { agaveSystems } from "./agave/systems.ts";
import type { Answer } from "./ask.ts";
import { godockerPlaces } from "./godocker/places.ts";
import { assertGodockerRefusal, godockerCredentials } from "./godocker/sign-in.ts";
import { godockerTasks } from "./godocker/tasks.ts";
import { assertRefusal } from "./refusal.ts";
import type { Area, Request } from "./request.ts";
import { ACTORS, type ActorName, type Somebody } from "./scene.ts";
import { admin } from "./vre/admin.ts";
import { costs } from "./vre/costs.ts";
import { drops } from "./vre/drops.ts";
import { files } from "./vre/files.ts";
import { machines } from "./vre/machines.ts";
import { market as marketPages } from "./vre/market.ts";
import { session } from "./vre/session.ts";
import { storages } from "./vre/storages.ts";
import { studies } from "./vre/studies.ts";
import { tasks } from "./vre/tasks.ts";
import { uploads } from "./vre/uploads.ts";
import { users } from "./vre/users.ts";
import { market } from "./waldur/area.ts";
import { assertWaldurRefusal } from "./waldur/refusal.ts";

/** One dialect, and who gets what at each of its routes. */
export interface DialectExpectations {
  readonly name: string;
  readonly routes: readonly Route[];
  /** What is served beside the rows, as "METHOD path". */
  readonly besides: readonly string[];
  /** Source of the VRE's: contract vre-broker §2 to §4. */
  readonly areas: readonly Area[];
  /** Headers with which this person signs in. */
  readonly credentials: (self: Somebody) => Readonly<Record<string, string>>;
  readonly assertRefusal: (answer: Answer, what: string) => void;
}

/** The upload endpoint has no rows. */
export const TUS = ["OPTIONS /files/", "POST /files/:uuid/", "HEAD /files/:id", "PATCH /files/:id", "DELETE /files/:id"];

export const VRE: DialectExpectations = {
  name: "vre",
  routes: makeVre({ version: "t", demo: undefined }).routes,
  besides: TUS,
  areas: [session, users, studies, storages, files, drops, machines, uploads, tasks, marketPages, costs, admin],
  credentials: ({ token }) => ({ authorization: `Token ${token}` }),
  assertRefusal,
};

const WALDUR: DialectExpectations = {
  name: "waldur",
  routes: makeWaldur({ version: "t" }).routes,
  besides: [],
  areas: [market],
  credentials: ({ token }) => ({ authorization: `Token ${token}` }),
  assertRefusal: assertWaldurRefusal,
};

export const GODOCKER: DialectExpectations = {
  name: "godocker",
  routes: makeGodocker({ root: "/" }).routes,
  besides: [],
  areas: [godockerTasks, godockerPlaces],
  credentials: godockerCredentials,
  assertRefusal: assertGodockerRefusal,
};

export const AGAVE: DialectExpectations = {
  name: "agave",
  routes: makeAgave().routes,
  besides: [],
  areas: [agaveSignIn, agaveProfiles, agaveSystems, agaveFiles],
  credentials: agaveCredentials,
  assertRefusal: assertAgaveRefusal,
};

/** Listed by hand. */
export const DIALECTS: readonly DialectExpectations[] = [VRE, WALDUR, GODOCKER, AGAVE];

/** How each line of a dialect's tables is asked. @throws when two areas have the same line */
export function requestsOf({ areas }: DialectExpectations): Readonly<Record<string, Request>> {
  const entries = areas.flatMap(area => Object.entries(area.requests));
  const requests = Object.fromEntries(entries);
  if (Object.keys(requests).length < entries.length) throw new Error("Two areas have the same line.");
  return requests;
}

export interface Line {
  /** "GET /api/v1/studies/:id/" and, where there are several, a word in brackets. */
  readonly key: string;
  readonly route: string;
  readonly method: string;
  readonly expected: Readonly<Record<ActorName, number>>;
}

/** Each table may repeat the names above its columns. */
const isHead = (line: string): boolean => line.trim().split(/\s+/).join() === ACTORS.join();

/** @throws when a line has not one status for each of the actors */
export function linesOf({ areas }: DialectExpectations): readonly Line[] {
  const lines = areas.flatMap(({ table }) => table.split("\n").filter(line => line.trim() !== "" && !isHead(line)));
  return lines.map(line => {
    const [, method = "", path = "", variant = "", statuses = ""] =
      /^(\S+)\s+(\S+)(?:\s+(\(.*?\)))?((?:\s+\d{3})+)$/.exec(line) ?? [];
    const numbers = statuses.trim().split(/\s+/).map(Number);
    if (numbers.length !== ACTORS.length) throw new Error(`This line has ${numbers.length} statuses: ${line}`);
    const route = `${method} ${path}`;
    const expected = Object.fromEntries(ACTORS.map((actor, index) => [actor, numbers[index]])) as Line["expected"];
    return { key: variant === "" ? route : `${route} ${variant}`, route, method, expected };
  });
}
