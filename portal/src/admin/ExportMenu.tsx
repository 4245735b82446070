import { Button, Menu } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { download } from "../api/client.ts";
import { wordsFor } from "../parts/Failure.tsx";
import { useAnnounce } from "../shell/Announcer.tsx";
import css from "./admin.module.css";
import { useForgetRows } from "./adminQueries.ts";
import { choiceOf, type Kind, type ListSearch } from "./model.ts";

/** The whole list as a file, as it is narrowed and sorted now. */
export function ExportMenu({ kind, search }: { kind: Kind; search: ListSearch }) {
  const { t } = useTranslation();
  const announce = useAnnounce();
  const forget = useForgetRows();
  const take = useMutation({
    mutationFn: (format: "csv" | "jsonl") => {
      const sort = search.sort ? { sort: search.sort } : {};
      return download(
        `/v1/admin/exports/${kind.name}/`,
        { format, ...sort, matching: choiceOf(search) },
        `${kind.name}.${format}`,
      );
    },
    onSuccess: async () => {
      announce(t("admin.list.exported"));
      if (kind.name === "events") await forget();
    },
    onError: error => announce(wordsFor(error, t), "bad"),
  });
  return (
    <Menu withinPortal={false} withInitialFocusPlaceholder={false} position="bottom-end" shadow="md">
      <Menu.Target>
        <Button variant="default" leftSection={<IconDownload size={17} />} loading={take.isPending}>
          {t("admin.list.export")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown className={css.menuList ?? ""}>
        <Menu.Label>{t("admin.list.exportHelp")}</Menu.Label>
        <Menu.Item onClick={() => take.mutate("csv")}>{t("admin.list.exportCsv")}</Menu.Item>
        <Menu.Item onClick={() => take.mutate("jsonl")}>{t("admin.list.exportJsonl")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
