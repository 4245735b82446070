import { type Kind, LADDERS, type StandingOn } from "./model.ts";

/**
 * The one table: the lowest standing that may do it. Superusers and the system stand as owners of everything. The first verb of a
 * kind is seeing it: whoever may not do that is told that it is not there.
 */
const LOWEST = {
  study: {
    "study.see": "member",
    "invitation.see": "member",
    "drop.see": "member",
    "invitation.change": "researcher", // write one, and see its code
    "study.change": "administrator",
    "study.code": "administrator", //     see the general upload code
    "contributors.change": "administrator",
    "invitation.send": "administrator",
    "location.see": "administrator",
    "location.change": "administrator",
    "drop.retry": "administrator",
    "study.remove": "owner",
  },
} as const satisfies { [K in Kind]: Readonly<Record<string, StandingOn<K>>> };

/** Everything that can be asked for on an object of this kind and what belongs to it. */
export type Verb<K extends Kind = "study"> = keyof (typeof LOWEST)[K] & string;

/** What it takes to see an object, of each kind. */
export const SEE = { study: "study.see" } as const satisfies { [K in Kind]: Verb<K> };

const rank = (kind: Kind, standing: string): number => (LADDERS[kind] as readonly string[]).indexOf(standing);

/** @param standing undefined: none, which may nothing */
export const allows = <K extends Kind>(kind: K, standing: StandingOn<K> | undefined, verb: Verb<K>): boolean =>
  standing !== undefined && rank(kind, standing) >= rank(kind, LOWEST[kind][verb] as string);
