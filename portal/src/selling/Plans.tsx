import { Button } from "@mantine/core";
import { IconCoin, IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import css from "../market/market.module.css";
import { money } from "../market/money.ts";
import { useCurrency, useMarketVerb } from "../market/queries.ts";
import type { Offering, Plan } from "../market/types.ts";
import { Confirm } from "../parts/Confirm.tsx";
import { Empty, Panel } from "../parts/Panel.tsx";
import { Tag } from "../parts/Status.tsx";
import { PlanDialog } from "./PlanDialog.tsx";

/** Prices of the components, by plan. */
export function Plans({ offering }: { offering: Offering }) {
  const { t } = useTranslation();
  const [editing, setEditing] = useState<Plan | "new">();
  const [ending, setEnding] = useState<Plan>();
  const end = useMarketVerb((plan: Plan) => api("POST", `/marketplace-plans/${plan.uuid}/archive/`, {}), {
    said: t("market.saved"),
  });
  return (
    <Panel
      title={t("selling.tab.plans")}
      actions={
        <Button size="compact-md" leftSection={<IconPlus size={16} />} onClick={() => setEditing("new")}>
          {t("selling.addPlan")}
        </Button>
      }
    >
      {offering.plans.length === 0 && (
        <Empty icon={<IconCoin size={40} stroke={1.4} />} title={t("selling.noPlans")}>
          {t(offering.billable ? "selling.noPlansText" : "market.freeText")}
        </Empty>
      )}
      <ul className={css.rows}>
        {offering.plans.map(plan => (
          <li key={plan.uuid}>
            <PlanLine offering={offering} plan={plan} />
            {plan.archived ? (
              <Tag tone="quiet">{t("market.offering.Archived")}</Tag>
            ) : (
              <div className={css.verbs}>
                <Button
                  size="compact-md"
                  variant="default"
                  aria-label={`${t("common.edit")}: ${plan.name}`}
                  onClick={() => setEditing(plan)}
                >
                  {t("common.edit")}
                </Button>
                <Button
                  size="compact-md"
                  variant="default"
                  aria-label={`${t("selling.event.archive")}: ${plan.name}`}
                  onClick={() => setEnding(plan)}
                >
                  {t("selling.event.archive")}
                </Button>
              </div>
            )}
          </li>
        ))}
      </ul>
      {editing && (
        <PlanDialog offering={offering} plan={editing === "new" ? undefined : editing} onClose={() => setEditing(undefined)} />
      )}
      <Confirm
        opened={ending !== undefined}
        title={t("selling.archiveTitle", { name: ending?.name ?? "" })}
        text={t("selling.archivePlanText")}
        action={t("selling.event.archive")}
        onClose={() => setEnding(undefined)}
        onConfirm={() => {
          if (ending) end.mutate(ending);
          setEnding(undefined);
        }}
      />
    </Panel>
  );
}

function PlanLine({ offering, plan }: { offering: Offering; plan: Plan }) {
  const { t, i18n } = useTranslation();
  const currency = useCurrency();
  const said = (value: number): string => money(value, currency, i18n.language, true);
  const prices = offering.components.flatMap(({ type, name }) => {
    const [price, next] = [plan.prices[type], plan.future_prices[type]];
    if (price === undefined) return [];
    const later = typeof next === "number" ? ` (${t("market.nextMonth", { price: said(next) })})` : "";
    return [`${name}: ${said(price)}${later}`];
  });
  return (
    <div className={css.line}>
      <strong>{plan.name}</strong> <span>{t(`market.per.${plan.unit}`)}</span>
      <span className={css.small}>{prices.join(" · ")}</span>
      <span className={css.small}>
        {[
          plan.description,
          t("selling.hasIt", { count: plan.resources_count }),
          plan.max_amount === null ? undefined : t("market.atMost", { amount: plan.max_amount }),
        ]
          .filter(Boolean)
          .join(" · ")}
      </span>
    </div>
  );
}
