import { Checkbox } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconSelector } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Chosen } from "./BulkBar.tsx";
import type { Column, Kind, Row } from "./model.ts";
import css from "./table.module.css";
import { Value } from "./Value.tsx";
import { useAdminWords } from "./words.ts";

type Props = {
  kind: Kind;
  rows: readonly Row[];
  sort: string;
  onSort: (sort: string) => void;
  /** Absent where there is nothing to do with several. */
  chosen: Chosen | undefined;
  onChoose: (chosen: Chosen) => void;
};

/** The rows of a page; on a phone each is a card. */
export function RowTable({ kind, rows, sort, onSort, chosen, onChoose }: Props) {
  const words = useAdminWords();
  const columns = kind.list.map(name => kind.columns.find(column => column.name === name)).filter(column => column !== undefined);
  return (
    <div className={css.tableFrame}>
      <table className={css.table} aria-label={words.many(kind.name)}>
        <thead>
          <tr>
            {chosen && <ChoosePage rows={rows} chosen={chosen} onChoose={onChoose} />}
            {columns.map(column => (
              <Head key={column.name} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <BodyRow key={row.id} kind={kind} row={row} columns={columns} chosen={chosen} onChoose={onChoose} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

type HeadProps = { column: Column; sort: string; onSort: (sort: string) => void };

function Head({ column: { name, type, sort: canSort }, sort, onSort }: HeadProps) {
  const { t } = useTranslation();
  const words = useAdminWords();
  const label = words.field(name);
  const way = sort === name ? "ascending" : sort === `-${name}` ? "descending" : undefined;
  const Icon = way === "ascending" ? IconArrowUp : way === "descending" ? IconArrowDown : IconSelector;
  return (
    <th scope="col" data-type={type} {...(way ? { "aria-sort": way } : {})}>
      {canSort ? (
        <button
          type="button"
          className={css.sort}
          title={t("admin.list.sorted", { name: label })}
          onClick={() => onSort(way === "ascending" ? `-${name}` : name)}
        >
          {label} <Icon size={14} aria-hidden="true" />
        </button>
      ) : (
        label
      )}
    </th>
  );
}

type ChooseProps = { rows: readonly Row[]; chosen: Chosen; onChoose: (chosen: Chosen) => void };

function ChoosePage({ rows, chosen, onChoose }: ChooseProps) {
  const { t } = useTranslation();
  const all = chosen.all || rows.every(row => chosen.rows.has(String(row.id)));
  return (
    <th scope="col" className={css.pick}>
      <Checkbox
        size="md"
        aria-label={t("admin.list.choosePage")}
        checked={all}
        indeterminate={!all && chosen.rows.size > 0}
        onChange={() => onChoose({ all: false, rows: all ? new Map() : new Map(rows.map(row => [String(row.id), row])) })}
      />
    </th>
  );
}

type BodyProps = {
  kind: Kind;
  row: Row;
  columns: readonly Column[];
  chosen: Chosen | undefined;
  onChoose: (chosen: Chosen) => void;
};

function BodyRow({ kind, row, columns, chosen, onChoose }: BodyProps) {
  const { t } = useTranslation();
  const words = useAdminWords();
  const id = String(row.id);
  const title = row.title || id;
  const picked = chosen !== undefined && (chosen.all || chosen.rows.has(id));
  const pick = (): void => {
    const rows = new Map(chosen?.rows);
    if (!rows.delete(id)) rows.set(id, row);
    onChoose({ all: false, rows });
  };
  return (
    <tr data-chosen={picked || undefined}>
      {chosen && (
        <td className={css.pick}>
          <Checkbox size="md" aria-label={t("admin.list.choose", { title })} checked={picked} onChange={pick} />
        </td>
      )}
      {columns.map((column, index) =>
        index === 0 ? (
          <th key={column.name} scope="row">
            <Link className={css.open} to="/api/admin/$kind/$id/" params={{ kind: kind.name, id }}>
              <FirstValue column={column} row={row} title={title} />
            </Link>
          </th>
        ) : (
          <td key={column.name} data-type={column.type} data-label={words.field(column.name)}>
            <Value column={column} value={row[column.name]} title={title} />
          </td>
        ),
      )}
    </tr>
  );
}

/** The row's own link stands here: a link inside it would be another. */
function FirstValue({ column, row, title }: { column: Column; row: Row; title: string }) {
  const value = row[column.name];
  if (column.type === "link") return (value as { title: string | null } | null)?.title ?? title;
  if (value === null || value === undefined || value === "") return title;
  return <Value column={column} value={value} title={title} />;
}
