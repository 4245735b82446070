import { Button, Group, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Copyable } from "../parts/Copy.tsx";
import { Failure } from "../parts/Failure.tsx";
import { Meter } from "../parts/Meter.tsx";
import type { Target } from "./ActionDialog.tsx";
import css from "./admin.module.css";
import { rowQuery } from "./adminQueries.ts";
import type { Action, Acted as Answer, Id, Kind, Outcome, Row } from "./model.ts";
import { useAdminWords } from "./words.ts";

type Props = { kind: Kind; action: Action; target: Target; answer: Answer; onClose: () => void };

/** What became of an act: done, refused for some, or under way in the background. */
export function Acted({ kind, action, target, answer, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Stack>
      <div role="status">
        {"results" in answer ? (
          <Results kind={kind} action={action} target={target} results={answer.results} />
        ) : (
          <Progress id={answer.bulk} total={answer.total} />
        )}
      </div>
      <Group justify="flex-end">
        <Button onClick={onClose} data-autofocus>
          {t("common.close")}
        </Button>
      </Group>
    </Stack>
  );
}

type ResultProps = Pick<Props, "kind" | "action" | "target"> & { results: readonly Outcome[] };

function Results({ kind, action, target, results }: ResultProps) {
  const { t } = useTranslation();
  const words = useAdminWords();
  const rows: readonly Row[] = "rows" in target ? target.rows : [];
  const titleOf = (id: Id): string => rows.find(row => String(row.id) === String(id))?.title || String(id);
  const refused = results.filter(({ outcome }) => outcome === "refused");
  const [only] = results;
  if (only && results.length === 1)
    return (
      <>
        <p className={css.consequence}>{only.message || t("admin.act.done", { what: words.action(kind.name, action.name) })}</p>
        {only.shows && <Shown values={only.shows} title={titleOf(only.id)} />}
      </>
    );
  return (
    <>
      <p className={css.consequence}>{t("admin.act.doneCount", { count: results.length - refused.length })}</p>
      {refused.length > 0 && (
        <>
          <p className={css.consequence}>{t("admin.act.refused", { count: refused.length })}</p>
          <ul className={css.titles}>
            {refused.map(({ id, message }) => (
              <li key={id}>
                <strong>{titleOf(id)}</strong>: {message}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function Shown({ values, title }: { values: Readonly<Record<string, string>>; title: string }) {
  const { t } = useTranslation();
  const words = useAdminWords();
  return (
    <>
      <p className={css.consequence}>{t("admin.act.secret")}</p>
      <dl className={css.shown}>
        {Object.entries(values).map(([name, value]) => (
          <div key={name}>
            <dt>{words.field(name)}</dt>
            <dd>
              <Copyable value={value} what={t("admin.object.valueOf", { name: words.field(name), title })} />
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** How far an act in the background is; asked for until it ends. */
export function Progress({ id, total, inside = false }: { id: Id; total: number; inside?: boolean }) {
  const { t } = useTranslation();
  const { data: act, error } = useQuery(rowQuery("bulks", id));
  const refused = Number(act?.refused ?? 0);
  const done = Number(act?.done ?? 0);
  const state = String(act?.state ?? "running");
  const tone = state === "running" ? "busy" : state === "done" && refused === 0 ? "good" : "bad";
  return (
    <div className={css.progress}>
      {error && <Failure error={error} />}
      <p className={css.consequence}>{t("admin.act.progress", { done: done + refused, total })}</p>
      <Meter done={done + refused} total={total} tone={tone} label={t("admin.act.bulk", { id })} />
      <p className={css.consequence}>
        {state === "running" && t("admin.act.progressLead")}
        {state === "done" && t("admin.act.doneCount", { count: done })}
        {state === "stopped" && t("admin.act.stopped")}{" "}
        {refused > 0 && state !== "running" && t("admin.act.refused", { count: refused })}
      </p>
      {!inside && (
        <Link to="/api/admin/$kind/$id/" params={{ kind: "bulks", id: String(id) }}>
          {t("admin.act.open")}
        </Link>
      )}
    </div>
  );
}
