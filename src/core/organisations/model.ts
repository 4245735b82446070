import type { FacultyView, Named, OrganisationId } from "../people/model.ts";
import type { StandingOn } from "../permissions/model.ts";

/** A field of study as studies carry it, with the names of its faculty and organisation. */
export interface StudyField extends Named {
  readonly faculty: FacultyView;
}

/** What comes with Havre, or from a site's own list: names only, numbers are given by the database. */
export interface OrganisationData {
  readonly name: string;
  readonly website?: string | undefined;
  /** With or without its address; kept as "https://ror.org/…". */
  readonly ror?: string | undefined;
  readonly faculties: readonly { readonly name: string; readonly fields: readonly string[] }[];
}

/** An organisation as it buys and sells. */
export interface OrganisationRecord {
  readonly id: OrganisationId;
  readonly uuid: string;
  /** Short, never changing; account names are made of it. */
  readonly slug: string;
  readonly name: string;
  readonly abbreviation: string;
  readonly nativeName: string;
  readonly email: string;
  /** Two letters, or "". */
  readonly country: string;
  readonly backendId: string;
  readonly blocked: boolean;
  readonly archived: boolean;
  /** Two digits. */
  readonly taxPercent: string;
  readonly accountingStartAt: Date;
  /** It sells: the name of its half as a provider. */
  readonly providerUuid: string | null;
  readonly providerSince: Date | null;
  readonly providerDescription: string;
  /** Addresses, numbers and other facts that nothing decides by. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
  readonly studies: number;
  readonly people: number;
  readonly standing: StandingOn<"organisation"> | null;
}

/** Absent parts stay as they are. */
export interface OrganisationChanges {
  readonly name?: string | undefined;
  readonly abbreviation?: string | undefined;
  readonly nativeName?: string | undefined;
  readonly email?: string | undefined;
  readonly country?: string | undefined;
  readonly backendId?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** Only superusers change the rest. */
  readonly slug?: string | undefined;
  readonly blocked?: boolean | undefined;
  readonly archived?: boolean | undefined;
  readonly taxPercent?: string | undefined;
  readonly accountingStartAt?: Date | undefined;
}
