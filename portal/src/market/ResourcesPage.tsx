import { NativeSelect, Switch } from "@mantine/core";
import { IconPackage } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import cards from "../parts/cards.module.css";
import { Failure } from "../parts/Failure.tsx";
import { Pager } from "../parts/Pager.tsx";
import { Empty, PageHead, Panel } from "../parts/Panel.tsx";
import { Tag } from "../parts/Status.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { day } from "../units.ts";
import css from "./market.module.css";
import { money } from "./money.ts";
import { projectsQuery, resourcesQuery, useCurrency } from "./queries.ts";
import { toneOfResource } from "./states.ts";
import type { Resource } from "./types.ts";

const PAGE_SIZE = 12;

export function ResourcesPage() {
  const { t } = useTranslation();
  usePageTitle(t("market.resources"));
  const { page = 1, project, ended } = useSearch({ from: "/signed-in/market/resources" });
  const navigate = useNavigate({ from: "/market/resources" });
  const projects = useQuery(projectsQuery);
  const resources = useQuery(resourcesQuery({ side: "consumer", project, ended: ended === "1" }, page, PAGE_SIZE));
  return (
    <>
      <PageHead title={t("market.resources")} lead={<p>{t("market.resourcesLead")}</p>} />
      <div className={css.tools}>
        <NativeSelect
          label={t("market.study")}
          value={project ?? ""}
          onChange={event => {
            const chosen = event.currentTarget.value;
            void navigate({ search: { ...(chosen ? { project: chosen } : {}), ...(ended ? { ended } : {}) } });
          }}
          data={[
            { value: "", label: t("market.allStudies") },
            ...(projects.data ?? []).map(one => ({ value: one.uuid, label: one.name })),
          ]}
        />
        <Switch
          label={t("market.endedOnes")}
          checked={ended === "1"}
          onChange={event => {
            const on = event.currentTarget.checked;
            void navigate({ search: { ...(project ? { project } : {}), ...(on ? { ended: "1" } : {}) } });
          }}
        />
      </div>
      {resources.error && <Failure error={resources.error} retry={resources.refetch} />}
      {resources.isPending && <Waiting rows={4} />}
      {resources.data?.count === 0 && (
        <Panel>
          <Empty icon={<IconPackage size={40} stroke={1.4} />} title={t("market.noResources")}>
            {t("market.noResourcesText")} <Link to="/market/">{t("market.catalogue")}</Link>
          </Empty>
        </Panel>
      )}
      <ul className={`${cards.cards} ${css.cards}`}>
        {(resources.data?.rows ?? []).map(resource => (
          <Card key={resource.uuid} resource={resource} />
        ))}
      </ul>
      <Pager
        page={page}
        count={resources.data?.count ?? 0}
        pageSize={PAGE_SIZE}
        onPage={next => void navigate({ search: before => ({ ...before, page: next }) })}
        what={t("market.resources")}
      />
    </>
  );
}

function Card({ resource }: { resource: Resource }) {
  const { t, i18n } = useTranslation();
  const currency = useCurrency();
  return (
    <li className={`${cards.card} ${css.card}`}>
      <div className={cards.cardTop}>
        <span className={css.quiet}>{resource.project_name}</span>
        <Tag tone={toneOfResource(resource.state)}>{t(`market.resource_.${resource.state}`)}</Tag>
      </div>
      <h2>
        <Link to="/market/resources/$uuid" params={{ uuid: resource.uuid }}>
          {resource.name || t("market.unnamed")}
        </Link>
      </h2>
      <p className={css.quiet}>
        {resource.offering_name} · {resource.provider_name}
      </p>
      {resource.error_message && <p className={css.trouble}>{resource.error_message}</p>}
      <p className={css.numbers}>
        {resource.cost !== null && resource.plan_unit
          ? `${money(resource.cost, currency, i18n.language)} ${t(`market.per.${resource.plan_unit}`)}`
          : t("market.free")}
        {resource.end_date && ` · ${t("market.until", { day: day(resource.end_date, i18n.language) })}`}
      </p>
    </li>
  );
}
