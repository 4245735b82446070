import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { getAll } from "../api/client.ts";
import type { Named } from "../api/types.ts";

/** A whole list for a choice; it hardly ever changes. */
export const useList = <T,>(path: string, enabled: boolean) =>
  useQuery({ queryKey: ["list", path], queryFn: () => getAll<T>(path), enabled, staleTime: 300_000 });

type Props = {
  label: string;
  value: number;
  rows: readonly Named[] | undefined;
  onChoose: (id: number) => void;
  error?: string | undefined;
  /** What choosing nothing is called; without it something must be chosen. */
  none?: string;
};

/** One of a list of rows; 0 is none. */
export function Choice({ label, value, rows, onChoose, error, none }: Props) {
  const { t } = useTranslation();
  return (
    <NativeSelect
      label={label}
      value={value || ""}
      onChange={event => onChoose(Number(event.currentTarget.value))}
      disabled={!rows}
      error={error}
      required={none === undefined}
      data={[
        { value: "", label: none ?? t("common.choose") },
        // Before the list is here, it must not look as if nothing were chosen.
        ...(rows ?? (value ? [{ id: value, name: t("common.loading") }] : [])).map(row => ({
          value: String(row.id),
          label: row.name,
        })),
      ]}
    />
  );
}
