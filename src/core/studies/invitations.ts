import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { newCode } from "../../kernel/ids.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { invitations, type SeenInvitation } from "../../store/invitations.ts";
import { people } from "../../store/people.ts";
import type { Tx } from "../../store/store.ts";
import { changesBetween, record, recordReading } from "../events/index.ts";
import { addMail, invitationMail, mailbox } from "../mail/index.ts";
import type { Actor, Person } from "../people/model.ts";
import { allows, may, mustAllow, studyFor, type Verb } from "../permissions/index.ts";
import type { Needs } from "../world.ts";
import type { Invitation, InvitationInput, InvitationView, Study } from "./model.ts";
import { invitationLink, mustBeLines, noSuch } from "./rules.ts";

type World = Needs<"store" | "settings">;

const viewOf = ({ invitation, studyUuid, standing }: SeenInvitation): InvitationView => ({
  invitation,
  studyUuid,
  showsCode: allows("study", standing, "invitation.change"),
});

/** Of one study, or of all that the actor sees; newest first. */
export async function listInvitations(
  world: World,
  actor: Actor,
  asked: { readonly study: number | undefined; readonly window: Window },
): Promise<Page<InvitationView>> {
  const page = await invitations(world.store.db).page(actor, asked.study, asked.window);
  const of = page.items.map(({ invitation }) => invitation.studyId);
  await recordReading(world, actor, of, { part: "invitations" });
  return { total: page.total, items: page.items.map(viewOf) };
}

/** @throws HavreError "not-found" */
export async function showInvitation(world: World, actor: Actor, id: number): Promise<InvitationView> {
  const view = await viewed(world.store.db, actor, id);
  await recordReading(world, actor, [view.invitation.studyId], { part: "invitation", id: view.invitation.id });
  return view;
}

/** Writes the invitation and its mail together. @throws HavreError "invalid", "forbidden" */
export async function createInvitation(world: World, actor: Actor, input: InvitationInput): Promise<InvitationView> {
  mustBeLines({ name: input.name, email: input.email });
  return world.store.transaction(async tx => {
    const study = await studyNamed(tx, actor, input.study);
    const owner = await ownerOf(tx, study);
    const invitation = await invitations(tx).insert({
      studyId: study.id,
      name: input.name,
      email: input.email,
      uploadCode: newCode(),
      language: input.language ?? owner.language,
    });
    await note(tx, actor, "invitation.created", invitation);
    await writeMail(tx, world, study, owner, invitation);
    return viewed(tx, actor, invitation.id);
  });
}

/** Fields that are absent stay. Sends nothing by itself: a mail to a corrected address is asked for. @throws HavreError "not-found", "forbidden", "invalid" */
export async function changeInvitation(
  world: World,
  actor: Actor,
  { id, input }: { readonly id: number; readonly input: Partial<InvitationInput> },
): Promise<InvitationView> {
  mustBeLines({ name: input.name, email: input.email });
  return world.store.transaction(async tx => {
    const invitation = await lockFor(tx, actor, id, "invitation.change");
    if (input.study !== undefined && input.study !== invitation.studyId)
      throw invalid({ study: ["An invitation cannot move to another study. Write a new one there."] });
    const { name = invitation.name, email = invitation.email, language = invitation.language } = input;
    await invitations(tx).update(invitation.id, { name, email, language });
    const changes = changesBetween<Partial<Invitation>>(invitation, { name, email, language });
    await note(tx, actor, "invitation.changed", { ...invitation, name, email }, { changes });
    return viewed(tx, actor, id);
  });
}

/** Writes the mail once more. @throws HavreError "not-found", "forbidden" */
export async function sendInvitation(world: World, actor: Actor, id: number): Promise<InvitationView> {
  return world.store.transaction(async tx => {
    const invitation = await lockFor(tx, actor, id, "invitation.send");
    const study = await studyFor(tx, actor, invitation.studyId, "invitation.send");
    await writeMail(tx, world, study, await ownerOf(tx, study), invitation);
    await note(tx, actor, "invitation.sent-again", invitation);
    return viewed(tx, actor, id);
  });
}

/** @throws HavreError "not-found", "forbidden", "conflict" once files came in by it */
export async function removeInvitation(world: World, actor: Actor, id: number): Promise<void> {
  await world.store.transaction(async tx => {
    const invitation = await lockFor(tx, actor, id, "invitation.change");
    if (await invitations(tx).hasDrops(invitation.id))
      throw new HavreError(
        "conflict",
        "Files were handed in by this invitation, and it is the record of who sent them. It stays; close the study if nothing more may come in.",
      );
    await invitations(tx).remove(invitation.id);
    await note(tx, actor, "invitation.removed", invitation);
  });
}

async function viewed(tx: Tx, actor: Actor, id: number): Promise<InvitationView> {
  const seen = await invitations(tx).seen(actor, id);
  if (!seen) throw notFound();
  return viewOf(seen);
}

async function lockFor(tx: Tx, actor: Actor, id: number, verb: Verb): Promise<Invitation> {
  const seen = await invitations(tx).seen(actor, id);
  mustAllow("study", seen?.standing, verb);
  const invitation = await invitations(tx).lock(id);
  if (!invitation) throw notFound();
  return invitation;
}

/** A study that the actor cannot see is, in a body, a number that names nothing. */
async function studyNamed(tx: Tx, actor: Actor, id: number): Promise<Study> {
  if (!(await may(tx, actor, "study.see", { kind: "study", id }))) throw noSuch("study", id);
  return studyFor(tx, actor, id, "invitation.change");
}

async function ownerOf(tx: Tx, study: Study): Promise<Person> {
  const owner = await people(tx).byId(study.ownerId);
  if (!owner) throw new HavreError("bug", "A study has no owner.");
  return owner;
}

async function writeMail(tx: Tx, world: World, study: Study, owner: Person, invitation: Invitation): Promise<void> {
  const number = await invitations(tx).countSend(invitation.id);
  const ownerName = `${owner.firstName} ${owner.lastName}`.trim() || owner.username;
  await addMail(tx, world, {
    uniqueKey: `invitation:${invitation.id}:${number}`,
    kind: "invitation",
    studyId: study.id,
    recipient: invitation.email,
    ...(owner.email === "" ? {} : { replyTo: mailbox(ownerName, owner.email) }),
    ...invitationMail({
      language: invitation.language,
      studyName: study.name,
      studyDescription: study.description,
      ownerName,
      ownerEmail: owner.email,
      invitedName: invitation.name,
      link: invitationLink(world.settings.dropoffBaseUrl, study.uploadUuid, invitation.uploadCode),
      code: invitation.uploadCode,
    }),
  });
}

const note = (
  tx: Tx,
  actor: Actor,
  verb: string,
  { id, studyId, name, email }: Invitation,
  more: Record<string, unknown> = {},
): Promise<void> => record(tx, actor, { verb, kind: "invitation", id, study: studyId, data: { name, email, ...more } });
