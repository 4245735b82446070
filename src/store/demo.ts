import { sql } from "kysely";
import type { FacultyId, OrganisationId } from "../core/people/model.ts";
import type { Tx } from "./store.ts";

export interface DemoFacts {
  readonly people: number;
  readonly organisationId: OrganisationId | undefined;
  readonly organisationUuid: string | undefined;
  readonly facultyId: FacultyId | undefined;
  readonly fieldId: number | undefined;
  readonly uploadUuid: string | undefined;
  readonly invitationCode: string | undefined;
}

/** What the demo needs to know of the database: is it empty, and what is the first of each kind. */
export async function demoFacts(tx: Tx): Promise<DemoFacts> {
  const { people } = await tx.selectFrom("person").select(sql<number>`count(*)`.as("people")).executeTakeFirstOrThrow();
  const field = await tx
    .selectFrom("study_field")
    .innerJoin("faculty", "faculty.id", "study_field.faculty_id")
    .innerJoin("organisation", "organisation.id", "faculty.organisation_id")
    .select(["study_field.id", "faculty.id as faculty_id", "faculty.organisation_id", "organisation.uuid as organisation_uuid"])
    .orderBy("study_field.id")
    .limit(1)
    .executeTakeFirst();
  const study = await tx
    .selectFrom("study")
    .select(["id", "upload_uuid"])
    .where("code", "=", "DEMO-1")
    .orderBy("id")
    .limit(1)
    .executeTakeFirst();
  const invitation =
    study &&
    (await tx
      .selectFrom("invitation")
      .select("upload_code")
      .where("study_id", "=", study.id)
      .orderBy("id")
      .limit(1)
      .executeTakeFirst());
  return {
    people,
    organisationId: field?.organisation_id as OrganisationId | undefined,
    organisationUuid: field?.organisation_uuid,
    facultyId: field?.faculty_id as FacultyId | undefined,
    fieldId: field?.id,
    uploadUuid: study?.upload_uuid,
    invitationCode: invitation?.upload_code,
  };
}
