import { Button } from "@mantine/core";
import { IconFile, IconFolder, IconShip } from "@tabler/icons-react";
import { type ChangeEvent, type DragEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import css from "./dropoff.module.css";
import { fromChooser, fromDrop, type Picked } from "./picked.ts";

/** Every browser knows this attribute; the types of React do not. */
const WHOLE_FOLDER = { webkitdirectory: "" };

/** Files and folders come in by dropping them, or by the two buttons, which is also the way for the keyboard. */
export function DropZone({ onPicked }: { onPicked: (picked: Picked[]) => void }) {
  const { t } = useTranslation();
  const [over, setOver] = useState(false);
  useDropElsewhereDoesNothing();
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void fromDrop(event.dataTransfer).then(onPicked);
  };
  return (
    <section
      className={css.zone}
      data-over={over || undefined}
      aria-label={t("dropoff.zone")}
      onDragOver={event => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={event => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={drop}
    >
      <IconShip size={44} stroke={1.4} aria-hidden="true" className={css.ship} />
      <p className={css.zoneTitle}>{t(over ? "dropoff.letGo" : "dropoff.dropHere")}</p>
      <p className={css.zoneText}>{t("dropoff.or")}</p>
      <div className={css.choosers}>
        <Chooser label={t("dropoff.chooseFiles")} folder={false} onPicked={onPicked} />
        <Chooser label={t("dropoff.chooseFolder")} folder onPicked={onPicked} />
      </div>
    </section>
  );
}

function Chooser({ label, folder, onPicked }: { label: string; folder: boolean; onPicked: (picked: Picked[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const chosen = (event: ChangeEvent<HTMLInputElement>) => {
    const files = Array.from(event.currentTarget.files ?? []);
    // Emptied at once: choosing the same file again must be noticed.
    event.currentTarget.value = "";
    if (files.length > 0) onPicked(fromChooser(files));
  };
  return (
    <>
      <Button
        variant={folder ? "default" : "filled"}
        leftSection={folder ? <IconFolder size={18} /> : <IconFile size={18} />}
        onClick={() => input.current?.click()}
      >
        {label}
      </Button>
      <input ref={input} type="file" multiple hidden {...(folder ? WHOLE_FOLDER : {})} aria-label={label} onChange={chosen} />
    </>
  );
}

/** A file that misses the zone must not replace the page, and with it everything that is being sent. */
function useDropElsewhereDoesNothing(): void {
  useEffect(() => {
    const ignore = (event: Event) => event.preventDefault();
    window.addEventListener("dragover", ignore);
    window.addEventListener("drop", ignore);
    return () => {
      window.removeEventListener("dragover", ignore);
      window.removeEventListener("drop", ignore);
    };
  }, []);
}
