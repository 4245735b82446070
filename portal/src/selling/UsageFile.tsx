import { Button, FileButton } from "@mantine/core";
import { IconDownload, IconUpload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import { isLimitable } from "../market/limits.ts";
import css from "../market/market.module.css";
import { useMarketVerb } from "../market/queries.ts";
import type { Offering, Resource } from "../market/types.ts";
import { wordsFor } from "../parts/Failure.tsx";
import { Meter } from "../parts/Meter.tsx";
import { Panel } from "../parts/Panel.tsx";
import { ownComponentsQuery } from "./queries.ts";
import { COLUMNS, type Report, readReport, reportsOf } from "./report.ts";

const MOST_EXAMPLES = 50;

type Result = { report: Report; error: unknown };

/** A file of reports: looked through before anything is sent, and told report by report how it went. */
export function UsageFile({ served }: { served: readonly Resource[] }) {
  const { t } = useTranslation();
  const offerings = useQuery(ownComponentsQuery).data ?? [];
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const [results, setResults] = useState<readonly Result[]>([]);
  const { lines, problems } = readReport(text, served);
  const reports = reportsOf(lines);
  const nameOf = (uuid: string): string => served.find(one => one.uuid === uuid)?.name || uuid.slice(0, 8);
  const send = useMarketVerb(async (wanted: readonly Report[]) => {
    const done: Result[] = [];
    for (const report of wanted) {
      const { date, ...rest } = report;
      const error = await api("POST", "/marketplace-component-usages/set_usage/", { ...rest, ...(date ? { date } : {}) }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      done.push({ report, error });
      setResults([...done]);
    }
    return done;
  });
  const take = async (file: File | null): Promise<void> => {
    if (!file) return;
    setName(file.name);
    setResults([]);
    setText(await file.text());
  };
  const failed = results.filter(({ error }) => error !== undefined);
  const isOver = results.length > 0 && !send.isPending;
  return (
    <Panel
      title={t("selling.asFile")}
      actions={
        <Button
          size="compact-md"
          variant="default"
          leftSection={<IconDownload size={16} />}
          renderRoot={props => <a href={exampleOf(served, offerings)} download="usage.csv" {...props} />}
        >
          {t("selling.example")}
        </Button>
      }
    >
      <div className={css.form}>
        <p className={css.text}>{t("selling.fileHelp", { columns: COLUMNS.join(", ") })}</p>
        <div className={css.verbs}>
          <FileButton onChange={file => void take(file)} accept=".csv,text/csv">
            {props => (
              <Button variant="default" leftSection={<IconUpload size={17} />} {...props}>
                {t("selling.chooseFile")}
              </Button>
            )}
          </FileButton>
          {reports.length > 0 && problems.length === 0 && results.length === 0 && (
            <Button loading={send.isPending} onClick={() => send.mutate(reports)}>
              {t("selling.sendReports", { count: reports.length })}
            </Button>
          )}
          {isOver && failed.length > 0 && (
            <Button variant="default" onClick={() => send.mutate(failed.map(({ report }) => report))}>
              {t("selling.sendFailed")}
            </Button>
          )}
        </div>
        {text !== "" && (
          <p role="status" className={css.text}>
            {isOver
              ? t("selling.sent", { done: results.length - failed.length, failed: failed.length })
              : t("selling.read", { name, lines: lines.length, problems: problems.length })}
          </p>
        )}
        {send.isPending && <Meter done={results.length} total={send.variables.length} label={t("selling.asFile")} />}
        {problems.length > 0 && (
          <ul className={css.rows} aria-label={t("selling.problems")}>
            {problems.slice(0, 50).map(({ line, what, value }) => (
              <li key={`${line} ${what}`} className={css.trouble}>
                {t("selling.atLine", { line, what: t(`selling.problem.${what}`, { value }) })}
              </li>
            ))}
          </ul>
        )}
        {failed.length > 0 && (
          <ul className={css.rows} aria-label={t("selling.refused")}>
            {failed.map(({ report, error }) => (
              <li key={`${report.resource} ${report.date}`} className={css.trouble}>
                {`${nameOf(report.resource)}: ${wordsFor(error, t)}`}
              </li>
            ))}
          </ul>
        )}
      </div>
    </Panel>
  );
}

/** A file to begin with, of what there is. */
function exampleOf(served: readonly Resource[], offerings: readonly Pick<Offering, "uuid" | "components">[]): string {
  const rows = served
    .slice(0, MOST_EXAMPLES)
    .flatMap(({ uuid, offering_uuid: offering }) =>
      (offerings.find(one => one.uuid === offering)?.components ?? [])
        .filter(isLimitable)
        .map(({ type }) => [uuid, type, "0.00", ""].join(",")),
    );
  return `data:text/csv;charset=utf-8,${encodeURIComponent([COLUMNS.join(","), ...rows].join("\r\n"))}`;
}
