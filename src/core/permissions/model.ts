/** What a contributor is to a study. Kept in the table `permission`. */
export type Role = "administrator" | "researcher" | "member";

/** Where somebody stands towards a study: the owner is above every role and needs no row for it. */
export type Standing = "owner" | Role;

/** Everything that can be asked for on a study and what belongs to it. */
export type Verb =
  | "study.see"
  | "study.change"
  | "study.remove"
  | "study.code" //        see the general upload code
  | "contributors.change"
  | "invitation.see"
  | "invitation.change" // write one, and see its code
  | "invitation.send"
  | "location.see"
  | "location.change"
  | "drop.see"
  | "drop.retry";

/** What a verb is asked of. A drop, an invitation or a location is asked by its study. */
export interface PermissionObject {
  readonly kind: "study";
  readonly id: number;
}
