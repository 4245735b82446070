import { Button } from "@mantine/core";
import { useBlocker } from "@tanstack/react-router";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import type { DropoffStudy } from "../api/types.ts";
import { Panel } from "../parts/Panel.tsx";
import { DropZone } from "./DropZone.tsx";
import css from "./dropoff.module.css";
import type { UploadItem } from "./jobs.ts";
import { Overall } from "./Overall.tsx";
import { QueueRow } from "./QueueRow.tsx";
import { Uploads } from "./uploads.ts";

type Props = { study: string; page: DropoffStudy; code: string; name: string; onOtherCode: () => void };

const RUNNING = new Set<UploadItem["state"]>(["queued", "uploading", "waiting"]);

export function Uploader({ study, page, code, name, onOtherCode }: Props) {
  const { t } = useTranslation();
  const uploads = useUploads(study, page, code);
  const items = useSyncExternalStore(uploads.subscribe, uploads.snapshot);
  const running = items.some(item => RUNNING.has(item.state));
  useStayWhile(running, t("dropoff.leave"));
  return (
    <>
      <Panel>
        <div className={css.welcome}>
          <p>{name ? t("dropoff.hello", { name }) : t("dropoff.codeGood")}</p>
          <Button variant="subtle" size="compact-sm" onClick={onOtherCode} disabled={running}>
            {t("dropoff.otherCode")}
          </Button>
        </div>
        <DropZone onPicked={picked => void uploads.add(picked)} />
      </Panel>
      {items.length > 0 && (
        <Panel title={t("dropoff.files")}>
          <Overall items={items} onPauseAll={() => uploads.pauseAll()} onResumeAll={() => uploads.resumeAll()} />
          <ul className={css.queue}>
            {items.map(item => (
              <QueueRow key={item.key} item={item} uploads={uploads} maxBytes={page.max_size_bytes} />
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}

function useUploads(study: string, page: DropoffStudy, code: string): Uploads {
  const [uploads] = useState(() => new Uploads(study, page, localStorage));
  uploads.useCode(code);
  useEffect(() => {
    uploads.open();
    return () => uploads.close();
  }, [uploads]);
  return uploads;
}

/** Asks before the page is left, by a link or by the browser, while something is still being sent. */
function useStayWhile(running: boolean, question: string): void {
  useBlocker({
    disabled: !running,
    enableBeforeUnload: running,
    // Only another page ends the uploads; taking the code out of the address does not.
    shouldBlockFn: ({ current, next }) => current.pathname !== next.pathname && !window.confirm(question),
  });
}
