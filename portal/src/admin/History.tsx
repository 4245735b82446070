import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Failure } from "../parts/Failure.tsx";
import { Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { moment } from "../units.ts";
import css from "./admin.module.css";
import { listQuery, useKinds } from "./adminQueries.ts";
import type { EventData, Kind, Named, Row } from "./model.ts";
import { Leads } from "./Value.tsx";
import { useAdminWords } from "./words.ts";

const SHOWN = "10";
/** What is about what happens, and not itself something that things happen to. */
const WITHOUT: ReadonlySet<string> = new Set(["events", "bulk-items"]);

/** What happened to one thing, newest first: who did it, and which field was what before and after. */
export function History({ kind, row }: { kind: Kind; row: Row }) {
  const { t } = useTranslation();
  const isLogged = useKinds().some(({ name }) => name === "events") && !WITHOUT.has(kind.name);
  const about = { object_kind: kind.object, object_id: String(row.id) };
  const events = useQuery({ ...listQuery("events", { ...about, page_size: SHOWN }), enabled: isLogged });
  if (!isLogged) return null;
  return (
    <Panel title={t("admin.object.history")}>
      {events.error && <Failure error={events.error} retry={events.refetch} />}
      {events.isPending && <Waiting rows={3} />}
      {events.data?.results.length === 0 && <p className={css.consequence}>{t("admin.object.historyNone")}</p>}
      <ol className={css.lines}>
        {events.data?.results.map(event => (
          <Happening key={event.id} event={event} />
        ))}
      </ol>
      {events.data?.next && (
        <Link to="/api/admin/$kind/" params={{ kind: "events" }} search={about}>
          {t("admin.object.historyMore")}
        </Link>
      )}
    </Panel>
  );
}

function Happening({ event }: { event: Row }) {
  const { t, i18n } = useTranslation();
  const { changes, replaced, ...facts } = (event.data ?? {}) as EventData;
  const actor = event.actor as Named;
  const person = /^person:(\d+)$/.exec(String(actor.id))?.[1];
  return (
    <li>
      <p className={css.happened}>
        <code>{String(event.verb)}</code>{" "}
        {person ? <Leads to="people" named={{ id: person, title: actor.title ?? String(actor.id) }} /> : String(actor.id)}{" "}
        <time dateTime={String(event.at)}>{moment(String(event.at), i18n.language)}</time>
      </p>
      {changes && <Changes changes={changes} />}
      {replaced && replaced.length > 0 && <p>{t("admin.object.historyReplaced", { what: replaced.join(", ") })}</p>}
      {Object.keys(facts).length > 0 && <code className={css.historyFacts}>{JSON.stringify(facts)}</code>}
    </li>
  );
}

function Changes({ changes }: { changes: NonNullable<EventData["changes"]> }) {
  const { t } = useTranslation();
  const words = useAdminWords();
  const shown = (value: unknown): string => {
    if (value === null || value === "") return t("admin.object.historyNothing");
    if (typeof value === "boolean") return t(value ? "common.yes" : "common.no");
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  };
  return (
    <table className={css.changes}>
      <thead>
        <tr>
          <th scope="col">{t("admin.object.historyField")}</th>
          <th scope="col">{t("admin.object.historyFrom")}</th>
          <th scope="col">{t("admin.object.historyTo")}</th>
        </tr>
      </thead>
      <tbody>
        {Object.entries(changes).map(([name, [before, after]]) => (
          <tr key={name}>
            <th scope="row">{words.field(snake(name))}</th>
            <td>{shown(before)}</td>
            <td>{shown(after)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The log has the names that the server's own code uses. */
const snake = (name: string): string => name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
