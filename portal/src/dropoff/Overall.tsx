import { Button, VisuallyHidden } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Meter } from "../parts/Meter.tsx";
import { bytes, duration, percent } from "../units.ts";
import css from "./dropoff.module.css";
import type { UploadItem, UploadState } from "./jobs.ts";

type Props = { items: readonly UploadItem[]; onPauseAll: () => void; onResumeAll: () => void };

const SPOKEN_EVERY_MS = 10_000;
const COUNTED = new Set<UploadState>(["queued", "uploading", "waiting", "paused", "done"]);

/** All files together: how far, how fast, how long; and said aloud now and then. */
export function Overall({ items, onPauseAll, onResumeAll }: Props) {
  const { t, i18n } = useTranslation();
  const counted = items.filter(item => COUNTED.has(item.state));
  const total = sum(counted, item => item.sizeBytes);
  const sent = sum(counted, item => item.sentBytes);
  const rate = sum(counted, item => item.bytesPerSecond ?? 0);
  const done = counted.filter(item => item.state === "done").length;
  const count = (state: UploadState) => counted.filter(item => item.state === state).length;
  const finished = done === counted.length;
  const summary = finished
    ? t("dropoff.allDone", { count: done })
    : t("dropoff.progress", { done, count: counted.length, percent: percent(sent, total) });
  return (
    <div className={css.overall}>
      <div className={css.overallLine}>
        <strong>{summary}</strong>
        {!finished && (
          <span>
            {t("dropoff.sentOf", { sent: bytes(sent, i18n.language), total: bytes(total, i18n.language) })}
            {rate > 0 &&
              ` · ${bytes(Math.round(rate), i18n.language)}/s · ${t("dropoff.left", { time: duration((total - sent) / rate, t("common.hour")) })}`}
          </span>
        )}
      </div>
      {counted.length > 0 && <Meter done={sent} total={total} label={t("dropoff.overall")} tone={finished ? "good" : "busy"} />}
      <div className={css.overallButtons}>
        {count("uploading") + count("waiting") + count("queued") > 0 && (
          <Button size="compact-sm" variant="default" leftSection={<IconPlayerPause size={15} />} onClick={onPauseAll}>
            {t("dropoff.pauseAll")}
          </Button>
        )}
        {count("paused") > 0 && (
          <Button size="compact-sm" variant="default" leftSection={<IconPlayerPlay size={15} />} onClick={onResumeAll}>
            {t("dropoff.resumeAll")}
          </Button>
        )}
      </div>
      <VisuallyHidden role="status" aria-live="polite">
        <Spoken text={counted.length > 0 ? summary : ""} atOnce={finished} />
      </VisuallyHidden>
    </div>
  );
}

/** Progress as it is read aloud: every ten seconds, and at the end at once. Every change would never stop talking. */
function Spoken({ text, atOnce }: { text: string; atOnce: boolean }) {
  const [said, setSaid] = useState({ text, atMs: 0 });
  useEffect(() => {
    const waitMs = atOnce ? 0 : Math.max(0, said.atMs + SPOKEN_EVERY_MS - performance.now());
    if (text === said.text) return;
    const timer = window.setTimeout(() => setSaid({ text, atMs: performance.now() }), waitMs);
    return () => window.clearTimeout(timer);
  }, [text, atOnce, said]);
  return said.text;
}

const sum = (items: readonly UploadItem[], of: (item: UploadItem) => number): number =>
  items.reduce((all, item) => all + of(item), 0);
