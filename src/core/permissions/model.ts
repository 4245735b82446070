/**
 * What somebody can be to an object, the lowest first; each may do what those before it may. The last, its owner, stands in the
 * object's own row; the others are roles, kept in the table `permission`.
 */
export const LADDERS = {
  study: ["member", "researcher", "administrator", "owner"],
} as const satisfies Record<string, readonly string[]>;

/** A kind of object that permissions are given on. A drop, an invitation or a location is asked by its study. */
export type Kind = keyof typeof LADDERS;
/** Where somebody stands towards an object of this kind. */
export type StandingOn<K extends Kind> = (typeof LADDERS)[K][number];
export type RoleOn<K extends Kind> = Exclude<StandingOn<K>, "owner">;

export type Standing = StandingOn<"study">;
/** What a contributor is to a study. */
export type Role = RoleOn<"study">;

/** What a verb is asked of. */
export interface PermissionObject<K extends Kind = Kind> {
  readonly kind: K;
  readonly id: number;
}
