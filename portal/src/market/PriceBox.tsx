import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { wordsFor } from "../parts/Failure.tsx";
import { Panel } from "../parts/Panel.tsx";
import css from "./market.module.css";
import { amount, money } from "./money.ts";
import type { PlanQuote, Quote } from "./types.ts";

type Props = { quote: UseQueryResult<Quote>; plan: string; billable: boolean; children?: ReactNode };

/** What it costs before anybody orders it, by the server's count, said again to those who listen whenever it changes. */
export function PriceBox({ quote, plan, billable, children }: Props) {
  const { t } = useTranslation();
  const priced = quote.data?.plans.find(one => one.uuid === plan);
  return (
    <div className={css.aside}>
      <Panel title={t("market.price")}>
        <div className={css.form}>
          {quote.error ? (
            <p role="alert" className={css.trouble}>
              {wordsFor(quote.error, t)}
            </p>
          ) : priced && quote.data ? (
            <Lines quote={priced} currency={quote.data.currency} stale={quote.isPlaceholderData} />
          ) : (
            <p className={css.text}>{t(billable ? (plan ? "market.pricing" : "market.noPlanText") : "market.free")}</p>
          )}
          {children}
        </div>
      </Panel>
    </div>
  );
}

export function Lines({ quote, currency, stale }: { quote: PlanQuote; currency: string; stale: boolean }) {
  const { t, i18n } = useTranslation();
  const shown = quote.lines.filter(line => line.price === null || Number(line.price) > 0);
  return (
    <div aria-busy={stale} className={css.priced} data-stale={stale || undefined}>
      <table className={css.lines}>
        <caption className={css.unseen}>{t("market.price")}</caption>
        <tbody>
          {shown.map(line => (
            <tr key={line.type}>
              <th scope="row">
                {line.name}
                <span className={css.small}>
                  {line.amount === null
                    ? t("market.asUsed", {
                        price: money(line.unit_price, currency, i18n.language, true),
                        unit: line.measured_unit || t("market.piece"),
                      })
                    : `${amount(line.amount, i18n.language)} ${line.measured_unit} × ${money(line.unit_price, currency, i18n.language, true)}`}
                  {(line.billing_type === "one" || line.billing_type === "few") &&
                    `, ${t(`market.billing.${line.billing_type}`)}`}
                </span>
              </th>
              <td>{line.price === null ? "–" : money(line.price, currency, i18n.language)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <output className={css.sum}>
        <strong>{money(quote.recurring, currency, i18n.language)}</strong> {t(`market.per.${quote.unit}`)}
        {quote.cost !== quote.recurring && (
          <span className={css.small}>{t("market.firstTime", { price: money(quote.cost, currency, i18n.language) })}</span>
        )}
      </output>
    </div>
  );
}
