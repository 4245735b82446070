import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import css from "./admin.module.css";
import { listQuery, rowQuery } from "./adminQueries.ts";

type Props = {
  label: string;
  to: string;
  /** "": none. */
  value: string;
  onChange: (id: string) => void;
  error?: ReactNode;
  required?: boolean;
  size?: "xs" | "sm";
};

const SHOWN = "20";

/** Finds another thing by its name: the server looks, so it does not matter how many there are. */
export function LinkInput({ label, to, value, onChange, error, required = false, size = "sm" }: Props) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const [asked] = useDebouncedValue(typed, 200);
  const chosen = useQuery({ ...rowQuery(to, value), enabled: value !== "" }).data;
  const chosenTitle = chosen?.title || value;
  // What is chosen stands in the field: looking for it would show only itself.
  const search = asked === chosenTitle ? "" : asked.trim();
  const found = useQuery(listQuery(to, { page_size: SHOWN, ...(search ? { search } : {}) })).data;
  const options = new Map((found?.results ?? []).map(row => [String(row.id), row.title || String(row.id)]));
  if (value !== "") options.set(value, chosenTitle);
  return (
    <Select
      label={label}
      size={size}
      data={[...options].map(([id, title]) => ({ value: id, label: title }))}
      filter={({ options: all }) => all}
      value={value === "" ? null : value}
      onChange={id => onChange(id ?? "")}
      onSearchChange={setTyped}
      searchable
      clearable={!required}
      clearButtonProps={{ "aria-label": t("admin.form.chooseNone") }}
      placeholder={t("admin.form.search")}
      nothingFoundMessage={t("admin.form.noOptions")}
      error={error}
      required={required}
      // The list itself scrolls: it is what the keys move in.
      withScrollArea={false}
      classNames={{ options: css.options ?? "" }}
      comboboxProps={{ withinPortal: false }}
    />
  );
}
