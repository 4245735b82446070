import { Skeleton, VisuallyHidden } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** Stands where content will be. */
export function Waiting({ rows = 3 }: { rows?: number }) {
  const { t } = useTranslation();
  return (
    <div aria-busy="true">
      <VisuallyHidden role="status">{t("common.loading")}</VisuallyHidden>
      {Array.from({ length: rows }, (_, index) => index).map(index => (
        <Skeleton key={index} height={index === 0 ? 34 : 18} width={index === 0 ? "55%" : "100%"} mt={index === 0 ? 0 : "md"} />
      ))}
    </div>
  );
}
