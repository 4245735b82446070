import { IconFile, IconFolder, IconShip } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Picked } from "../parts/picked.ts";
import { Chooser, useDropTarget } from "../parts/picking.tsx";
import css from "./dropoff.module.css";

/** Files and folders come in by dropping them, or by the two buttons, which is also the way for the keyboard. */
export function DropZone({ onPicked }: { onPicked: (picked: Picked[]) => void }) {
  const { t } = useTranslation();
  const { over, target } = useDropTarget(onPicked);
  return (
    <section className={css.zone} aria-label={t("dropoff.zone")} {...target}>
      <IconShip size={44} stroke={1.4} aria-hidden="true" className={css.ship} />
      <p className={css.zoneTitle}>{t(over ? "dropoff.letGo" : "dropoff.dropHere")}</p>
      <p className={css.zoneText}>{t("dropoff.or")}</p>
      <div className={css.choosers}>
        <Chooser label={t("dropoff.chooseFiles")} icon={<IconFile size={18} />} folder={false} onPicked={onPicked} />
        <Chooser label={t("dropoff.chooseFolder")} icon={<IconFolder size={18} />} folder onPicked={onPicked} />
      </div>
    </section>
  );
}
