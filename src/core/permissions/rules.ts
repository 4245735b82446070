import { type Kind, LADDERS, type NamedKind, ROLE_NAMES, type RoleOn, type StandingOn } from "./model.ts";

/**
 * The one table: the lowest standing that may do it. Superusers and the system stand as owners of everything. The first verb of a
 * kind is seeing it: whoever may not do that is told that it is not there.
 */
const LOWEST = {
  study: {
    "study.see": "member",
    "invitation.see": "member",
    "drop.see": "member",
    "task.create": "member", //          and reach the tasks of others in it, where a site shares them
    "invitation.change": "researcher", // write one, and see its code
    "order.own": "researcher", //        approve one for a private offering, cancel and remove any
    "resource.change": "researcher",
    "study.change": "administrator",
    "study.code": "administrator", //    see the general upload code
    "contributors.change": "administrator",
    "invitation.send": "administrator",
    "location.see": "administrator",
    "location.change": "administrator",
    "drop.retry": "administrator",
    "drop.prove": "administrator",
    "study.remove": "owner",
  },
  organisation: {
    "organisation.see": "visitor",
    "offerings.see": "support", //       those that it sells, their orders and resources
    "organisation.change": "owner",
    "members.see": "support",
    "study.create": "owner",
    "order.approve": "owner", //         of its studies, as the one who pays
    "resource.options": "owner",
    "invoice.see": "owner",
    "offering.create": "owner",
  },
  offering: {
    "offering.see": "support",
    "offering.change": "manager",
    "resource.report": "manager", //     usage, and what it is called at the provider's
    "offering.state": "owner",
    "offering.remove": "owner",
    "order.review": "owner",
    "resource.state": "owner",
    "managers.change": "owner",
  },
  system: {
    "system.see": "guest",
    "system.use": "user", //             its files, and run work
    "system.publish": "publisher", //    apps that use it
    "system.change": "administrator", // the description, whether it can be used, and roles
    "system.keys": "owner", //           credentials, which nobody is shown
    "system.remove": "owner",
  },
} as const satisfies { [K in Kind]: Readonly<Record<string, StandingOn<K>>> };

/** Everything that can be asked for on an object of this kind and what belongs to it. */
export type Verb<K extends Kind = "study"> = keyof (typeof LOWEST)[K] & string;

/** What it takes to see an object, of each kind. */
export const SEE = {
  study: "study.see",
  organisation: "organisation.see",
  offering: "offering.see",
  system: "system.see",
} as const satisfies {
  [K in Kind]: Verb<K>;
};

const rank = (kind: Kind, standing: string): number => (LADDERS[kind] as readonly string[]).indexOf(standing);

/** @param standing undefined: none, which may nothing */
export const allows = <K extends Kind>(kind: K, standing: StandingOn<K> | undefined, verb: Verb<K>): boolean =>
  standing !== undefined && rank(kind, standing) >= rank(kind, LOWEST[kind][verb] as string);

/** Nobody gives what they do not hold: a standing is worth the roles up to it. */
export const holds = <K extends Kind>(kind: K, standing: StandingOn<K> | undefined, role: RoleOn<K>): boolean =>
  standing !== undefined && rank(kind, standing) >= rank(kind, role);

/** Kind and role by the name that a role goes by outside; undefined for a name that nobody has. */
export function roleNamed(name: string): { readonly kind: NamedKind; readonly role: string } | undefined {
  for (const kind of Object.keys(ROLE_NAMES) as NamedKind[])
    for (const [role, known] of Object.entries(ROLE_NAMES[kind])) if (known === name) return { kind, role };
  return undefined;
}
