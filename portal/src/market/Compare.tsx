import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client.ts";
import { wordsFor } from "../parts/Failure.tsx";
import { Empty, Panel } from "../parts/Panel.tsx";
import { LimitFields } from "./LimitFields.tsx";
import { firstLimits, isLimitable } from "./limits.ts";
import css from "./market.module.css";
import { amount, money } from "./money.ts";
import { quoteQuery, useCurrency } from "./queries.ts";
import { Scrolls } from "./Scrolls.tsx";
import type { Offering, Plan, PlanQuote } from "./types.ts";

const ASK_AFTER_MS = 250;

/** The plans side by side, each with its price for the same amounts. */
export function Compare({ offering }: { offering: Offering }) {
  const { t } = useTranslation();
  const [limits, setLimits] = useState(() => firstLimits(offering.components));
  const [settled] = useDebouncedValue(limits, ASK_AFTER_MS);
  const quote = useQuery(quoteQuery({ offering: offering.uuid }, settled));
  const plans = offering.plans.filter(plan => !plan.archived);
  if (plans.length === 0)
    return (
      <Panel title={t("market.plans")}>
        <Empty icon={undefined} title={t(offering.billable ? "market.noPlan" : "market.free")}>
          {t(offering.billable ? "market.noPlanText" : "market.freeText")}
        </Empty>
      </Panel>
    );
  return (
    <Panel title={t("market.plans")}>
      {offering.components.some(isLimitable) && (
        <fieldset className={css.group}>
          <legend>{t("market.compareWith")}</legend>
          <LimitFields components={offering.components} limits={limits} onChange={setLimits} />
        </fieldset>
      )}
      {quote.error && (
        <p role="alert" className={css.trouble}>
          {wordsFor(quote.error, t)}
        </p>
      )}
      <Scrolls label={t("market.plans")}>
        <table className={css.compare}>
          <thead>
            <tr>
              <th scope="col">{t("market.component")}</th>
              {plans.map(plan => (
                <th key={plan.uuid} scope="col">
                  {plan.name}
                  {plan.description && <span className={css.small}>{plan.description}</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {offering.components.map(component => (
              <tr key={component.uuid}>
                <th scope="row">
                  {component.name}
                  <span className={css.small}>{t(`market.billing.${component.billing_type}`)}</span>
                </th>
                {plans.map(plan => (
                  <td key={plan.uuid}>
                    <PriceOf
                      plan={plan}
                      type={component.type}
                      unit={component.measured_unit}
                      fixed={component.billing_type === "fixed"}
                    />
                  </td>
                ))}
              </tr>
            ))}
            <tr className={css.total}>
              <th scope="row">{t("market.together")}</th>
              {plans.map(plan => (
                <td key={plan.uuid}>
                  <Together
                    quote={quote.error instanceof ApiError ? undefined : quote.data?.plans.find(one => one.uuid === plan.uuid)}
                  />
                </td>
              ))}
            </tr>
            {offering.state === "Active" && (
              <tr>
                <th scope="row">
                  <span className={css.unseen}>{t("market.order")}</span>
                </th>
                {plans.map(plan => (
                  <td key={plan.uuid}>
                    {plan.is_active ? (
                      <Link to="/market/offerings/$uuid/order" params={{ uuid: offering.uuid }} search={{ plan: plan.uuid }}>
                        {t("market.orderPlan", { plan: plan.name })}
                      </Link>
                    ) : (
                      t("market.full")
                    )}
                  </td>
                ))}
              </tr>
            )}
          </tbody>
        </table>
      </Scrolls>
    </Panel>
  );
}

type PriceOfProps = { plan: Plan; type: string; unit: string; fixed: boolean };

function PriceOf({ plan, type, unit, fixed }: PriceOfProps) {
  const { t, i18n } = useTranslation();
  const currency = useCurrency();
  const price = plan.prices[type];
  const quota = plan.quotas[type] ?? 0;
  const next = plan.future_prices[type];
  if (price === undefined) return t("market.notIn");
  return (
    <>
      {price === 0
        ? t("market.included")
        : t("market.each", { price: money(price, currency, i18n.language, true), what: unit || t("market.piece") })}
      {fixed && quota > 0 && (
        <span className={css.small}>{t("market.quota", { amount: amount(quota, i18n.language), unit })}</span>
      )}
      {typeof next === "number" && (
        <span className={css.small}>{t("market.nextMonth", { price: money(next, currency, i18n.language, true) })}</span>
      )}
    </>
  );
}

function Together({ quote }: { quote: PlanQuote | undefined }) {
  const { t, i18n } = useTranslation();
  const currency = useCurrency();
  if (!quote) return "–";
  return (
    <>
      <strong>{money(quote.recurring, currency, i18n.language)}</strong> {t(`market.per.${quote.unit}`)}
      {quote.cost !== quote.recurring && (
        <span className={css.small}>{t("market.firstTime", { price: money(quote.cost, currency, i18n.language) })}</span>
      )}
    </>
  );
}
