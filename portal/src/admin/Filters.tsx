import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconFilter, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useTyped } from "../parts/useTyped.ts";
import { moment } from "../units.ts";
import css from "./admin.module.css";
import { rowQuery } from "./adminQueries.ts";
import { LinkInput } from "./LinkInput.tsx";
import { choiceOf, type Filter, filtersOf, isoOf, type Kind, type ListSearch, localMoment } from "./model.ts";
import { useAdminWords } from "./words.ts";

const FIELDS = "admin-filters";

type ButtonProps = { kind: Kind; search: ListSearch; opened: boolean; onToggle: () => void };

export function FilterButton({ kind, search, opened, onToggle }: ButtonProps) {
  const { t } = useTranslation();
  const count = filtersOf(kind).filter(({ name }) => search[name]).length;
  return (
    <Button
      variant="default"
      leftSection={<IconFilter size={17} />}
      aria-expanded={opened}
      aria-controls={FIELDS}
      onClick={onToggle}
    >
      {count > 0 ? t("admin.list.filtersOn", { count }) : t("admin.list.filters")}
    </Button>
  );
}

type Props = { kind: Kind; search: ListSearch; onFilter: (name: string, value: string) => void };

export function FilterFields({ kind, search, onFilter }: Props) {
  return (
    <div id={FIELDS} className={css.filters}>
      {filtersOf(kind).map(filter => (
        <FilterField
          key={filter.name}
          filter={filter}
          value={search[filter.name] ?? ""}
          onFilter={value => onFilter(filter.name, value)}
        />
      ))}
    </div>
  );
}

type FieldProps = { filter: Filter; value: string; onFilter: (value: string) => void };

function FilterField({ filter, value, onFilter }: FieldProps) {
  const { t } = useTranslation();
  const words = useAdminWords();
  const { column } = filter;
  const label = words.filter(filter);
  const later = useDebouncedCallback(onFilter, { delay: 400, flushOnUnmount: true });
  if (column.type === "link" && column.to)
    return <LinkInput size="xs" label={label} to={column.to} value={value} onChange={onFilter} />;
  if (column.type === "flag" || column.type === "choice") {
    const options =
      column.type === "flag"
        ? [
            { value: "true", label: t("admin.list.yes") },
            { value: "false", label: t("admin.list.no") },
          ]
        : column.values.map(one => ({ value: one, label: words.choice(one) }));
    return (
      <NativeSelect
        size="xs"
        label={label}
        value={value}
        onChange={event => onFilter(event.currentTarget.value)}
        data={[{ value: "", label: t("admin.list.any") }, ...options]}
      />
    );
  }
  return column.type === "moment" ? (
    <TextInput
      size="xs"
      label={label}
      type="datetime-local"
      defaultValue={localMoment(value)}
      onChange={event => later(isoOf(event.currentTarget.value))}
    />
  ) : (
    <TextFilter label={label} value={value} onFilter={onFilter} />
  );
}

function TextFilter({ label, value, onFilter }: { label: string; value: string; onFilter: (value: string) => void }) {
  return <TextInput size="xs" label={label} {...useTyped(value, onFilter)} />;
}

/** What narrows the list now, each to be taken away. */
export function Chips({ kind, search, onFilter, onReset }: Props & { onReset: () => void }) {
  const { t } = useTranslation();
  const on = filtersOf(kind).filter(({ name }) => search[name]);
  if (on.length === 0) return null;
  return (
    <ul className={css.chips}>
      {on.map(filter => (
        <Chip key={filter.name} filter={filter} value={search[filter.name] ?? ""} onRemove={() => onFilter(filter.name, "")} />
      ))}
      {Object.keys(choiceOf(search)).length > 1 && (
        <li>
          <button type="button" className={css.reset} onClick={onReset}>
            {t("admin.list.reset")}
          </button>
        </li>
      )}
    </ul>
  );
}

function Chip({ filter, value, onRemove }: { filter: Filter; value: string; onRemove: () => void }) {
  const { t } = useTranslation();
  const words = useAdminWords();
  const name = words.filter(filter);
  const label = t("admin.list.remove", { name });
  return (
    <li className={css.chip}>
      <span>
        {name}: <ChipValue filter={filter} value={value} />
      </span>
      <button type="button" aria-label={label} title={label} onClick={onRemove}>
        <IconX size={14} aria-hidden="true" />
      </button>
    </li>
  );
}

function ChipValue({ filter: { column }, value }: { filter: Filter; value: string }) {
  const { t, i18n } = useTranslation();
  const words = useAdminWords();
  const linked = useQuery({ ...rowQuery(column.to ?? "", value), enabled: column.type === "link" }).data;
  if (column.type === "link") return <strong>{linked?.title || value}</strong>;
  if (column.type === "flag") return <strong>{t(value === "true" ? "common.yes" : "common.no")}</strong>;
  if (column.type === "choice") return <strong>{words.choice(value)}</strong>;
  if (column.type === "moment" && localMoment(value)) return <strong>{moment(value, i18n.language)}</strong>;
  return <strong>{value}</strong>;
}
