import { parseRecipient } from "../../kernel/age/index.ts";
import { asHavreError, invalid } from "../../kernel/errors.ts";
import { mustBeLines } from "../../kernel/lines.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import type { Role } from "../permissions/model.ts";
import type { Study } from "./model.ts";

export { mustBeLines };

export const noSuch = (field: string, id: number): Error => invalid({ [field]: [`Invalid pk "${id}" - object does not exist.`] });

const MAX_RECIPIENTS = 50;

/**
 * Public keys in their one spelling, each once.
 * @throws HavreError "invalid" for what is no age public key; a private key is refused loudly and appears in no message
 */
export function acceptRecipients(given: readonly string[]): string[] {
  if (given.some(text => /AGE-SECRET-KEY-/i.test(text)))
    throw invalid({
      recipients: [
        "STOP: this is a PRIVATE key (AGE-SECRET-KEY-…). It was not stored. Whoever has it can read your data: keep it to yourself, and if you are not sure who saw it, make a new pair with age-keygen. Give the public key, which begins with age1.",
      ],
    });
  const texts = new Set<string>();
  for (const text of given) {
    try {
      texts.add(parseRecipient(text).text);
    } catch (error) {
      throw invalid({ recipients: [asHavreError(error).message] });
    }
  }
  if (texts.size > MAX_RECIPIENTS)
    throw invalid({ recipients: [`Ensure this field has no more than ${MAX_RECIPIENTS} elements.`] });
  return [...texts];
}

/** Data about people never lies anywhere unencrypted: each location has a passphrase, or the study has recipients. */
export const isProtected = (study: Pick<Study, "humanSubject" | "recipients">, locationsWithoutPassphrase: number): boolean =>
  !study.humanSubject || study.recipients.length > 0 || locationsWithoutPassphrase === 0;

export interface Place {
  readonly person: number;
  readonly role: Role;
  readonly active: boolean;
}
export interface PlaceWanted {
  readonly person: number;
  /** Absent: as it was, and researcher for a newcomer. */
  readonly role?: Role | undefined;
  readonly active?: boolean | undefined;
}
export interface PlaceChanges {
  readonly added: readonly Place[];
  readonly changed: readonly Place[];
  readonly removed: readonly Place[];
}

/** What must change for the list to be exactly `wanted`. */
export function placeChanges(before: readonly Place[], wanted: readonly PlaceWanted[]): PlaceChanges {
  const had = new Map(before.map(place => [place.person, place]));
  const places = wanted.map(({ person, role, active }) => ({
    person,
    role: role ?? had.get(person)?.role ?? "researcher",
    active: active ?? had.get(person)?.active ?? true,
  }));
  const stay = new Set(places.map(place => place.person));
  return {
    added: places.filter(place => !had.has(place.person)),
    changed: places.filter(place => {
      const old = had.get(place.person);
      return old !== undefined && (old.role !== place.role || old.active !== place.active);
    }),
    removed: before.filter(place => !stay.has(place.person)),
  };
}

/** A whole list that replaces another. The owner stays, as an administrator. @throws HavreError "invalid" */
export function mustBeList(wanted: readonly PlaceWanted[], ownerId: number): void {
  const refuse = (message: string): never => {
    throw invalid({ non_field_errors: [message] });
  };
  if (new Set(wanted.map(place => place.person)).size < wanted.length) refuse("Each researcher may be listed only once.");
  if (!wanted.some(place => place.role === "administrator" && place.active !== false))
    refuse("At least one contributor must have the role ADMINISTRATOR.");
  const owner = wanted.find(place => place.person === ownerId);
  if (owner?.role !== "administrator" || owner.active === false)
    refuse("The owner of the study must stay in the list, with the role ADMINISTRATOR.");
}

/** A window on a list that is at hand; a negative offset means the last one. */
export function windowed<T>(all: readonly T[], { offset, limit }: Window): Page<T> {
  const start = offset >= 0 ? offset : Math.max(0, Math.ceil(all.length / limit) - 1) * limit;
  return { total: all.length, items: all.slice(start, start + limit) };
}

/** Prefix of a study's drop-off page and of its upload endpoint. */
export const uploadPage = (dropoffBaseUrl: string, uploadUuid: string): string => `${dropoffBaseUrl}${uploadUuid}/`;
export const uploadEndpoint = (uploadHost: string, uploadUuid: string): string => `${uploadHost}/files/${uploadUuid}/`;
/** The code is in the fragment: browsers send it to no server, so it reaches no log. */
export const invitationLink = (dropoffBaseUrl: string, uploadUuid: string, code: string): string =>
  `${uploadPage(dropoffBaseUrl, uploadUuid)}#code=${encodeURIComponent(code)}`;
