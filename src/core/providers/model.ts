import type { Facts, OfferingId } from "../market/model.ts";

/** Words of what providers keep beside their offerings: accounts in their services, and programs that work for them. */

export const ACCOUNT_STATES = [
  "requested",
  "creating",
  "pending-linking",
  "pending-validation",
  "ok",
  "deletion-requested",
  "deleting",
  "deleted",
  "error-creating",
  "error-deleting",
] as const;
export type AccountState = (typeof ACCOUNT_STATES)[number];

/** The name that somebody has in a provider's service. */
export interface OfferingAccount {
  readonly id: number;
  readonly uuid: string;
  /** "": it has none yet. */
  readonly username: string;
  readonly state: AccountState;
  readonly isRestricted: boolean;
  readonly comment: string;
  readonly commentUrl: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly personUuid: string;
  readonly personUsername: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly offeringId: OfferingId;
  readonly offeringUuid: string;
  readonly offeringName: string;
  readonly providerUuid: string;
  readonly providerName: string;
}

/** A program at a provider. Dates of its parts are texts of JSON. */
export interface AgentIdentity {
  readonly id: number;
  readonly uuid: string;
  readonly name: string;
  readonly facts: Facts;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly offeringUuid: string;
  readonly createdByUuid: string | null;
  readonly services: readonly AgentService[];
}
export interface AgentService {
  readonly uuid: string;
  readonly identityUuid: string;
  readonly identityName: string;
  readonly name: string;
  readonly mode: string;
  readonly state: string;
  readonly statistics: Facts;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly processors: readonly AgentProcessor[];
}
export interface AgentProcessor {
  readonly uuid: string;
  readonly serviceUuid: string;
  readonly serviceName: string;
  readonly name: string;
  readonly backendType: string;
  readonly backendVersion: string;
  readonly lastRunAt: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}
