import { ActionIcon, Button } from "@mantine/core";
import { IconFolderUp, IconUpload, IconX } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Meter } from "../parts/Meter.tsx";
import { Panel } from "../parts/Panel.tsx";
import type { Picked } from "../parts/picked.ts";
import { Chooser, useDropTarget } from "../parts/picking.tsx";
import { Tag } from "../parts/Status.tsx";
import { bytes } from "../units.ts";
import css from "./files.module.css";
import { type Upload, Uploads } from "./uploads.ts";

/** Takes files and whole folders into the folder that is shown: dropped anywhere on it, or chosen. */
export function Uploader({ storage, folder }: { storage: string; folder: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [uploads] = useState(() => new Uploads());
  const rows = useSyncExternalStore(uploads.subscribe, uploads.rows);
  useEffect(() => uploads.onDone(where => void client.invalidateQueries({ queryKey: ["files", where] })), [uploads, client]);
  useEffect(() => stayWhileSending(uploads), [uploads]);
  const add = (picked: Picked[]) => uploads.add(storage, folder, picked);
  const { over, target } = useDropTarget(add);
  return (
    <Panel>
      <section className={css.zone} aria-label={t("files.zone")} {...target}>
        <p>{t(over ? "files.letGo" : "files.dropHere")}</p>
        <Chooser label={t("files.upload")} icon={<IconUpload size={18} />} folder={false} onPicked={add} />
        <Chooser label={t("files.uploadFolder")} icon={<IconFolderUp size={18} />} folder onPicked={add} />
      </section>
      {rows.length > 0 && (
        <ul className={css.transfers} aria-label={t("files.uploads")}>
          {rows.map(upload => (
            <UploadRow key={upload.id} upload={upload} uploads={uploads} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function stayWhileSending(uploads: Uploads): () => void {
  const ask = (event: BeforeUnloadEvent) => {
    if (uploads.isBusy()) event.preventDefault();
  };
  window.addEventListener("beforeunload", ask);
  return () => window.removeEventListener("beforeunload", ask);
}

const TONE = { waiting: "quiet", sending: "busy", done: "good", taken: "bad", failed: "bad" } as const;

function UploadRow({ upload, uploads }: { upload: Upload; uploads: Uploads }) {
  const { t, i18n } = useTranslation();
  const { name, size, sent, state, words } = upload;
  return (
    <li>
      <div className={css.line}>
        <div className={css.grow}>
          <strong>{name}</strong>
          <span className={css.under}>{bytes(size, i18n.language)}</span>
        </div>
        <Tag tone={TONE[state]}>{t(`files.uploadStates.${state}`)}</Tag>
        {state === "taken" && (
          <>
            <Button size="compact-md" variant="default" onClick={() => uploads.again(upload.id, "replace")}>
              {t("files.replace")}
            </Button>
            <Button size="compact-md" variant="default" onClick={() => uploads.again(upload.id, "beside")}>
              {t("files.keepBoth")}
            </Button>
          </>
        )}
        {state === "failed" && (
          <Button size="compact-md" variant="default" onClick={() => uploads.again(upload.id)}>
            {t("common.again")}
          </Button>
        )}
        <ActionIcon
          variant="subtle"
          size={36}
          aria-label={t("files.dismiss", { name })}
          onClick={() => uploads.remove(upload.id)}
        >
          <IconX size={18} />
        </ActionIcon>
      </div>
      {state === "sending" && <Meter done={sent} total={size} label={t("files.progressOf", { name })} />}
      {words && state === "failed" && <p className={css.reason}>{words}</p>}
    </li>
  );
}
