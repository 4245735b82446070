/**
 * The roles that a person can be given on an object, the lowest first. They are rows of the table `permission`; one person may have
 * several on one object, and each may end at a time.
 */
export const ROLES = {
  study: ["member", "researcher", "administrator"],
  organisation: ["support", "manager", "owner"],
  offering: ["manager"],
  system: ["guest", "user", "publisher", "administrator"],
} as const satisfies Record<string, readonly string[]>;

/** A kind of object that permissions are given on. A drop, an invitation or a location is asked by its study. */
export type Kind = keyof typeof ROLES;
/** Those whose roles go by a name outside. */
export type NamedKind = Exclude<Kind, "system">;
export type RoleOn<K extends Kind> = (typeof ROLES)[K][number];

/**
 * What somebody can be to an object, the lowest first; each may do what those before it may. Beside the roles: the owner, who stands
 * in the row of a study or of a system's storage, or is an owner of the organisation that it or the offering belongs to; whoever supports
 * that organisation; and a visitor of an organisation, who has some role in one of its studies or offerings. Of a public system everybody
 * is a user; whoever administers a study that delivers to it is a guest.
 */
export const LADDERS = {
  study: [...ROLES.study, "owner"],
  organisation: ["visitor", ...ROLES.organisation],
  offering: ["support", ...ROLES.offering, "owner"],
  system: [...ROLES.system, "owner"],
} as const satisfies { [K in Kind]: readonly string[] };

/** Where somebody stands towards an object of this kind. */
export type StandingOn<K extends Kind> = (typeof LADDERS)[K][number];

export type Standing = StandingOn<"study">;
/** What a contributor is to a study. */
export type Role = RoleOn<"study">;

/** What an owner, manager or supporter of an organisation is to the studies and offerings that belong to it. */
export const INHERITED = {
  study: { owner: "owner", manager: "member", support: "member" },
  offering: { owner: "owner", manager: "manager", support: "support" },
} as const satisfies { [K in Exclude<NamedKind, "organisation">]: Record<RoleOn<"organisation">, StandingOn<K>> };

/** The names by which roles go outside: rules of offerings are written with them. */
export const ROLE_NAMES = {
  study: { member: "PROJECT.MEMBER", researcher: "PROJECT.ADMIN", administrator: "PROJECT.MANAGER" },
  organisation: { support: "CUSTOMER.SUPPORT", manager: "CUSTOMER.MANAGER", owner: "CUSTOMER.OWNER" },
  offering: { manager: "OFFERING.MANAGER" },
} as const satisfies { [K in NamedKind]: Record<RoleOn<K>, string> };

/** What a verb is asked of. */
export interface PermissionObject<K extends Kind = Kind> {
  readonly kind: K;
  readonly id: number;
}

/** A role that somebody was given, with whom and by whom. */
export interface RoleGrant {
  readonly uuid: string;
  readonly kind: NamedKind;
  readonly role: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  /** False when it was taken away or has expired. */
  readonly live: boolean;
  readonly personUuid: string;
  readonly username: string;
  readonly fullName: string;
  readonly email: string;
  readonly byUuid: string | null;
  readonly byFullName: string | null;
  readonly byUsername: string | null;
  /** What it is on, and the organisation and study that this belongs to. */
  readonly objectUuid: string;
  readonly objectName: string;
  readonly organisationUuid: string | null;
  readonly organisationName: string | null;
  readonly studyUuid: string | null;
}
