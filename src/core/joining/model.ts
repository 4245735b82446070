/** Roles that people are asked by mail to take, whether or not they have an account yet. */
export const JOINING_STATES = ["requested", "project", "pending", "accepted", "canceled", "expired", "rejected"] as const;
/** `requested`: somebody must approve it. `project`: it is sent when the study begins. */
export type JoiningState = (typeof JOINING_STATES)[number];

export interface RoleInvitation {
  readonly id: number;
  readonly uuid: string;
  readonly email: string;
  readonly fullName: string;
  /** What the inviter adds to the mail. */
  readonly text: string;
  readonly kind: "study" | "organisation";
  readonly role: string;
  readonly objectUuid: string;
  readonly objectName: string;
  /** Of a study, "2026-11-25". */
  readonly startDate: string | null;
  readonly organisationUuid: string;
  readonly organisationName: string;
  readonly organisationBlocked: boolean;
  readonly state: JoiningState;
  /** How far its last mail came. */
  readonly mail: "queued" | "sending" | "sent" | "caught" | "parked" | null;
  readonly byId: number | null;
  readonly byUsername: string | null;
  readonly byFullName: string | null;
  readonly approvedById: number | null;
  readonly expiresAt: Date;
  readonly createdAt: Date;
}
