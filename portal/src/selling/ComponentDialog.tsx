import { Checkbox, NativeSelect, TextInput } from "@mantine/core";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, fieldsOf } from "../api/client.ts";
import css from "../market/market.module.css";
import { useMarketVerb } from "../market/queries.ts";
import type { BillingType, Component, LimitPeriod, Offering } from "../market/types.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { SaveForm } from "../parts/SaveForm.tsx";

const BILLING: readonly BillingType[] = ["limit", "usage", "fixed", "one", "few"];
const PERIODS: readonly LimitPeriod[] = ["month", "quarterly", "annual", "total"];
/** Whole numbers; empty: there is none. */
const NUMBERS = ["min_value", "max_value", "default_limit", "max_available_limit", "limit_amount", "factor"] as const;
/** What Havre makes by itself is made of these: proposed where the type is typed, and the server's to refuse. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  "Havre.Allocation": [
    "cpu_hours",
    "cpu_k_hours",
    "gpu_hours",
    "gpu_k_hours",
    "gb_hours",
    "gb_k_hours",
    "memory_gb_hours",
    "tasks",
    "budget",
  ],
  "Havre.Machine": ["memory_gb", "storage_gb", "gpus"],
  "Havre.Storage": ["storage_gb"],
};

type Props = { offering: Offering; component: Component | undefined; onClose: () => void };

export function ComponentDialog({ offering, component, onClose }: Props) {
  const { t } = useTranslation();
  const list = useId();
  const [type, setType] = useState(component?.type ?? "");
  const [name, setName] = useState(component?.name ?? "");
  const [unit, setUnit] = useState(component?.measured_unit ?? "");
  const [description, setDescription] = useState(component?.description ?? "");
  const [billing, setBilling] = useState<BillingType>(component?.billing_type ?? "limit");
  const [period, setPeriod] = useState<LimitPeriod | "">(component?.limit_period ?? "");
  const [isBoolean, setBoolean] = useState(component?.is_boolean ?? false);
  const [numbers, setNumbers] = useState(
    () =>
      Object.fromEntries(NUMBERS.map(key => [key, component?.[key]?.toString() ?? ""])) as Record<
        (typeof NUMBERS)[number],
        string
      >,
  );
  const limitable = billing === "limit" || billing === "usage";
  const save = useMarketVerb(
    () =>
      api("POST", `/marketplace-provider-offerings/${offering.uuid}/${component ? "update" : "create"}_offering_component/`, {
        ...(component ? { uuid: component.uuid } : {}),
        type: type.trim(),
        name: name.trim(),
        measured_unit: unit.trim(),
        description: description.trim(),
        billing_type: billing,
        limit_period: limitable && period ? period : null,
        is_boolean: limitable && isBoolean,
        ...Object.fromEntries(NUMBERS.map(key => [key, limitable && numbers[key].trim() ? numbers[key].trim() : null])),
      }),
    { said: t("market.saved"), quiet: true, onDone: onClose },
  );
  const errors = fieldsOf(save.error);
  return (
    <Dialog opened onClose={onClose} title={component ? component.name : t("selling.addComponent")} size="lg">
      <SaveForm
        save={save}
        onSave={() => save.mutate(undefined)}
        onCancel={onClose}
        beside={["type", "name", "measured_unit", "description", ...NUMBERS]}
      >
        <div className={css.pair}>
          <TextInput
            label={t("selling.name")}
            value={name}
            onChange={event => setName(event.currentTarget.value)}
            error={errors.name}
            maxLength={150}
            required
          />
          <TextInput
            label={t("selling.componentType")}
            description={t("selling.componentTypeHelp")}
            value={type}
            onChange={event => setType(event.currentTarget.value)}
            error={errors.type}
            maxLength={50}
            list={KNOWN[offering.type] ? list : undefined}
            autoCapitalize="none"
            spellCheck={false}
            required
          />
          <datalist id={list}>
            {(KNOWN[offering.type] ?? []).map(known => (
              <option key={known} value={known} />
            ))}
          </datalist>
        </div>
        <div className={css.pair}>
          <TextInput
            label={t("selling.unit")}
            value={unit}
            onChange={event => setUnit(event.currentTarget.value)}
            error={errors.measured_unit}
            maxLength={30}
          />
          <NativeSelect
            label={t("selling.billing")}
            value={billing}
            onChange={event => setBilling(BILLING.find(one => one === event.currentTarget.value) ?? "limit")}
            data={BILLING.map(one => ({ value: one, label: t(`market.billing.${one}`) }))}
          />
        </div>
        <TextInput
          label={t("market.description")}
          value={description}
          onChange={event => setDescription(event.currentTarget.value)}
          error={errors.description}
          maxLength={500}
        />
        {limitable && (
          <>
            <div className={css.pair}>
              <NativeSelect
                label={t("selling.period")}
                value={period}
                onChange={event => setPeriod(PERIODS.find(one => one === event.currentTarget.value) ?? "")}
                data={[
                  { value: "", label: t("selling.noPeriod") },
                  ...PERIODS.map(one => ({ value: one, label: t(`market.period.${one}`) })),
                ]}
              />
              {NUMBERS.map(key => (
                <TextInput
                  key={key}
                  label={t(`selling.number.${key}`)}
                  inputMode="numeric"
                  value={numbers[key]}
                  onChange={event => setNumbers({ ...numbers, [key]: event.currentTarget.value })}
                  error={errors[key]}
                />
              ))}
            </div>
            <Checkbox
              label={t("selling.isBoolean")}
              checked={isBoolean}
              onChange={event => setBoolean(event.currentTarget.checked)}
            />
          </>
        )}
      </SaveForm>
    </Dialog>
  );
}
