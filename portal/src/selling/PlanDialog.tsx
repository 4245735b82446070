import { NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, fieldsOf } from "../api/client.ts";
import css from "../market/market.module.css";
import { useMarketVerb } from "../market/queries.ts";
import type { Offering, Plan, PlanUnit } from "../market/types.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { SaveForm } from "../parts/SaveForm.tsx";

const UNITS: readonly PlanUnit[] = ["month", "half_month", "quarter", "day", "hour", "quantity"];
type Texts = Readonly<Record<string, string>>;

/** What somebody typed as numbers: with a point or a comma; what is empty is left out. */
const numbersIn = (texts: Texts): Record<string, string> =>
  Object.fromEntries(
    Object.entries(texts).flatMap(([key, text]) => (text.trim() === "" ? [] : [[key, text.trim().replace(",", ".")]])),
  );

type Props = { offering: Offering; plan: Plan | undefined; onClose: () => void };

/** A plan with its prices; of a plan that somebody has, new prices wait for the next month. */
export function PlanDialog({ offering, plan, onClose }: Props) {
  const { t } = useTranslation();
  const textsOf = (values: Readonly<Record<string, number>> | undefined): Texts =>
    Object.fromEntries(offering.components.map(({ type }) => [type, values?.[type]?.toString() ?? ""]));
  const [name, setName] = useState(plan?.name ?? "");
  const [description, setDescription] = useState(plan?.description ?? "");
  const [unit, setUnit] = useState<PlanUnit>(plan?.unit ?? "month");
  const [most, setMost] = useState(plan?.max_amount?.toString() ?? "");
  const [prices, setPrices] = useState(() => textsOf(plan?.prices));
  const [quotas, setQuotas] = useState(() => textsOf(plan?.quotas));
  const fixed = offering.components.filter(({ billing_type }) => billing_type === "fixed");
  const save = useMarketVerb(
    async () => {
      const own = { name: name.trim(), description: description.trim(), unit, max_amount: most.trim() ? most.trim() : null };
      const quotasOut = numbersIn(Object.fromEntries(fixed.map(({ type }) => [type, quotas[type] ?? ""])));
      if (!plan)
        return api("POST", "/marketplace-plans/", {
          ...own,
          offering: offering.url,
          prices: numbersIn(prices),
          quotas: numbersOf(quotasOut),
        });
      await api("PATCH", `/marketplace-plans/${plan.uuid}/`, own);
      await api("POST", `/marketplace-plans/${plan.uuid}/update_prices/`, { prices: numbersIn(prices) });
      if (fixed.length > 0) await api("POST", `/marketplace-plans/${plan.uuid}/update_quotas/`, { quotas: numbersOf(quotasOut) });
    },
    { said: t("market.saved"), quiet: true, onDone: onClose },
  );
  const errors = fieldsOf(save.error);
  return (
    <Dialog opened onClose={onClose} title={plan ? plan.name : t("selling.addPlan")} size="lg">
      <SaveForm
        save={save}
        onSave={() => save.mutate(undefined)}
        onCancel={onClose}
        beside={["name", "description", "unit", "max_amount"]}
      >
        <TextInput
          label={t("selling.name")}
          value={name}
          onChange={event => setName(event.currentTarget.value)}
          error={errors.name}
          maxLength={150}
          required
        />
        <TextInput
          label={t("market.description")}
          value={description}
          onChange={event => setDescription(event.currentTarget.value)}
          error={errors.description}
          maxLength={2000}
        />
        <div className={css.pair}>
          <NativeSelect
            label={t("selling.planUnit")}
            value={unit}
            onChange={event => setUnit(UNITS.find(one => one === event.currentTarget.value) ?? "month")}
            error={errors.unit}
            data={UNITS.map(one => ({ value: one, label: t(`market.per.${one}`) }))}
          />
          <TextInput
            label={t("selling.most")}
            inputMode="numeric"
            value={most}
            onChange={event => setMost(event.currentTarget.value)}
            error={errors.max_amount}
          />
        </div>
        {offering.components.length === 0 && <p className={css.text}>{t("selling.componentsFirst")}</p>}
        <div className={css.pair}>
          {offering.components.map(component => (
            <TextInput
              key={component.type}
              label={t("selling.priceOf", { name: component.name })}
              description={component.measured_unit ? t("selling.perUnit", { unit: component.measured_unit }) : undefined}
              inputMode="decimal"
              value={prices[component.type] ?? ""}
              onChange={event => setPrices({ ...prices, [component.type]: event.currentTarget.value })}
            />
          ))}
          {fixed.map(component => (
            <TextInput
              key={`quota ${component.type}`}
              label={t("selling.quotaOf", { name: component.name })}
              inputMode="numeric"
              value={quotas[component.type] ?? ""}
              onChange={event => setQuotas({ ...quotas, [component.type]: event.currentTarget.value })}
            />
          ))}
        </div>
        {plan && plan.resources_count > 0 && <p className={css.quiet}>{t("selling.pricesWait")}</p>}
      </SaveForm>
    </Dialog>
  );
}

/** Amounts are numbers on the wire; what is none is sent as it was typed, for the server to refuse. */
const numbersOf = (texts: Texts): Record<string, number | string> =>
  Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Number.isFinite(Number(text)) ? Number(text) : text]));
