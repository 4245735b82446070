import type { Clock } from "../kernel/clock.ts";
import type { Secrets } from "../kernel/secrets.ts";
import type { Span } from "../kernel/spans.ts";
import type { Blobs } from "../ports/blobs.ts";
import type { Folders } from "../ports/folders.ts";
import type { OpenStorage } from "../ports/storage.ts";
import type { StoreFace } from "../store/store.ts";
import type { RateCard } from "./ledger/model.ts";
import type { TaskSettings } from "./tasks/model.ts";

/** Everything an action may reach. Made once in main.ts; an action names only what it needs: `Needs<"store" | "clock">`. */
export interface World {
  readonly store: StoreFace;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly settings: Settings;
  readonly blobs: Blobs;
  readonly openStorage: OpenStorage;
  /** Files of tasks and of those who submit them. */
  readonly folders: Folders;
  readonly log: Log;
}

export type Needs<Names extends keyof World> = Pick<World, Names>;

/** The settings that decide something in the core; src/config.ts reads them. */
export interface Settings extends TaskSettings {
  /** Origin people use, without a slash at the end: "https://havre.example.org". */
  readonly publicUrl: string;
  /** Prefix of drop-off pages, ends in "/"; the study's uuid follows. */
  readonly dropoffBaseUrl: string;
  /** Origin of the tus endpoint, without a slash at the end. */
  readonly uploadHost: string;
  readonly notAllowedExtensions: readonly string[];
  readonly maxUploadBytes: number;
  /** How long an unfinished upload waits for its next byte. */
  readonly uploadExpiryMs: number;
  readonly autoClean: "on-success" | "always" | "never";
  /** "read-back" reads every delivered copy and compares hashes; "size" trusts the storage's size and own hash. */
  readonly deliveryProof: "read-back" | "size";
  readonly mailFrom: string;
  readonly mailFromSystem: string;
  readonly mailIsCaught: boolean;
  readonly vrwGroup: string;
  readonly vrwMachineLife: Span;
  /** "": no cloud is connected. */
  readonly openstackUrl: string;
  readonly openstackMachineLife: Span;
  /** "" turns the way without Hawk off. */
  readonly webhookSharedSecret: string;
  readonly timeZone: string;
  readonly registration: "open" | "closed";
  /** Whose addresses may register: "example.org", or "*.example.org" for every name below. Empty: all. */
  readonly registrationDomains: readonly string[];
  /** A new account is inactive until the link in a mail was opened. */
  readonly activationMail: boolean;
  /** May a study that was never granted anything use what it likes? Once it has a grant, that is its limit. */
  readonly ledgerWithoutGrant: "unlimited" | "refuse";
  /** ISO 4217; amounts of money are in hundredths of it. */
  readonly currency: string;
  /** What work costs. */
  readonly workPrices: RateCard;
  /** Who makes somebody the owner of an organisation: the server's superusers, or also those who own it. */
  readonly organisationOwners: "superuser" | "owner";
  /** Most calls of the marketplace's API per token in a window, and how long that is. */
  readonly marketRate: number;
  readonly marketRateSeconds: number;
  /** The lowest role of a study that agrees to its orders, beside the organisation's owner. */
  readonly orderApprovers: "owner" | "administrator" | "researcher" | "member";
  /** Addresses and CIDR ranges that the administration is open to; none: to all. */
  readonly adminAllow: readonly string[];
}

export interface Log {
  debug(facts: object, message?: string): void;
  info(facts: object, message?: string): void;
  warn(facts: object, message?: string): void;
  error(facts: object, message?: string): void;
}
