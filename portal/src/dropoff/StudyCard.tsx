import { Alert } from "@mantine/core";
import { IconAnchor, IconLock, IconShieldCheck, IconUser } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { DropoffStudy } from "../api/types.ts";
import { bytes } from "../units.ts";
import css from "./dropoff.module.css";

/** What a provider wants to know before sending anything: who asks, for what, and what happens to it. */
export function StudyCard({ page }: { page: DropoffStudy }) {
  const { t, i18n } = useTranslation();
  const owner = `${page.owner.first_name} ${page.owner.last_name}`.trim();
  const refused = page.not_allowed_extensions.map(extension => `.${extension}`).join(", ");
  return (
    <section className={css.study} aria-labelledby="study-name">
      <p className={css.kicker}>{t("dropoff.kicker")}</p>
      <h1 id="study-name">{page.name}</h1>
      {owner && (
        <p className={css.owner}>
          <IconUser size={18} aria-hidden="true" /> {t("dropoff.askedBy", { name: owner })}
        </p>
      )}
      {page.description && <p className={css.description}>{page.description}</p>}
      <ul className={css.promises}>
        <li>
          <IconShieldCheck size={20} aria-hidden="true" />
          <span>{t("dropoff.promiseResume")}</span>
        </li>
        <li>
          <IconLock size={20} aria-hidden="true" />
          <span>{t(page.encrypted ? "dropoff.promiseEncrypted" : "dropoff.promiseReceipt")}</span>
        </li>
        {page.human_subject && (
          <li>
            <IconAnchor size={20} aria-hidden="true" />
            <span>{t("dropoff.promiseHuman")}</span>
          </li>
        )}
      </ul>
      <p className={css.limits}>
        {page.max_size_bytes > 0 && <span>{t("dropoff.maxSize", { size: bytes(page.max_size_bytes, i18n.language) })}</span>}
        {refused && <span>{t("dropoff.refused", { list: refused })}</span>}
      </p>
    </section>
  );
}

export function Closed({ reason }: { reason: DropoffStudy["reason"] }) {
  const { t } = useTranslation();
  return (
    <Alert color="buoy" variant="light" icon={<IconAnchor />} title={t("dropoff.closedTitle")} role="status">
      {t(reason === "no-storage" ? "dropoff.noStorage" : "dropoff.closed")}
    </Alert>
  );
}
