import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- What an offering consists of, and what a plan says of each component, as the catalogue, orders and invoices read them: put together by the
-- statement that changes anything of it, once, and not by each that reads it. Apart from the offering, whose rows are looked through for words.
create table offering_composed (offering_id bigint primary key references offering on delete cascade, components json not null);
alter table plan add column parts json not null default '[]';

-- Rows of named columns become JSON faster than pairs of keys and values do.
create function composed_components(offered bigint) returns json stable language sql as $$
  select coalesce(json_agg(component), '[]') from (
    select uuid, type, name, description, measured_unit as "measuredUnit", billing_type as "billingType", limit_period as "limitPeriod",
      limit_amount as "limitAmount", min_value as "minValue", max_value as "maxValue", max_available_limit as "maxAvailableLimit",
      default_limit as "defaultLimit", is_boolean as "isBoolean", factor, article_code as "articleCode"
    from offering_component where offering_id = offered order by id) component
$$;

-- One look by key for each part: the planner, which does not know how few parts a plan has, would rather read all components.
create function composed_parts(planned bigint) returns json stable language sql as $$
  select coalesce(json_agg(part), '[]') from (
    select (select type from offering_component where id = component_id), price::text, future_price::text as "futurePrice", quota
    from plan_component where plan_id = planned order by component_id) part
$$;

-- The offerings are held first, in one order: what is read after that is what whoever held them before has written. Their price goes with it.
create function offering_compose(offered bigint[]) returns void language plpgsql as $$ begin
  perform from offering where id = any(offered) order by id for no key update;
  insert into offering_composed select id, composed_components(id) from offering where id = any(offered)
    on conflict (offering_id) do update set components = excluded.components
    where offering_composed.components::text <> excluded.components::text;
  update plan set parts = composed_parts(id) where offering_id = any(offered) and parts::text <> composed_parts(id)::text;
  update offering set price_from = case when billable then offering_price(id) else 0 end
    where id = any(offered) and price_from is distinct from case when billable then offering_price(id) else 0 end;
end $$;

create function component_compose() returns trigger language plpgsql as $$ begin
  perform offering_compose(array(select distinct offering_id from touched));
  return null;
end $$;
create function part_compose() returns trigger language plpgsql as $$ begin
  perform offering_compose(array(select distinct offering_id from plan where id in (select plan_id from touched)));
  return null;
end $$;
drop trigger component_reprice on offering_component;
drop trigger part_reprice on plan_component;
drop function part_reprice;
${[
  ["offering_component", "component"],
  ["plan_component", "part"],
]
  .flatMap(([table, word]) =>
    [
      ["insert", "new"],
      ["update", "new"],
      ["delete", "old"],
    ].map(
      ([
        event,
        rows,
      ]) => `create trigger ${word}_compose_at_${event} after ${event} on ${table} referencing ${rows} table as touched
  for each statement execute function ${word}_compose();`,
    ),
  )
  .join("\n")}

insert into offering_composed select id, composed_components(id) from offering;
update plan set parts = composed_parts(id);
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
