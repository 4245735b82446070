import {
  changeInvitation,
  createInvitation,
  type InvitationInput,
  type InvitationView,
  invitationLink,
  listInvitations,
  removeInvitation,
  sendInvitation,
  showInvitation,
  uploadPage,
} from "../../core/studies/index.ts";
import { noContent, type Route, route, type Schema, type Wire } from "../../http/route.ts";
import { choice, email, optional, pk, readBody, schemaOf, text } from "./fields.ts";
import { INTEGER, object, orNull, STAMP, STRING, words } from "./schemas.ts";
import { idParam, PAGE_QUERY, pageAsked, pageOut, pageSchema, stamp, stampOrNull, windowOf } from "./wire.ts";

/** Invitations (contract §4.7). */

const INVITATION_WRITE = {
  study: pk(),
  name: text({ max: 200 }),
  email: email(),
  language: optional(choice(["en", "nl"])),
};
const invitationIn = (wire: Wire): InvitationInput => readBody(INVITATION_WRITE, wire.body);

const invitationSchema: Schema = object(
  {
    id: INTEGER,
    study: INTEGER,
    name: STRING,
    email: STRING,
    language: words(["en", "nl"]),
    upload_url: { ...STRING, description: "The drop-off page; with the code in its fragment for those who may invite." },
    mail_sent: orNull(STAMP),
    created_at: STAMP,
    updated_at: STAMP,
  },
  { upload_code: { ...STRING, description: "For those who may invite." } },
);

const invitationShape = ({ invitation, studyUuid, showsCode }: InvitationView, { settings }: Wire) => ({
  id: invitation.id,
  study: invitation.studyId,
  name: invitation.name,
  email: invitation.email,
  language: invitation.language,
  ...(showsCode ? { upload_code: invitation.uploadCode } : {}),
  upload_url: showsCode
    ? invitationLink(settings.dropoffBaseUrl, studyUuid, invitation.uploadCode)
    : uploadPage(settings.dropoffBaseUrl, studyUuid),
  mail_sent: stampOrNull(invitation.mailSentAt, settings.timeZone),
  created_at: stamp(invitation.createdAt, settings.timeZone),
  updated_at: stamp(invitation.updatedAt, settings.timeZone),
});

/** A study's number; anything else names no study, and so an empty list. */
const studyAsked = ({ query: { study } }: Wire): number | undefined =>
  study === undefined || study === "" ? undefined : /^\d{1,15}$/.test(study) ? Number(study) : 0;

const shared = { auth: "user", tag: "invitations" } as const;
const body = schemaOf(INVITATION_WRITE);

export const invitationRoutes: readonly Route[] = [
  route({
    ...shared,
    method: "GET",
    path: "/api/v1/invitations/",
    summary: "Invitations to the caller's studies, newest first.",
    query: { ...PAGE_QUERY, study: { type: "integer", description: "Only of this study." } },
    reply: pageSchema(invitationSchema),
    in: wire => ({ study: studyAsked(wire), window: windowOf(pageAsked(wire)) }),
    do: listInvitations,
    out: (page, wire) => pageOut(page, wire, view => invitationShape(view, wire)),
  }),
  route({
    ...shared,
    method: "POST",
    path: "/api/v1/invitations/",
    summary: "Invite somebody to hand in files; the mail is sent in the background.",
    status: 201,
    body,
    reply: invitationSchema,
    in: invitationIn,
    do: createInvitation,
    out: invitationShape,
  }),
  route({
    ...shared,
    method: "GET",
    path: "/api/v1/invitations/:id/",
    summary: "One invitation.",
    reply: invitationSchema,
    in: wire => idParam(wire),
    do: showInvitation,
    out: invitationShape,
  }),
  route({
    ...shared,
    method: "PUT",
    path: "/api/v1/invitations/:id/",
    summary: "Change an invitation; sends no mail.",
    body,
    reply: invitationSchema,
    in: wire => ({ id: idParam(wire), input: invitationIn(wire) }),
    do: changeInvitation,
    out: invitationShape,
  }),
  route({
    ...shared,
    method: "DELETE",
    path: "/api/v1/invitations/:id/",
    summary: "Withdraw an invitation that brought no files.",
    status: 204,
    in: wire => idParam(wire),
    do: removeInvitation,
    out: () => noContent(),
  }),
  route({
    ...shared,
    method: "POST",
    path: "/api/v1/invitations/:id/send/",
    summary: "Send the mail once more; `mail_sent` tells when it left.",
    reply: invitationSchema,
    in: wire => idParam(wire),
    do: sendInvitation,
    out: invitationShape,
  }),
];
