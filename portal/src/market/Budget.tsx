import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client.ts";
import { Failure } from "../parts/Failure.tsx";
import { Meter } from "../parts/Meter.tsx";
import { Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { day } from "../units.ts";
import { Bars } from "./Bars.tsx";
import { monthsOf, saidOf } from "./budget.ts";
import css from "./graphs.module.css";
import { amount, money } from "./money.ts";
import { budgetQuery } from "./queries.ts";
import type { Budget } from "./types.ts";

/** What a study may still use, what is set aside for work that runs, and what was used. */
export function BudgetPanel({ project, name }: { project: string; name: string }) {
  const { t } = useTranslation();
  const budget = useQuery(budgetQuery(project));
  const data = budget.data;
  // A provider sees what it provides, and not the books of the study that has it.
  if (budget.error instanceof ApiError && budget.error.status === 404) return null;
  return (
    <Panel title={t("market.budgetOf", { name })}>
      {budget.error && <Failure error={budget.error} retry={budget.refetch} />}
      {budget.isPending && <Waiting rows={2} />}
      {data?.budget.length === 0 && <p className={css.small}>{t("market.noBudget")}</p>}
      {data?.budget.map(unit => (
        <UnitLine key={unit.unit} unit={unit} budget={data} />
      ))}
      {data && data.running.length > 0 && <Running budget={data} />}
      {data && data.holds.length > 0 && <Holds budget={data} />}
    </Panel>
  );
}

function UnitLine({ unit, budget }: { unit: Budget["budget"][number]; budget: Budget }) {
  const { t, i18n } = useTranslation();
  const said = (value: number): string => `${saidOf(unit.unit, value, budget.currency, i18n.language)}`;
  const name = t(`market.unit.${unit.unit}`);
  const used = unit.granted - unit.available;
  const months = monthsOf(budget, unit.unit);
  return (
    <div className={css.counter}>
      <div className={css.counterHead}>
        <strong>{name}</strong>
        <span>
          {unit.limited
            ? t("market.leftOf", { left: said(unit.available), granted: said(unit.granted) })
            : t("market.usedUnlimited", { used: said(unit.spent) })}
        </span>
      </div>
      {unit.limited && (
        <Meter
          done={Math.max(0, used)}
          total={unit.granted}
          label={t("market.usedMeter", { name, word: "" })}
          tone={unit.available <= 0 ? "bad" : "busy"}
        />
      )}
      <span className={css.small}>
        {t("market.heldAndSpent", { held: said(unit.held), spent: said(unit.spent) })}
        {unit.spent_per_day > 0 && ` ${t("market.spentPerDay", { amount: said(unit.spent_per_day) })}`}
        {unit.exhausted_at && ` ${t("market.exhausted", { day: day(unit.exhausted_at, i18n.language) })}`}
      </span>
      {months.length > 1 && (
        <Bars
          months={months}
          unit=""
          label={t("market.byMonth", { name })}
          show={value => (unit.unit === "money" ? said(value * 100) : amount(value, i18n.language))}
        />
      )}
    </div>
  );
}

/** Where work has a price, what it costs by now. */
function Running({ budget }: { budget: Budget }) {
  const { t, i18n } = useTranslation();
  const shown = (cents: number): string => money(cents / 100, budget.currency, i18n.language);
  const together = budget.running.reduce((sum, { cents }) => sum + cents, 0);
  return (
    <details>
      <summary>{t("market.running", { count: budget.running.length, cost: shown(together) })}</summary>
      <ul>
        {budget.running.map(one => (
          <li
            key={`${one.task} ${one.since}`}
          >{`${one.name || one.task}: ${shown(one.cents)}, ${day(one.since, i18n.language)}`}</li>
        ))}
      </ul>
    </details>
  );
}

function Holds({ budget }: { budget: Budget }) {
  const { t, i18n } = useTranslation();
  return (
    <details>
      <summary>{t("market.holds", { count: budget.holds.length })}</summary>
      <ul>
        {budget.holds.map(hold => (
          <li key={hold.key}>{`${hold.subject}, ${day(hold.since, i18n.language)}`}</li>
        ))}
      </ul>
    </details>
  );
}
