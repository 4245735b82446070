import { notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { catalogue } from "../../store/catalogue.ts";
import { type MachineRow, machines } from "../../store/machines.ts";
import { people } from "../../store/people.ts";
import type { Tx } from "../../store/store.ts";
import { studies } from "../../store/studies.ts";
import { record } from "../events/index.ts";
import { type Actor, personOf, type ResearcherView, seesAll } from "../people/model.ts";
import type { StudyView } from "../studies/model.ts";
import type { Needs, Settings } from "../world.ts";
import { isConnected } from "./catalogue.ts";
import type { Access, MachineView, ProfileView, ProviderId, RevealedAccess } from "./model.ts";
import { offered } from "./states.ts";

type World = Needs<"store" | "settings">;

/** What the secrets of an access are bound to when sealed. */
export const LOGIN_KEY_SEAL = "machine.login-key";
export const ACCESS_PASSWORD_SEAL = "machine.password";

/** Havre itself builds, starts and stops it; of a queue only an outside system does. */
export const isDriven = (provider: ProviderId): boolean => provider === "openstack";

/** The actor's, and for the administration everybody's; newest first, secrets left out. */
export async function listMachines(
  world: World,
  actor: Actor,
  asked: { readonly study: number | undefined; readonly window: Window },
): Promise<Page<MachineView>> {
  const page = await machines(world.store.db).page(actor, asked.study, asked.window);
  return { total: page.total, items: await viewsOf(world.store.db, world.settings, actor, page.items) };
}

/**
 * One machine. Its secrets come with it only when they are asked for and the actor is its researcher; that they were shown is an
 * event.
 * @throws HavreError "not-found"
 */
export async function showMachine(
  world: Needs<"store" | "settings" | "secrets">,
  actor: Actor,
  { id, withSecrets }: { readonly id: number; readonly withSecrets: boolean },
): Promise<MachineView> {
  const view = await viewed(world.store.db, world.settings, actor, id);
  const { access, machine } = view;
  if (!withSecrets || !view.isOwn || !access || !isReachable(access) || !hasSecrets(access)) return view;
  const revealed = reveal(world, access);
  await world.store.transaction(tx =>
    record(tx, actor, {
      verb: "machine.access-shown",
      kind: "machine",
      id,
      study: machine.studyId,
      data: { name: machine.name },
    }),
  );
  return { ...view, revealed };
}

export const isReachable = ({ ip }: Access): boolean => ip !== "";
export const hasSecrets = (access: Access): boolean => access.loginKeySealed !== undefined || access.passwordSealed !== undefined;

const reveal = ({ secrets }: Needs<"secrets">, { loginKeySealed, passwordSealed }: Access): RevealedAccess => ({
  loginKey: loginKeySealed ? secrets.openText(loginKeySealed, LOGIN_KEY_SEAL) : "",
  password: passwordSealed ? secrets.openText(passwordSealed, ACCESS_PASSWORD_SEAL) : "",
});

/** @throws HavreError "not-found" */
export async function viewed(tx: Tx, settings: Settings, actor: Actor, id: number): Promise<MachineView> {
  const row = await machines(tx).seen(actor, id);
  const [view] = row ? await viewsOf(tx, settings, actor, [row]) : [];
  if (!view) throw notFound();
  return view;
}

async function viewsOf(tx: Tx, settings: Settings, actor: Actor, rows: readonly MachineRow[]): Promise<MachineView[]> {
  if (rows.length === 0) return [];
  const parts = await catalogue(tx).parts();
  const profiles = await catalogue(tx).profilesById([...new Set(rows.map(({ machine }) => machine.profileId))], parts);
  const persons = await people(tx).views(rows.map(({ machine }) => machine.researcherId));
  const ofStudies = await studies(tx).ofIds(
    actor,
    rows.map(({ machine }) => machine.studyId),
  );
  const person = personOf(actor);
  const isStaff = seesAll(actor) || person?.isStaff === true;
  return rows.map(({ machine, workspace, access }) => ({
    machine,
    workspace,
    access: access && isReachable(access) ? access : undefined,
    parts,
    // Foreign keys hold these three.
    profile: profiles.get(machine.profileId) as ProfileView,
    researcher: persons.get(machine.researcherId) as ResearcherView,
    study: asSeen(ofStudies.get(machine.studyId) as StudyView, actor),
    isOwn: machine.researcherId === person?.id,
    can: offered(workspace, isDriven(machine.provider) && isConnected(settings, machine.provider), isStaff),
  }));
}

/** Who left a study keeps the machine, and learns no more of the study than its name. */
function asSeen(view: StudyView, actor: Actor): StudyView {
  const person = personOf(actor)?.id;
  const isInside = seesAll(actor) || view.study.ownerId === person;
  if (isInside || view.contributors.some(({ active, researcher }) => active && researcher.person.id === person)) return view;
  const study = { ...view.study, description: "", recipients: [] };
  return { ...view, study, contributors: [], hasStorage: false, drops: 0, dropBytes: 0, invitations: 0 };
}
