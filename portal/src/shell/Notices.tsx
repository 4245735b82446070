import { CloseButton } from "@mantine/core";
import { IconAlertTriangle, IconInfoCircle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "../api/client.ts";
import css from "./shell.module.css";

type Notice = { id: number; level: "info" | "warning"; text: { en: string; nl: string } };

const ASK_EVERY_MS = 60_000;

/** What the administration has to say to everybody. A warning stays in sight; anything else can be closed. */
export function Notices() {
  const { t, i18n } = useTranslation();
  const [closed, setClosed] = useState<readonly number[]>([]);
  const notices = useQuery({
    queryKey: ["notices"],
    queryFn: () => get<Notice[]>("/v1/notices/"),
    refetchInterval: ASK_EVERY_MS,
    staleTime: ASK_EVERY_MS,
  }).data;
  const shown = (notices ?? []).filter(({ id }) => !closed.includes(id));
  if (shown.length === 0) return null;
  return (
    <aside aria-label={t("notices.label")} className={css.banners}>
      {shown.map(({ id, level, text }) => (
        <div key={id} className={css.banner} data-level={level}>
          {level === "warning" ? (
            <IconAlertTriangle size={20} aria-hidden="true" />
          ) : (
            <IconInfoCircle size={20} aria-hidden="true" />
          )}
          <p>{i18n.language === "nl" ? text.nl : text.en}</p>
          {level !== "warning" && (
            <CloseButton size="sm" aria-label={t("notices.close")} onClick={() => setClosed(before => [...before, id])} />
          )}
        </div>
      ))}
    </aside>
  );
}
