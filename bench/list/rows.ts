import { sha256Hex } from "../../src/kernel/secrets.ts";

export const STUDIES = 100_000;
const PEOPLE = 1_000;
/** The opaque token of one of the people, who is nothing special: owns 100 studies and has a role in some 300. */
export const TOKEN = "benchmark-token-of-a-researcher";
/** Two of their own studies. */
export const STUDY = 50_041;
export const STUDY_ABOUT_PEOPLE = 52_041;

/**
 * 100,000 studies in an empty database. Each has an owner, three more people with a role (one in ten expired), mostly a
 * storage, and some drops and invitations. Times are whole milliseconds, which is all that JSON shows here.
 */
export const ROWS = `
insert into organisation (name) select 'University ' || n from generate_series(1, 10) n;
insert into faculty (organisation_id, name) select (n - 1) % 10 + 1, 'Faculty ' || n from generate_series(1, 50) n;
insert into study_field (faculty_id, name) select (n - 1) % 50 + 1, 'Field ' || n from generate_series(1, 250) n;
insert into person (username, email, first_name, last_name, organisation_id, faculty_id, created_at, updated_at)
  select 'person' || n, 'person' || n || '@example.org', 'First' || n, 'Last' || n, (n - 1) % 10 + 1, (n - 1) % 50 + 1,
    timestamptz '2026-01-01' + n * interval '1 hour', timestamptz '2026-06-01' + n * interval '1234 ms'
  from generate_series(1, ${PEOPLE}) n;
insert into study (owner_id, code, name, description, human_subject, field_id, upload_uuid, upload_code, recipients, created_at, updated_at)
  select n % ${PEOPLE} + 1, 'S-' || n, 'Study number ' || n, repeat('What it is about. ', 8), n % 3 = 0, n % 250 + 1,
    gen_random_uuid(), 'CODE' || n, '{}',
    timestamptz '2026-01-01' + n * interval '1 minute', timestamptz '2026-02-01' + n * interval '60123 ms'
  from generate_series(1, ${STUDIES}) n;
insert into permission (person_id, object_kind, object_id, role, expires_at)
  select (study.id * 7 + k * 331) % ${PEOPLE} + 1, 'study', study.id, (array['administrator', 'researcher', 'member'])[k],
    case when study.id % 10 = 0 and k = 3 then timestamptz '2026-03-01' end
  from study, generate_series(1, 3) k on conflict do nothing;
insert into storage (owner_id, name, engine, address, username, password_sealed)
  select n, 'Drive', 'WEBDAV', 'https://drive.example.org/', '', '' from generate_series(1, 100) n;
insert into location (study_id, storage_id) select id, id % 100 + 1 from study where id % 5 > 0;
insert into invitation (study_id, name, email, upload_code)
  select study.id, 'Provider', 'provider@example.org', study.id || '-' || k from study, generate_series(1, 3) k where study.id % 4 >= k;
insert into "drop" (public_id, study_id, original_filename, size_bytes, status, receipt_hash, receipt_sealed)
  select gen_random_uuid(), study.id, 'file' || k || '.bin', study.id * 1000 + k, 'DONE', study.id || '-' || k, ''
  from study, generate_series(1, 4) k where study.id % 5 >= k;
insert into token (person_id, kind, key, secret_hash) values (42, 'api', 'benchmar', '${sha256Hex(TOKEN)}');
`;
