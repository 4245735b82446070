import { Button } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import { Failure, wordsFor } from "../parts/Failure.tsx";
import { Empty, Fact, Facts, PageHead, Panel } from "../parts/Panel.tsx";
import { Tag } from "../parts/Status.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { useAnnounce } from "../shell/Announcer.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { bytes, duration, moment } from "../units.ts";
import css from "./admin.module.css";
import { healthQuery, pathOf, useForgetRows, useKinds } from "./adminQueries.ts";
import type { Health, SelfTest } from "./model.ts";

/** What an administrator looks at first: what waits for somebody, and how the server is. */
export function OverviewPage() {
  const { t } = useTranslation();
  usePageTitle(`${t("admin.overview")} · ${t("admin.title")}`);
  const { data: health, error, refetch } = useQuery(healthQuery);
  return (
    <>
      <PageHead title={t("admin.overview")} lead={<p>{t("admin.health.lead")}</p>} />
      {error && <Failure error={error} retry={refetch} />}
      {!health && !error && <Waiting rows={4} />}
      {health && (
        <>
          <Attention health={health} />
          <div className={css.halves}>
            <Numbers health={health} />
            <Tests tests={health.self_tests} />
          </div>
        </>
      )}
    </>
  );
}

function Attention({ health }: { health: Health }) {
  const { t } = useTranslation();
  const failed = health.self_tests.filter(({ ok }) => !ok).length;
  const waits = [
    { label: t("admin.health.errands"), count: health.errands.parked, kind: "errands", search: { state: "parked" } },
    { label: t("admin.health.deliveries"), count: health.parked_deliveries, kind: "deliveries", search: { state: "parked" } },
    { label: t("admin.health.mails"), count: health.parked_mails, kind: "mails", search: { state: "parked" } },
    { label: t("admin.health.locks"), count: health.locks, kind: "locks", search: { is_locked: "true" } },
    { label: t("admin.health.failedTests"), count: failed, kind: "self-tests", search: { ok: "false" } },
  ].filter(({ count }) => count > 0);
  return (
    <Panel title={t("admin.health.attention")}>
      {waits.length === 0 ? (
        <Empty icon={<IconCircleCheck size={40} stroke={1.4} />} title={t("admin.health.allWell")}>
          {t("admin.health.allWellText")}
        </Empty>
      ) : (
        <ul className={css.tiles}>
          {waits.map(({ label, count, kind, search }) => (
            <li key={kind}>
              <Link to="/api/admin/$kind/" params={{ kind }} search={search}>
                <strong>{count.toLocaleString()}</strong> {label}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Numbers({ health }: { health: Health }) {
  const { t, i18n } = useTranslation();
  const { versions, errands } = health;
  const late = errands.oldest_seconds < 1 ? t("admin.health.none") : duration(errands.oldest_seconds, t("common.hour"));
  return (
    <Panel title={t("admin.health.numbers")}>
      <Facts>
        <Fact name={t("admin.health.queue")}>
          {t("admin.health.queueText", { waiting: errands.waiting, running: errands.running })}
        </Fact>
        <Fact name={t("admin.health.lag")}>{late}</Fact>
        <Fact name={t("admin.health.free")}>{bytes(health.free_bytes, i18n.language)}</Fact>
        <Fact name={t("admin.health.database")}>
          {bytes(health.database_bytes, i18n.language)} · PostgreSQL {versions.postgres}
        </Fact>
        <Fact name={t("admin.health.bulks")}>
          <Link to="/api/admin/$kind/" params={{ kind: "bulks" }} search={{ state: "running" }}>
            {health.running_bulks}
          </Link>
        </Fact>
        <Fact name={t("admin.health.sessions")}>
          <Link to="/api/admin/$kind/" params={{ kind: "sessions" }}>
            {health.sessions}
          </Link>
        </Fact>
        <Fact name={t("admin.health.version")}>
          {versions.havre} · Node {versions.node}
        </Fact>
      </Facts>
    </Panel>
  );
}

function Tests({ tests }: { tests: readonly SelfTest[] }) {
  const { t, i18n } = useTranslation();
  const announce = useAnnounce();
  const forget = useForgetRows();
  const offered = useKinds().find(({ name }) => name === "self-tests")?.actions.length;
  const run = useMutation({
    mutationFn: (name: string) => api("POST", `${pathOf("self-tests")}actions/run/`, { ids: [name] }),
    onSuccess: async (_answer, name) => {
      announce(t("admin.health.running", { name }));
      await forget();
    },
    onError: error => announce(wordsFor(error, t), "bad"),
  });
  return (
    <Panel title={t("admin.health.tests")}>
      {tests.length === 0 && <p className={css.consequence}>{t("admin.health.never")}</p>}
      <ul className={css.lines}>
        {tests.map(({ name, ok, message, at }) => (
          <li key={name}>
            <div className={css.testHead}>
              <Link to="/api/admin/$kind/$id/" params={{ kind: "self-tests", id: name }}>
                {name}
              </Link>
              <Tag tone={ok ? "good" : "bad"}>{t(ok ? "admin.health.passed" : "admin.health.failed")}</Tag>
            </div>
            <p className={css.testText}>{message}</p>
            <div className={css.testHead}>
              <time dateTime={at}>{moment(at, i18n.language)}</time>
              {offered && (
                <Button
                  size="compact-xs"
                  variant="default"
                  aria-label={t("admin.health.runOf", { name })}
                  onClick={() => run.mutate(name)}
                >
                  {t("admin.health.run")}
                </Button>
              )}
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
