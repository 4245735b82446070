import { Checkbox, NumberInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { isLimitable, type Limits, mostOf } from "./limits.ts";
import css from "./market.module.css";
import { amount } from "./money.ts";
import type { Component } from "./types.ts";

type Props = {
  components: readonly Component[];
  limits: Limits;
  onChange: (limits: Limits) => void;
  errors?: Readonly<Record<string, string>>;
};

/** How much of each component. Bounds are told before they are hit; the server has the last word on them. */
export function LimitFields({ components, limits, onChange, errors = {} }: Props) {
  const { t, i18n } = useTranslation();
  const set = (type: string, value: number | undefined): void => {
    const { [type]: _, ...others } = limits;
    onChange(value === undefined ? others : { ...others, [type]: value });
  };
  return (
    <div className={css.fields}>
      {components.filter(isLimitable).map(component => {
        const { type, name, measured_unit, min_value, limit_period, description } = component;
        if (component.is_boolean)
          return (
            <Checkbox
              key={type}
              label={name}
              description={description || undefined}
              checked={limits[type] === 1}
              onChange={event => set(type, event.currentTarget.checked ? 1 : 0)}
            />
          );
        const most = mostOf(component);
        const bounds = [
          ...(min_value ? [t("market.atLeast", { amount: amount(min_value, i18n.language) })] : []),
          ...(most === null ? [] : [t("market.atMost", { amount: amount(most, i18n.language) })]),
          ...(limit_period ? [t(`market.period.${limit_period}`)] : []),
        ];
        return (
          <NumberInput
            key={type}
            label={measured_unit ? `${name} (${measured_unit})` : name}
            description={[description, bounds.join(", ")].filter(Boolean).join(" · ") || undefined}
            value={limits[type] ?? ""}
            onChange={value => set(type, value === "" ? undefined : Number(value))}
            allowDecimal={false}
            allowNegative={false}
            clampBehavior="none"
            min={0}
            error={errors[type]}
            required={component.billing_type === "limit"}
          />
        );
      })}
    </div>
  );
}
