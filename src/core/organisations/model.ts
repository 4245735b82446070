import type { FacultyView, Named } from "../people/model.ts";

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
