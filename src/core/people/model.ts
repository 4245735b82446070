import type { Brand } from "../../kernel/ids.ts";

export type PersonId = Brand<number, "PersonId">;
export type OrganisationId = Brand<number, "OrganisationId">;
export type FacultyId = Brand<number, "FacultyId">;

/** Someone or something that signs in. VRE calls one half of it user, the other researcher. */
export interface Person {
  readonly id: PersonId;
  readonly uuid: string;
  readonly username: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly isActive: boolean;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
  readonly groups: readonly string[];
  readonly organisationId: OrganisationId | undefined;
  readonly facultyId: FacultyId | undefined;
  readonly language: Language;
  /** "https://orcid.org/…" */
  readonly orcid: string | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type Language = "en" | "nl";

/** What colleagues may know of a person: not what they are on this server. */
export type Colleague = Omit<Person, "uuid" | "isStaff" | "isSuperuser" | "groups">;

/** A person as colleagues see them: with the names of where they work. */
export interface ResearcherView {
  readonly person: Colleague;
  readonly organisation?: Organisation | undefined;
  readonly faculty?: FacultyView | undefined;
}
export interface Named {
  readonly id: number;
  readonly name: string;
}
export interface Organisation extends Named {
  /** "https://ror.org/…" */
  readonly ror: string | null;
}
export interface FacultyView extends Named {
  readonly organisation: Organisation;
}

/** A person with what sign-in needs. Never leaves the core. */
export interface Account {
  readonly person: Person;
  /** undefined: signs in by token only. */
  readonly passwordHash: string | undefined;
  readonly passwordChangedAt: Date | undefined;
  readonly lastSignInAt: Date | undefined;
}

export interface NewPerson {
  readonly username: string;
  readonly email: string;
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
  readonly isActive?: boolean | undefined;
  readonly isStaff?: boolean | undefined;
  readonly isSuperuser?: boolean | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly facultyId?: FacultyId | null | undefined;
  readonly organisationId?: OrganisationId | null | undefined;
  readonly language?: Language | undefined;
}

/**
 * `hawk`: id and secret, both known to either side. `api`: one opaque string, of which only a hash is kept. `key`: one that its owner
 * may see again, and that ends when it is not used for long.
 */
export type TokenKind = "hawk" | "api" | "key";
/** Those that somebody renews in their account. */
export type OwnTokenKind = Exclude<TokenKind, "key">;

/** What a token's holder must know to use it. Shown once, to its owner. */
export interface HawkPair {
  readonly key: string;
  readonly secret: string;
}

/** A row of the token table, without its secret. */
export interface TokenFacts {
  readonly kind: OwnTokenKind;
  readonly key: string;
  readonly lastUsedAt: Date | undefined;
  readonly createdAt: Date;
}

/** Somebody as the directory shows them. */
export interface PersonRecord {
  readonly id: PersonId;
  readonly uuid: string;
  readonly username: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly isActive: boolean;
  readonly isSuperuser: boolean;
  readonly isSupport: boolean;
  readonly language: Language;
  readonly createdAt: Date;
  /** Of their key, from its last use; null: it does not end. */
  readonly tokenLifetimeSeconds: number | null;
  /** Telephone, organization and other texts that nothing decides by. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** A browser's sign-in. */
export interface Session {
  readonly idHash: string;
  readonly csrfToken: string;
  readonly expiresAt: Date;
}

/** A session as the person it belongs to sees it: enough to recognise a browser. */
export interface SessionFacts {
  readonly idHash: string;
  readonly ip: string;
  readonly userAgent: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** Who acts. Every verb of the core takes one; what it may do is asked in core/people/rules.ts. */
export type Actor = PersonActor | { readonly kind: "nobody" } | { readonly kind: "system" };

export interface PersonActor {
  readonly kind: "person";
  readonly id: PersonId;
  readonly username: string;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
  readonly groups: readonly string[];
  /** The account as this request found it when it signed in: what is read of oneself needs no second look. */
  readonly self: Person;
}

export const NOBODY: Actor = { kind: "nobody" };
export const SYSTEM: Actor = { kind: "system" };

export const actorOf = (person: Person): PersonActor => ({
  kind: "person",
  id: person.id,
  username: person.username,
  isStaff: person.isStaff,
  isSuperuser: person.isSuperuser,
  groups: person.groups,
  self: person,
});

/** As the event log writes it. */
export const actorName = (actor: Actor): string => (actor.kind === "person" ? `person:${actor.id}` : actor.kind);

/** @throws nothing; undefined when nobody signed in. */
export const personOf = (actor: Actor): PersonActor | undefined => (actor.kind === "person" ? actor : undefined);
export const seesAll = (actor: Actor): boolean => actor.kind === "system" || (actor.kind === "person" && actor.isSuperuser);
/** Members may read everything, and change nothing by that. */
export const SUPPORT_GROUP = "support";
export const readsAll = (actor: Actor): boolean =>
  seesAll(actor) || (actor.kind === "person" && actor.groups.includes(SUPPORT_GROUP));

/** A public key that its owner keeps. */
export interface NewSshKey {
  readonly name: string;
  /** One line, as in authorized_keys. */
  readonly publicKey: string;
  /** "ssh-ed25519" */
  readonly type: string;
  /** "SHA256:…", as ssh-keygen shows it. */
  readonly fingerprint: string;
}
export interface SshKey extends NewSshKey {
  readonly uuid: string;
  readonly createdAt: Date;
  readonly personUuid: string;
  readonly username: string;
}
