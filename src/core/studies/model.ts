import type { Brand } from "../../kernel/ids.ts";
import type { StudyField } from "../organisations/model.ts";
import type { Language, PersonId, ResearcherView } from "../people/model.ts";
import type { Role, Standing } from "../permissions/model.ts";

export type StudyId = Brand<number, "StudyId">;
export type InvitationId = Brand<number, "InvitationId">;

/** The unit people work, pay and account in. */
export interface Study {
  readonly id: StudyId;
  readonly ownerId: PersonId;
  readonly code: string;
  readonly name: string;
  readonly description: string;
  /** About people: every copy is encrypted. */
  readonly humanSubject: boolean;
  readonly fieldId: number;
  /** In addresses; not secret. */
  /** Its name in the marketplace; `uploadUuid` is the drop-off page's. */
  readonly uuid: string;
  readonly uploadUuid: string;
  /** The general code: lets anybody who knows it drop. */
  readonly uploadCode: string;
  readonly isOpen: boolean;
  /** age public keys: every delivery is encrypted to them. */
  readonly recipients: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What its administrators write of a study. Absent fields of a change stay as they are. */
export interface StudyInput {
  readonly code: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly humanSubject: boolean;
  readonly field: number;
  /** Persons beside the owner; newcomers become researchers, those left out go. */
  readonly contributors?: readonly number[] | undefined;
  readonly isOpen?: boolean | undefined;
  readonly recipients?: readonly string[] | undefined;
}

/** A study with everything that a reply shows of it, as one person sees it. */
export interface StudyView {
  readonly study: Study;
  readonly field: StudyField;
  readonly owner: ResearcherView;
  readonly contributors: readonly Contributor[];
  readonly standing: Standing;
  readonly hasStorage: boolean;
  readonly drops: number;
  readonly dropBytes: number;
  readonly invitations: number;
}

/** A study as it orders and is accounted for. Days are "2026-11-25". */
export interface StudyRecord {
  readonly id: StudyId;
  readonly uuid: string;
  /** Short, never changing; account names are made of it. */
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  /** The key of whoever made it elsewhere. */
  readonly backendId: string;
  readonly createdAt: Date;
  readonly startDate: string | null;
  readonly endDate: string | null;
  readonly endDateByUuid: string | null;
  /** Of the OECD's fields of science and technology: "1.2". */
  readonly oecdCode: string | null;
  readonly isIndustry: boolean;
  readonly typeUuid: string | null;
  readonly typeName: string | null;
  readonly organisationId: number;
  readonly organisationUuid: string;
  readonly organisationName: string;
  readonly organisationNativeName: string;
  readonly organisationAbbreviation: string;
  readonly organisationSlug: string;
  readonly organisationBlocked: boolean;
  readonly organisationArchived: boolean;
  /** Resources that can be used. */
  readonly resources: number;
  readonly standing: Standing | null;
}

/** Absent parts stay as they are. */
export interface StudyRecordChanges {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly backendId?: string | undefined;
  readonly startDate?: string | null | undefined;
  readonly endDate?: string | null | undefined;
  readonly oecdCode?: string | null | undefined;
  readonly isIndustry?: boolean | undefined;
  /** Uuid of a type. */
  readonly type?: string | null | undefined;
  /** Only superusers change it. */
  readonly slug?: string | undefined;
}

/** member: person × role × study. */
export interface Contributor {
  readonly id: number;
  readonly role: Role;
  /** False when switched off or expired. */
  readonly active: boolean;
  readonly researcher: ResearcherView;
}

export interface ContributorInput {
  readonly person: number;
  readonly role: Role;
  /** Absent: as it was, and on for a newcomer. */
  readonly active?: boolean | undefined;
}

/** A limited right to drop, by e-mail, no account. */
export interface Invitation {
  readonly id: InvitationId;
  readonly studyId: StudyId;
  readonly name: string;
  readonly email: string;
  readonly uploadCode: string;
  readonly language: Language;
  /** Mails written so far. */
  readonly sends: number;
  /** When the latest mail really left; undefined while none did. */
  readonly mailSentAt: Date | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface InvitationInput {
  readonly study: number;
  readonly name: string;
  readonly email: string;
  readonly language?: Language | undefined;
}

export interface InvitationView {
  readonly invitation: Invitation;
  readonly studyUuid: string;
  /** The code lets one drop in the invited person's name: not everybody who sees the invitation gets it. */
  readonly showsCode: boolean;
}
