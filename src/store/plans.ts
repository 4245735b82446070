import { type SqlBool, sql } from "kysely";
import type { OfferingId, Plan, PlanView } from "../core/market/model.ts";
import type { Actor } from "../core/people/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { windowOf } from "./filters.ts";
import { type OfferingSide, visibleOfferings } from "./offering-visibility.ts";
import { componentsOf, OFFERING_TABLES } from "./offerings.ts";
import type { Tx } from "./store.ts";

const planColumns = sql`plan.id, plan.uuid, plan.name, plan.description, plan.article_code as "articleCode", plan.backend_id as "backendId", plan.unit,
  plan.archived, plan.max_amount as "maxAmount", (select count(*) from resource where plan_id = plan.id and state <> 'terminated') as resources,
  plan.parts, offering.uuid as "offeringUuid", plan.offering_id as "offeringId", ${componentsOf(sql`plan.offering_id`)} as components`;
export type PlanRow = PlanView & { readonly id: number; readonly offeringId: OfferingId };

export const plans = (tx: Tx) => ({
  /** Plans of offerings that the actor sees from this side. */
  async page(
    actor: Actor,
    side: OfferingSide,
    filter: {
      readonly offering?: string | undefined;
      readonly uuid?: string | undefined;
      readonly archived?: boolean | undefined;
    },
    window: Window,
  ): Promise<Page<PlanRow>> {
    return windowOf<PlanRow>(tx, window, {
      columns: planColumns,
      tables: sql`plan join ${OFFERING_TABLES} on offering.id = plan.offering_id`,
      where: [
        visibleOfferings(actor, side),
        ...(filter.offering === undefined ? [] : [sql<SqlBool>`offering.uuid = ${filter.offering}`]),
        ...(filter.uuid === undefined ? [] : [sql<SqlBool>`plan.uuid = ${filter.uuid}`]),
        ...(filter.archived === undefined ? [] : [sql<SqlBool>`plan.archived = ${filter.archived}`]),
      ],
      order: sql`plan.id`,
    });
  },

  async byUuid(uuid: string, lock = false): Promise<PlanRow | undefined> {
    if (lock) await sql`select from plan where uuid = ${uuid} for update`.execute(tx);
    const { rows } = await sql<PlanRow>`
      select ${planColumns} from plan join offering on offering.id = plan.offering_id where plan.uuid = ${uuid}`.execute(tx);
    return rows[0];
  },

  async insert(offeringId: OfferingId, plan: PlanChanges & { name: string }): Promise<{ id: number; uuid: string }> {
    return tx
      .insertInto("plan")
      .values({ offering_id: offeringId, ...planColumnsOf(plan), name: plan.name })
      .returning(["id", "uuid"])
      .executeTakeFirstOrThrow();
  },

  async update(id: number, changes: PlanChanges): Promise<void> {
    await tx
      .updateTable("plan")
      .set({ ...planColumnsOf(changes), updated_at: sql<Date>`now()` })
      .where("id", "=", id)
      .execute();
  },

  async remove(id: number): Promise<void> {
    await tx.deleteFrom("plan").where("id", "=", id).execute();
  },

  /** Sets one number of a plan for components of its offering, by their types. */
  async setParts(
    plan: number,
    column: "price" | "future_price" | "quota",
    values: Readonly<Record<string, string | number>>,
  ): Promise<void> {
    for (const [type, value] of Object.entries(values))
      await sql`
        insert into plan_component (plan_id, component_id, ${sql.ref(column)})
        select plan.id, component.id, ${String(value)}::numeric from plan join offering_component component on component.offering_id = plan.offering_id
        where plan.id = ${plan} and component.type = ${type}
        on conflict (plan_id, component_id) do update set ${sql.ref(column)} = excluded.${sql.ref(column)}`.execute(tx);
  },

  /** Whether some resource has it, or had it since. */
  async isBilled(plan: number, since: Date): Promise<boolean> {
    const { rows } = await sql`
      select from resource_stretch where plan_id = ${plan} and (ends_at is null or ends_at >= ${since})
      union all select from resource where plan_id = ${plan} and state <> 'terminated' limit 1`.execute(tx);
    return rows.length > 0;
  },

  /** Prices that waited for the month to begin. */
  async applyFuturePrices(): Promise<void> {
    // The offerings first, as whoever sets prices holds them first.
    await sql`
      with held as materialized (
        select id from offering where exists (
          select from plan join plan_component on plan_id = plan.id where offering_id = offering.id and future_price is not null)
        order by id for no key update)
      update plan_component set price = future_price, future_price = null
      where future_price is not null and plan_id in (select plan.id from plan where offering_id in (select id from held))`.execute(
      tx,
    );
  },
});

export interface PlanChanges {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly articleCode?: string | undefined;
  readonly backendId?: string | undefined;
  readonly unit?: Plan["unit"] | undefined;
  readonly archived?: boolean | undefined;
  readonly maxAmount?: number | null | undefined;
}
const planColumnsOf = (plan: PlanChanges) => ({
  ...(plan.name === undefined ? {} : { name: plan.name }),
  ...(plan.description === undefined ? {} : { description: plan.description }),
  ...(plan.articleCode === undefined ? {} : { article_code: plan.articleCode }),
  ...(plan.backendId === undefined ? {} : { backend_id: plan.backendId }),
  ...(plan.unit === undefined ? {} : { unit: plan.unit }),
  ...(plan.archived === undefined ? {} : { archived: plan.archived }),
  ...(plan.maxAmount === undefined ? {} : { max_amount: plan.maxAmount }),
});
