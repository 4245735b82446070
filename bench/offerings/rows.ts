import { sha256Hex } from "../../src/kernel/secrets.ts";

export const OFFERINGS = 10_000;
/** The opaque token of one of the people: a member of three studies, and the manager of one organisation that sells. */
export const TOKEN = "benchmark-token-of-a-researcher";
export const CATEGORY = "11111111-1111-4111-8111-111111111107";
export const OFFERING = "22222222-2222-4222-8222-000000004242";

/**
 * 10,000 offerings of 50 organisations in 20 categories, each with three components and two plans; half of them were ordered. Seven in ten
 * are active, one in five is for the seller's own people alone, one in fifty for those with a certain role. Times are whole milliseconds.
 */
export const ROWS = `
insert into organisation (name, provider_uuid, provider_since) select 'University ' || n, gen_random_uuid(), now() from generate_series(1, 50) n;
insert into faculty (organisation_id, name) select n, 'Faculty ' || n from generate_series(1, 50) n;
insert into study_field (faculty_id, name) select n, 'Field ' || n from generate_series(1, 50) n;
insert into person (username, email, first_name, last_name) select 'person' || n, 'person' || n || '@example.org', 'First' || n, 'Last' || n
  from generate_series(1, 200) n;
insert into study (owner_id, code, name, description, human_subject, field_id, upload_uuid, upload_code, recipients)
  select n % 200 + 1, 'S-' || n, 'Study number ' || n, '', false, n % 50 + 1, gen_random_uuid(), 'CODE' || n, '{}' from generate_series(1, 500) n;
insert into permission (person_id, object_kind, object_id, role)
  values (42, 'organisation', 7, 'manager'), (42, 'study', 3, 'researcher'), (42, 'study', 4, 'member'), (42, 'study', 5, 'member');
insert into market_category (uuid, title) select ('11111111-1111-4111-8111-1111111111' || lpad(n::text, 2, '0'))::uuid, 'Category ' || n
  from generate_series(1, 20) n;
insert into offering (uuid, organisation_id, study_id, category_id, name, type, state, shared, billable, description, terms_of_service, texts,
    attributes, options, plugin_options, country, orders, created_at)
  select ('22222222-2222-4222-8222-' || lpad(n::text, 12, '0'))::uuid, n % 50 + 1, case when n % 97 = 0 then n % 500 + 1 end, n % 20 + 1,
    (array['GPU cluster', 'CPU cluster', 'Storage', 'Virtual machine', 'Consultancy'])[n % 5 + 1] || ' ' || md5(n::text),
    (array['Marketplace.Basic', 'Marketplace.Slurm', 'Havre.Allocation', 'Support.OfferingTemplate'])[n % 4 + 1],
    case when n % 10 < 7 then 'active' when n % 10 = 7 then 'paused' when n % 10 = 8 then 'draft' else 'archived' end,
    n % 5 <> 0, n % 3 <> 0, repeat('What it is about. ', 8), case when n % 4 = 0 then 'Be kind.' else '' end,
    jsonb_build_object('full_description', repeat('All about it. ', 20), 'access_url', 'https://offering.example.org/' || n),
    jsonb_build_object('gpu', n % 6 = 0, 'location', (array['Utrecht', 'Delft', 'Groningen'])[n % 3 + 1]),
    '{"order": ["storage"], "options": {"storage": {"type": "integer", "label": "Storage in GB", "required": true}}}',
    case when n % 50 = 0 then '{"restricted_to_roles": ["PROJECT.MANAGER"]}' when n % 50 = 1 then '{"restricted_to_roles": ["PROJECT.ADMIN"]}'
      else '{"auto_approve_in_service_provider_projects": true}' end::jsonb,
    'NL', n % 7, timestamptz '2026-01-01' + n * interval '60123 ms'
  from generate_series(1, ${OFFERINGS}) n;
insert into offering_component (offering_id, type, name, measured_unit, billing_type, limit_period, min_value, max_value, factor)
  select offering.id, (array['cpu', 'ram', 'setup'])[k], (array['Processors', 'Memory', 'Setting up'])[k], (array['hours', 'GB', ''])[k],
    (array['limit', 'usage', 'one'])[k], case when k = 1 then 'month' end, case when k = 1 then 2 end, case when k = 1 then 1000 end, case when k = 2 then 1024 end
  from offering, generate_series(1, 3) k order by 1, 2;
insert into plan (offering_id, name, unit, max_amount) select id, (array['Standard', 'Large'])[k], 'month', case when k = 2 then 3 end
  from offering, generate_series(1, 2) k order by id, k;
insert into plan_component (plan_id, component_id, price, future_price)
  select plan.id, component.id, 0.25 + plan.id % 9 * 0.125, case when plan.id % 5 = 0 then 1.5 end
  from plan join offering_component component on component.offering_id = plan.offering_id;
insert into resource (name, offering_id, plan_id, study_id, study_uuid, study_name, study_slug, organisation_id, provider_id, state)
  select 'r', plan.offering_id, plan.id, study.id, study.uuid, study.name, study.slug, study.organisation_id, offering.organisation_id,
    case when plan.id % 3 = 0 then 'terminated' else 'ok' end
  from plan join offering on offering.id = plan.offering_id, generate_series(1, 2) k, study where study.id = plan.id % 500 + 1 and plan.id % 2 = 0;
insert into token (person_id, kind, key, secret_hash) values (42, 'api', 'benchmar', '${sha256Hex(TOKEN)}');
`;
