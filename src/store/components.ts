import { sql } from "kysely";
import type { Component, OfferingId } from "../core/market/model.ts";
import type { Tx } from "./store.ts";

export type ComponentChanges = Partial<Omit<Component, "uuid">>;
const componentColumns = (component: ComponentChanges) => ({
  ...(component.type === undefined ? {} : { type: component.type }),
  ...(component.name === undefined ? {} : { name: component.name }),
  ...(component.description === undefined ? {} : { description: component.description }),
  ...(component.measuredUnit === undefined ? {} : { measured_unit: component.measuredUnit }),
  ...(component.billingType === undefined ? {} : { billing_type: component.billingType }),
  ...(component.limitPeriod === undefined ? {} : { limit_period: component.limitPeriod }),
  ...(component.limitAmount === undefined ? {} : { limit_amount: component.limitAmount }),
  ...(component.minValue === undefined ? {} : { min_value: component.minValue }),
  ...(component.maxValue === undefined ? {} : { max_value: component.maxValue }),
  ...(component.maxAvailableLimit === undefined ? {} : { max_available_limit: component.maxAvailableLimit }),
  ...(component.defaultLimit === undefined ? {} : { default_limit: component.defaultLimit }),
  ...(component.isBoolean === undefined ? {} : { is_boolean: component.isBoolean }),
  ...(component.factor === undefined ? {} : { factor: component.factor }),
  ...(component.articleCode === undefined ? {} : { article_code: component.articleCode }),
});

export const components = (tx: Tx) => ({
  async insert(offeringId: OfferingId, component: Omit<Component, "uuid">): Promise<void> {
    const { type, name, billingType } = component;
    await tx
      .insertInto("offering_component")
      .values({ offering_id: offeringId, ...componentColumns(component), type, name, billing_type: billingType })
      .execute();
  },

  /** @returns whether the offering has a component with this uuid */
  async update(offeringId: OfferingId, uuid: string, changes: ComponentChanges): Promise<boolean> {
    const done = await tx
      .updateTable("offering_component")
      .set({ offering_id: offeringId, ...componentColumns(changes) })
      .where("offering_id", "=", offeringId)
      .where("uuid", "=", uuid)
      .executeTakeFirst();
    return Number(done.numUpdatedRows) === 1;
  },

  /** Whether a resource has or had some of it. */
  async isUsed(uuid: string): Promise<boolean> {
    const { rows } = await sql`
      select from offering_component component where uuid = ${uuid} and (
        exists (select from component_usage where component_id = component.id)
        or exists (select from resource where offering_id = component.offering_id and limits ? component.type)
        or billing_type in ('fixed', 'one', 'few') and exists (select from resource where offering_id = component.offering_id))`.execute(
      tx,
    );
    return rows.length > 0;
  },

  async remove(offeringId: OfferingId, uuid: string): Promise<boolean> {
    const done = await tx
      .deleteFrom("offering_component")
      .where("offering_id", "=", offeringId)
      .where("uuid", "=", uuid)
      .executeTakeFirst();
    return Number(done.numDeletedRows) === 1;
  },
});
