import { useTranslation } from "react-i18next";
import type { Filter, Row } from "./model.ts";

/** Words for the names that the API gives things; the name itself where a newer server has one that this page does not know. */
export function useAdminWords() {
  const { t, i18n } = useTranslation();
  const word = (path: string, otherwise: string): string => {
    const key = `admin.${path}`;
    return i18n.exists(key) ? String(t(key as never)) : otherwise;
  };
  const plain = (name: string): string => name.replaceAll(/[-_]/g, " ");
  const field = (name: string): string => word(`field.${name}`, plain(name));
  return {
    many: (kind: string) => word(`kind.${kind}.many`, plain(kind)),
    one: (kind: string) => word(`kind.${kind}.one`, plain(kind)),
    /** What a row is called; of an act, what is done to what. */
    title: (kind: string, { id, title, ...row }: Row): string =>
      kind === "bulks"
        ? `${word(`action.${row.kind}.${row.action}.do`, plain(title))}: ${word(`kind.${row.kind}.many`, "")}`
        : title || String(id),
    lead: (kind: string) => word(`kind.${kind}.lead`, ""),
    section: (name: string) => word(`section.${name}`, plain(name)),
    field,
    choice: (value: string) => word(`choice.${value}`, value),
    action: (kind: string, name: string) => word(`action.${kind}.${name}.do`, plain(name)),
    consequence: (kind: string, name: string) => word(`action.${kind}.${name}.text`, ""),
    filter: ({ column, is }: Filter) =>
      is === "equal" ? field(column.name) : t(`admin.list.${is}`, { name: field(column.name) }),
  };
}
