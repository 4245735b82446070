import { notFound } from "../../kernel/errors.ts";
import { COUNT_BOUND, listings, type Rows } from "../../store/listings.ts";
import { record } from "../events/index.ts";
import { mustAdminister } from "../people/index.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { listingOf } from "./kinds.ts";
import type { Choice, Kind, ListAsked, Row, RowPage } from "./model.ts";

type World = Needs<"store">;

/** A page of a kind's objects. @throws HavreError "forbidden", "not-found" for a page that is not there */
export async function browse(world: World, actor: Actor, { kind, asked }: { kind: Kind; asked: ListAsked }): Promise<RowPage> {
  mustAdminister(actor);
  const listing = listingOf(kind);
  const wanted = { ...asked, sort: asked.sort || (kind.order ?? "") };
  const page = await listings(world.store.db).page(listing, wanted, kind.list);
  const count = await listings(world.store.db).count(listing, asked);
  return { rows: page.rows, count: count ?? COUNT_BOUND, countIsExact: count !== undefined, ...neighbours(page, asked) };
}

/** Going back there is always a way forward again, to where one came from. */
function neighbours({ first, last, more }: Rows, { from }: ListAsked): Pick<RowPage, "next" | "previous"> {
  const back = from?.direction === "before";
  return {
    next: back || more ? last : undefined,
    previous: (back ? more : from !== undefined) ? first : undefined,
  };
}

/** One object with all that is shown of it. @throws HavreError "forbidden", "not-found" */
export async function inspect(world: World, actor: Actor, { kind, id }: { kind: Kind; id: number | string }): Promise<Row> {
  mustAdminister(actor);
  const row = await listings(world.store.db).row(listingOf(kind), id);
  if (!row) throw notFound();
  return row;
}

export interface ExportAsked {
  readonly kind: Kind;
  readonly choice: Choice;
  readonly sort: string;
  readonly format: string;
}

const EXPORT_PAGE = 500;

export interface Export extends Pick<ExportAsked, "kind" | "format"> {
  readonly rows: AsyncIterable<Row>;
}

/** Every row of a list with all its columns, page by page as it is read; the log says who took it. @throws HavreError "forbidden" */
export async function exportRows(world: World, actor: Actor, { kind, choice, sort, format }: ExportAsked): Promise<Export> {
  mustAdminister(actor);
  const { search, filters } = choice;
  await record(world.store.db, actor, {
    verb: "administration.exported",
    kind: "administration",
    id: kind.name,
    data: { format, search, filters },
  });
  const asked = { ...choice, sort: sort || (kind.order ?? ""), limit: EXPORT_PAGE };
  return { kind, format, rows: allRows(world, kind, asked) };
}

async function* allRows(world: World, kind: Kind, asked: ListAsked): AsyncIterable<Row> {
  const listing = listingOf(kind);
  for (let cursor: string | undefined; ; ) {
    const from = cursor === undefined ? {} : ({ from: { direction: "after", cursor } } as const);
    const page = await listings(world.store.db).page(listing, { ...asked, ...from }, Object.keys(kind.columns));
    yield* page.rows;
    if (!page.more || page.last === undefined) return;
    cursor = page.last;
  }
}
