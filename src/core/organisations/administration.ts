import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { rorOf } from "../../kernel/research-ids.ts";
import { type NewPart, organisationParts, type PartRow, type PartTable } from "../../store/organisation-parts.ts";
import { isReferenced, isTaken, type Tx } from "../../store/store.ts";
import { changesBetween, isEmpty, record } from "../events/index.ts";
import { mustAdminister } from "../people/index.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";

/** Organisations, their faculties and fields, as the administration keeps them. All verbs: @throws HavreError "forbidden" */

type World = Needs<"store">;

/** The event log's word for each table. */
const KIND = { organisation: "organisation", faculty: "faculty", study_field: "field" } as const satisfies Record<
  PartTable,
  string
>;
/** Who would miss it. */
const HANGS = {
  faculty: "faculties",
  study_field: "fields of study",
  person: "people",
  study: "studies",
  offering: "offerings",
  resource: "resources",
} as const satisfies Record<string, string>;

/** Two of one name could not be told apart. */
async function refusing<T>(parent: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (isTaken(error))
      throw invalid(
        /_ror_/.test(String(error)) ? { ror: ["Another organisation has this ROR id."] } : { name: ["This name is taken."] },
      );
    if (isReferenced(error)) throw invalid({ [parent]: ["This is not there any more."] });
    throw error;
  }
}

const note = (tx: Tx, actor: Actor, table: PartTable, what: string, id: number, data: Record<string, unknown>): Promise<void> =>
  record(tx, actor, { verb: `${KIND[table]}.${what}`, kind: KIND[table], id, data });

async function create(world: World, actor: Actor, table: PartTable, part: NewPart, parent = ""): Promise<PartRow> {
  mustAdminister(actor);
  return refusing(parent, () =>
    world.store.transaction(async tx => {
      const made = await organisationParts(tx, table).insert(part);
      await note(tx, actor, table, "created", made.id, { name: made.name });
      return made;
    }),
  );
}

async function amend(world: World, actor: Actor, table: PartTable, id: number, changes: Partial<NewPart>): Promise<void> {
  mustAdminister(actor);
  await refusing("", () =>
    world.store.transaction(async tx => {
      const before = await organisationParts(tx, table).lock(id);
      if (!before) throw notFound();
      const different = changesBetween<NewPart>(before, changes);
      if (isEmpty(different)) return;
      await organisationParts(tx, table).update(id, changes);
      await note(tx, actor, table, "changed", id, { changes: different });
    }),
  );
}

async function remove(world: World, actor: Actor, table: PartTable, id: number): Promise<void> {
  mustAdminister(actor);
  await world.store.transaction(async tx => {
    const part = await organisationParts(tx, table).lock(id);
    if (!part) throw notFound();
    const hanging = await organisationParts(tx, table).dependants(id);
    if (hanging.length > 0) {
      const words = hanging.map(name => HANGS[name as keyof typeof HANGS]).join(" and ");
      throw new HavreError("conflict", `"${part.name}" still has ${words}. Move or remove them first.`);
    }
    try {
      await organisationParts(tx, table).remove(id);
    } catch (error) {
      if (!isReferenced(error)) throw error;
      throw new HavreError("conflict", `"${part.name}" stands in orders or invoices, and stays.`);
    }
    await note(tx, actor, table, "removed", id, { name: part.name });
  });
}

export interface OrganisationInput {
  readonly name: string;
  readonly email?: string | undefined;
  readonly website?: string | undefined;
  /** With or without the address before it; "" is none. */
  readonly ror?: string | undefined;
}
interface One {
  readonly id: number;
}

/** Only what is given: an absent field must not be written. */
const given = <T extends object>(input: { readonly [K in keyof T]: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as T;

function partOf({ ror, ...input }: Partial<OrganisationInput>): Partial<NewPart> {
  if (ror === undefined) return given<Partial<NewPart>>(input);
  const known = rorOf(ror);
  if (ror !== "" && known === undefined) throw invalid({ ror: ["Enter a valid ROR id, such as https://ror.org/012p63287."] });
  return { ...given<Partial<NewPart>>(input), ror: known ?? null };
}

/** @throws HavreError "invalid" on a `name` or `ror` that is taken, and on a `ror` that is none */
export const createOrganisation = async (world: World, actor: Actor, input: OrganisationInput): Promise<PartRow> =>
  create(world, actor, "organisation", { ...partOf(input), name: input.name });
/** Absent fields stay. @throws HavreError "not-found", "invalid" */
export const amendOrganisation = async (
  world: World,
  actor: Actor,
  { id, ...changes }: One & Partial<OrganisationInput>,
): Promise<void> => amend(world, actor, "organisation", id, partOf(changes));
/** @throws HavreError "not-found", "conflict" while something belongs to it, or orders and invoices name it */
export const removeOrganisation = (world: World, actor: Actor, { id }: One): Promise<void> =>
  remove(world, actor, "organisation", id);

/** @throws HavreError "invalid" on `name` or `organisation` */
export const createFaculty = (
  world: World,
  actor: Actor,
  { name, organisation }: { readonly name: string; readonly organisation: number },
): Promise<PartRow> => create(world, actor, "faculty", { name, organisation_id: organisation }, "organisation");
/** @throws HavreError "not-found", "invalid" */
export const renameFaculty = (world: World, actor: Actor, { id, name }: One & { readonly name?: string }): Promise<void> =>
  amend(world, actor, "faculty", id, given<Partial<NewPart>>({ name }));
/** @throws HavreError "not-found", "conflict" while fields or people belong to it */
export const removeFaculty = (world: World, actor: Actor, { id }: One): Promise<void> => remove(world, actor, "faculty", id);

/** @throws HavreError "invalid" on `name` or `faculty` */
export const createField = (
  world: World,
  actor: Actor,
  { name, faculty }: { readonly name: string; readonly faculty: number },
): Promise<PartRow> => create(world, actor, "study_field", { name, faculty_id: faculty }, "faculty");
/** @throws HavreError "not-found", "invalid" */
export const renameField = (world: World, actor: Actor, { id, name }: One & { readonly name?: string }): Promise<void> =>
  amend(world, actor, "study_field", id, given<Partial<NewPart>>({ name }));
/** @throws HavreError "not-found", "conflict" while studies have it */
export const removeField = (world: World, actor: Actor, { id }: One): Promise<void> => remove(world, actor, "study_field", id);
