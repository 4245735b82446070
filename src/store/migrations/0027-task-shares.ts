import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- What a token opens, by its number: a task, an array or one element of it. The token is made of the mark and the server's key.
create table task_share (
  number bigint primary key,
  task_id bigint not null references task on delete cascade, mark text not null);
create index task_share_task on task_share (task_id);
-- Tokens of single tasks go on. An array's may have been given for one of its elements, and would open all of it: those end here.
insert into task_share (number, task_id, mark) select id, id, share_serial::text from task where is_shared and elements = 0;
alter table task drop column is_shared, drop column share_serial;

-- What came of asking something of an element that has no run yet, by its place.
alter table task add column element_marks jsonb not null default '{}';
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
