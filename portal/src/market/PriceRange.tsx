import { Button, NumberInput } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import css from "./market.module.css";
import { money } from "./money.ts";
import { useCurrency } from "./queries.ts";
import type { Facet } from "./types.ts";

/** Between which amounts the cheapest plan of an offering is. @param found how many have a price under all other choices, and between which */
export function PriceRange({ found }: { found: Facet | undefined }) {
  const { t, i18n } = useTranslation();
  const currency = useCurrency();
  const { priceMin, priceMax } = useSearch({ from: "/signed-in/market/" });
  const navigate = useNavigate({ from: "/market/" });
  const [min, setMin] = useState<number | string>(priceMin ?? "");
  const [max, setMax] = useState<number | string>(priceMax ?? "");
  const isChosen = priceMin !== undefined || priceMax !== undefined;
  if (!found && !isChosen) return null;
  const [lowest = "", highest = ""] = found?.value.split("..") ?? [];
  const isTurned = min !== "" && max !== "" && Number(min) > Number(max);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isTurned) return;
    void navigate({
      search: ({ priceMin: _min, priceMax: _max, page: _page, ...others }) => ({
        ...others,
        ...(min === "" ? {} : { priceMin: String(min) }),
        ...(max === "" ? {} : { priceMax: String(max) }),
      }),
      resetScroll: false,
    });
  };
  const bound = (value: number | string, onChange: (value: number | string) => void, label: string, placeholder: string) => (
    <NumberInput
      label={label}
      placeholder={placeholder}
      value={value}
      onChange={onChange}
      min={0}
      max={1e12}
      decimalScale={10}
      allowNegative={false}
      hideControls
      size="sm"
    />
  );
  return (
    <form onSubmit={submit} className={css.range} aria-label={t("market.priceRange")}>
      <p className={css.small}>
        {found
          ? t("market.priceRangeText", {
              lowest: money(lowest, currency, i18n.language, true),
              highest: money(highest, currency, i18n.language, true),
            })
          : t("market.priceRangeNone")}
      </p>
      <div className={css.bounds}>
        {bound(min, setMin, t("market.priceMin"), lowest)}
        {bound(max, setMax, t("market.priceMax"), highest)}
      </div>
      {isTurned && (
        <p className={css.trouble} role="alert">
          {t("market.priceTurned")}
        </p>
      )}
      <Button type="submit" variant="default" size="compact-md">
        {t("market.priceShow")}
      </Button>
    </form>
  );
}
