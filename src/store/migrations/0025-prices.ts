import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- What an offering costs at least, for which the catalogue is looked through: kept true by the statement that changes anything it comes from.
-- Null: it has no plan that one could have.
alter table offering add column price_from numeric;

-- A plan costs by the month what it costs before anybody asks for more than the least: its fixed parts and its lowest limits. One that costs
-- nothing so far costs what the cheapest that is counted does: one of it, by the month where it is a limit; else what is paid once.
create function offering_price(offered bigint) returns numeric stable language sql as $$
  select round(min(coalesce(nullif(running, 0), each, once, 0)), 10) from (
    select
      sum(case component.billing_type when 'fixed' then part.price * part.quota when 'limit' then a.price * coalesce(component.min_value, 0) end * a.months) as running,
      min(a.price * a.months) filter (where component.billing_type in ('limit', 'usage') and part.price > 0) as each,
      sum(part.price * greatest(part.quota, 1)) filter (where component.billing_type = 'one') as once
    from plan
      left join plan_component part on part.plan_id = plan.id
      left join offering_component component on component.id = part.component_id
      cross join lateral (select part.price / coalesce(component.factor, 1) as price,
        case when component.billing_type = 'usage' or component.limit_period = 'total' then 1
          when plan.unit = 'half_month' then 2 when plan.unit = 'day' then 30 when plan.unit = 'hour' then 720
          when plan.unit = 'quarter' then 1.0 / 3 else 1 end::numeric as months) a
    where plan.offering_id = offered and not plan.archived group by plan.id) priced
$$;

-- The offering is held first: what is read after that is what whoever held it before has written.
create function offering_reprice(offered bigint) returns void language plpgsql as $$ begin
  perform from offering where id = offered for no key update;
  update offering set price_from = case when billable then offering_price(id) else 0 end
    where id = offered and price_from is distinct from case when billable then offering_price(id) else 0 end;
end $$;

create function offering_billed() returns trigger language plpgsql as $$ begin
  new.price_from := case when new.billable then offering_price(new.id) else 0 end;
  return new;
end $$;
create trigger offering_billed before insert or update of billable on offering for each row execute function offering_billed();

create function plan_reprice() returns trigger language plpgsql as $$ begin
  perform offering_reprice(coalesce(new.offering_id, old.offering_id));
  return null;
end $$;
create trigger plan_reprice after insert or delete or update of unit, archived on plan for each row execute function plan_reprice();
create trigger component_reprice after update of billing_type, limit_period, min_value, factor on offering_component
  for each row execute function plan_reprice();

create function part_reprice() returns trigger language plpgsql as $$ begin
  perform offering_reprice(offering_id) from plan where id = coalesce(new.plan_id, old.plan_id);
  return null;
end $$;
create trigger part_reprice after insert or delete or update of price, quota on plan_component for each row execute function part_reprice();

update offering set price_from = case when billable then offering_price(id) else 0 end;

-- The catalogue is counted in these by themselves, by price as well.
drop index offering_open, offering_guarded;
create index offering_open on offering (name, id) include (category_id, type, billable, organisation_id, study_id, state, price_from)
  where state in ('active', 'paused') and shared and not restricted;
create index offering_guarded on offering (id) include (category_id, type, billable, organisation_id, study_id, state, price_from, shared, restricted)
  where state in ('active', 'paused') and not (shared and not restricted);
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
