import { Tabs } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, get } from "../api/client.ts";
import { useLive } from "../api/live.ts";
import type { Change, Study } from "../api/types.ts";
import { Failure } from "../parts/Failure.tsx";
import { PageHead } from "../parts/Panel.tsx";
import { Tag } from "../parts/Status.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { STUDY_TABS, type StudyTab } from "../router.tsx";
import { NotFound } from "../shell/Lost.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { Drops } from "./Drops.tsx";
import { Invitations } from "./Invitations.tsx";
import { Overview } from "./Overview.tsx";
import { People } from "./People.tsx";
import { Storages } from "./Storages.tsx";
import css from "./study.module.css";

const TAB: Record<StudyTab, (props: { study: Study }) => ReactNode> = {
  drops: Drops,
  overview: Overview,
  invitations: Invitations,
  storages: Storages,
  people: People,
};

export function StudyPage() {
  const { t } = useTranslation();
  const { id } = useParams({ from: "/signed-in/studies/$id" });
  const { tab = "drops" } = useSearch({ from: "/signed-in/studies/$id" });
  const navigate = useNavigate({ from: "/studies/$id" });
  const study = useQuery({ queryKey: ["study", id], queryFn: () => get<Study>(`/v1/studies/${encodeURIComponent(id)}/`) });
  useStudyNews(id, study.isSuccess);
  usePageTitle(study.data ? `${study.data.name}: ${t(`tabs.${tab}`)}` : t("studies.title"));

  if (study.error instanceof ApiError && study.error.status === 404) return <NotFound text={t("study.unknown")} />;
  if (study.error && !study.data) return <Failure error={study.error} retry={study.refetch} />;
  if (!study.data) return <Waiting rows={6} />;
  return (
    <>
      <StudyHead study={study.data} />
      <Tabs
        value={tab}
        onChange={next => void navigate({ search: { tab: (next as StudyTab) ?? "drops" }, replace: true })}
        keepMounted={false}
      >
        <Tabs.List aria-label={t("study.parts")}>
          {STUDY_TABS.map(name => (
            <Tabs.Tab key={name} value={name}>
              {t(`tabs.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {STUDY_TABS.map(name => {
          const Part = TAB[name];
          return (
            <Tabs.Panel key={name} value={name} pt="lg">
              <Part study={study.data} />
            </Tabs.Panel>
          );
        })}
      </Tabs>
    </>
  );
}

function StudyHead({ study }: { study: Study }) {
  const { t } = useTranslation();
  return (
    <PageHead
      above={
        <>
          <Link to="/studies">{t("studies.title")}</Link> / {study.code}
        </>
      }
      title={study.name}
      lead={
        <div className={css.headTags}>
          <Tag tone={study.is_open ? "good" : "quiet"}>{t(study.is_open ? "studies.open" : "studies.closed")}</Tag>
          {study.human_subject && <Tag tone="quiet">{t("study.humanShort")}</Tag>}
          {!study.has_storage && <Tag tone="bad">{t("studies.noStorage")}</Tag>}
        </div>
      }
      actions={
        <>
          <Link to="/market/resources" search={{ project: study.project_uuid }}>
            {t("market.resources")}
          </Link>
          <Link to="/market/costs" search={{ project: study.project_uuid }}>
            {t("market.costsAndBudget")}
          </Link>
        </>
      }
    />
  );
}

const ASKED_ANEW: Record<string, readonly string[]> = {
  drop: ["drops", "study"],
  delivery: ["drops"],
  invitation: ["invitations", "study"],
  storage: ["locations", "study"],
  location: ["locations", "study"],
  member: ["contributors", "study"],
  study: ["study"],
};

/** Asks anew for what changed; a kind that is not known here, or a gap in the news, for everything of the study. */
function useStudyNews(id: string, ready: boolean): void {
  const client = useQueryClient();
  useLive(ready ? `/api/v1/events/?study=${id}` : undefined, data => {
    const all = ["drops", "study", "invitations", "locations", "contributors"];
    for (const name of ASKED_ANEW[kindOf(data)] ?? all) void client.invalidateQueries({ queryKey: [name, id] });
  });
}

function kindOf(data: string | undefined): string {
  try {
    return data ? (JSON.parse(data) as Change).kind : "";
  } catch {
    return "";
  }
}
