import { ActionIcon, NativeSelect } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconCoin } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../parts/Failure.tsx";
import { Empty, PageHead, Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { BudgetPanel } from "./Budget.tsx";
import costs from "./costs.module.css";
import { Invoices } from "./Invoices.tsx";
import { money, monthName } from "./money.ts";
import { addMonths, monthIn } from "./months.ts";
import { customerCostsQuery, projectCostsQuery, useCurrency } from "./queries.ts";
import { Scrolls } from "./Scrolls.tsx";
import type { Customer, Estimate, Project } from "./types.ts";

export function CostsPage() {
  const { t } = useTranslation();
  usePageTitle(t("market.costs"));
  const { month: asked, project } = useSearch({ from: "/signed-in/market/costs" });
  const { year, month } = monthIn(asked, new Date());
  const projects = useQuery(projectCostsQuery(year, month));
  const customers = useQuery(customerCostsQuery(year, month));
  const chosen = projects.data?.find(({ uuid }) => uuid === project);
  return (
    <>
      <PageHead
        title={t("market.costs")}
        lead={<p>{t("market.costsLead")}</p>}
        actions={<MonthSwitch year={year} month={month} />}
      />
      {projects.error && <Failure error={projects.error} retry={projects.refetch} />}
      {projects.isPending && <Waiting rows={4} />}
      {projects.data && <Estimates projects={projects.data} customers={customers.data ?? []} />}
      {chosen && <BudgetPanel project={chosen.uuid} name={chosen.name} />}
      <Invoices />
    </>
  );
}

/** Months go by two buttons; none lies ahead. */
function MonthSwitch({ year, month }: { year: number; month: number }) {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate({ from: "/market/costs" });
  const now = monthIn(undefined, new Date());
  const isNow = year === now.year && month === now.month;
  const go = (by: number) => void navigate({ search: before => ({ ...before, month: addMonths(year, month, by) }) });
  return (
    <div className={costs.months}>
      <ActionIcon variant="default" size={36} aria-label={t("market.monthBefore")} onClick={() => go(-1)}>
        <IconChevronLeft size={18} />
      </ActionIcon>
      <strong role="status">{monthName(year, month, i18n.language)}</strong>
      <ActionIcon variant="default" size={36} aria-label={t("market.monthAfter")} disabled={isNow} onClick={() => go(1)}>
        <IconChevronRight size={18} />
      </ActionIcon>
    </div>
  );
}

/** What each study costs, and for whoever may know it what each organisation pays for all of its studies. */
function Estimates({ projects, customers }: { projects: readonly Project[]; customers: readonly Customer[] }) {
  const { t } = useTranslation();
  const { project = "" } = useSearch({ from: "/signed-in/market/costs" });
  const navigate = useNavigate({ from: "/market/costs" });
  const costly = projects.filter(isCostly);
  const paying = customers.filter(isCostly);
  return (
    <>
      <Panel
        title={t("market.byStudy")}
        actions={
          projects.length > 0 && (
            <NativeSelect
              aria-label={t("market.budgetFor")}
              value={project}
              onChange={event => {
                const next = event.currentTarget.value;
                void navigate({ search: ({ project: _, ...rest }) => ({ ...rest, ...(next ? { project: next } : {}) }) });
              }}
              data={[{ value: "", label: t("market.budgetFor") }, ...projects.map(one => ({ value: one.uuid, label: one.name }))]}
            />
          )
        }
      >
        {costly.length === 0 ? (
          <Empty icon={<IconCoin size={40} stroke={1.4} />} title={t("market.noCosts")}>
            {t("market.noCostsText")} <Link to="/market/">{t("market.catalogue")}</Link>
          </Empty>
        ) : (
          <Table
            label={t("market.study")}
            rows={costly.map(one => ({
              ...one,
              shown: (
                <Link to="/market/resources" search={{ project: one.uuid }}>
                  {one.name}
                </Link>
              ),
              beside: one.customer_name,
            }))}
          />
        )}
      </Panel>
      {paying.length > 0 && (
        <Panel title={t("market.byOrganisation")}>
          <Table label={t("market.pays")} rows={paying.map(one => ({ ...one, shown: one.name, beside: undefined }))} />
        </Panel>
      )}
    </>
  );
}

const isCostly = ({ billing_price_estimate: estimate }: { billing_price_estimate?: Estimate }): boolean =>
  (estimate?.total ?? 0) > 0;

type Row = { uuid: string; shown: ReactNode; beside: string | undefined; billing_price_estimate?: Estimate };

function Table({ label, rows }: { label: string; rows: readonly Row[] }) {
  const { t, i18n } = useTranslation();
  const currency = useCurrency();
  const said = (value: number | undefined): string => money(value ?? 0, currency, i18n.language);
  const besides = rows.some(({ beside }) => beside !== undefined);
  return (
    <Scrolls label={label}>
      <table className={costs.table}>
        <thead>
          <tr>
            <th scope="col">{label}</th>
            {besides && <th scope="col">{t("market.pays")}</th>}
            <th scope="col">{t("market.soFar")}</th>
            <th scope="col">{t("market.expected")}</th>
            <th scope="col">{t("market.tax")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ uuid, shown, beside, billing_price_estimate: estimate }) => (
            <tr key={uuid}>
              <th scope="row">{shown}</th>
              {besides && <td>{beside}</td>}
              <td>{said(estimate?.current)}</td>
              <td>{said(estimate?.total)}</td>
              <td>{said(estimate?.tax)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  );
}
