import type { Brand } from "../../kernel/ids.ts";
import type { Person, PersonId } from "../people/model.ts";

export type ClientId = Brand<number, "ClientId">;

/** The parts of the science API that a client may use, in the order in which they are shown. */
export const APIS = [
  "Apps",
  "Files",
  "Jobs",
  "Meta",
  "Monitors",
  "Notifications",
  "Postits",
  "Profiles",
  "Systems",
  "Transforms",
  "PublicKeys",
] as const;
export type Api = (typeof APIS)[number];

/** A program that gets tokens for people, with a key and a secret of its own. It belongs to one person. */
export interface Client {
  readonly id: ClientId;
  readonly ownerId: PersonId;
  /** One of its owner's has it. */
  readonly name: string;
  readonly description: string;
  readonly callbackUrl: string;
  readonly key: string;
  readonly secretHash: string;
  readonly apis: readonly Api[];
  readonly createdAt: Date;
}

export interface ClientInput {
  readonly name: string;
  readonly description: string;
  readonly callbackUrl: string;
}

/** A token that was found, with what decides whether it counts. */
export interface ClientToken {
  readonly person: Person;
  /** What its client may use. */
  readonly apis: readonly Api[];
  readonly byPassword: boolean;
  /** When a password or a secret was given for it. */
  readonly grantedAt: Date;
  readonly expiresAt: Date;
  readonly passwordChangedAt: Date | undefined;
}

/** What a program is handed, this once. */
export interface TokenPair {
  readonly access: string;
  /** Absent where the client can ask again by itself. */
  readonly refresh: string | undefined;
  readonly lifeSeconds: number;
}
