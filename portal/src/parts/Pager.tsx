import { Pagination } from "@mantine/core";
import { useTranslation } from "react-i18next";

type Props = { page: number; count: number; pageSize: number; onPage: (page: number) => void; what: string };

/** Absent when everything fits on one page. */
export function Pager({ page, count, pageSize, onPage, what }: Props) {
  const { t } = useTranslation();
  const total = Math.ceil(count / pageSize);
  if (total <= 1) return null;
  const words = { first: t("pager.previous"), last: t("pager.next"), next: t("pager.next"), previous: t("pager.previous") };
  return (
    <nav aria-label={t("pager.label", { what })}>
      <Pagination
        mt="lg"
        total={total}
        value={page}
        onChange={onPage}
        getItemProps={number => ({ "aria-label": t("pager.page", { number }) })}
        getControlProps={control => ({ "aria-label": words[control] })}
      />
    </nav>
  );
}
