import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Failure } from "../parts/Failure.tsx";
import { Meter } from "../parts/Meter.tsx";
import { Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { Bars } from "./Bars.tsx";
import css from "./graphs.module.css";
import { isLimitable } from "./limits.ts";
import { amount } from "./money.ts";
import { usagesQuery } from "./queries.ts";
import type { Component, Resource, Usage } from "./types.ts";
import { byMonth, nearness, usedInPeriod } from "./used.ts";

type Props = { resource: Resource; components: readonly Component[]; isAllocation: boolean };

/** What was used of each component, against its limit. What an allocation grants is spent by tasks, and stands in the study's budget. */
export function ResourceUse({ resource, components, isAllocation }: Props) {
  const { t, i18n } = useTranslation();
  const usages = useQuery(usagesQuery(resource.uuid));
  const counted = components.filter(isLimitable);
  if (counted.length === 0) return null;
  return (
    <Panel title={t(isAllocation ? "market.granted" : "market.use")}>
      {usages.error && <Failure error={usages.error} retry={usages.refetch} />}
      {usages.isPending && <Waiting rows={2} />}
      {usages.data &&
        counted.map(component =>
          isAllocation ? (
            <div key={component.type} className={css.counter}>
              <div className={css.counterHead}>
                <strong>{component.name}</strong>
                <span>{`${amount(resource.limits[component.type] ?? 0, i18n.language)} ${component.measured_unit}`}</span>
              </div>
            </div>
          ) : (
            <Counter key={component.type} component={component} limit={resource.limits[component.type]} usages={usages.data} />
          ),
        )}
      {!isAllocation && usages.data?.length === 0 && <p className={css.small}>{t("market.noUse")}</p>}
    </Panel>
  );
}

type CounterProps = { component: Component; limit: number | undefined; usages: readonly Usage[] };

function Counter({ component, limit, usages }: CounterProps) {
  const { t, i18n } = useTranslation();
  const { type, name, measured_unit: unit, limit_period: period } = component;
  const today = new Date().toISOString().slice(0, 10);
  const used = usedInPeriod(usages, type, period, today);
  const said = (value: number): string => amount(value, i18n.language);
  const months = byMonth(usages, type, today);
  const word = t(`market.usedIn.${period ?? "month"}`);
  return (
    <div className={css.counter}>
      <div className={css.counterHead}>
        <strong>{name}</strong>
        <span>{limit ? t("market.usedOf", { used: said(used), limit: said(limit), unit }) : `${said(used)} ${unit}`}</span>
      </div>
      {limit ? (
        <Meter done={used} total={limit} label={t("market.usedMeter", { name, word })} tone={nearness(used, limit)} />
      ) : null}
      <span className={css.small}>{word}</span>
      {months.some(month => month.amount > 0) && (
        <Bars
          months={months}
          unit={unit}
          label={t("market.byMonth", { name })}
          limit={period === null || period === "month" ? limit : undefined}
        />
      )}
    </div>
  );
}
