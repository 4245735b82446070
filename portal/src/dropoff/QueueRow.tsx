import { ActionIcon, Anchor, Button } from "@mantine/core";
import { IconFileCheck, IconFileText, IconPlayerPause, IconPlayerPlay, IconRefresh, IconX } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Meter } from "../parts/Meter.tsx";
import { bytes, duration, percent } from "../units.ts";
import { ArrivedFacts } from "./ArrivedFacts.tsx";
import css from "./dropoff.module.css";
import type { UploadItem, UploadState } from "./jobs.ts";
import type { Uploads } from "./uploads.ts";

const TONE = {
  queued: "quiet",
  uploading: "busy",
  waiting: "quiet",
  paused: "quiet",
  unfinished: "quiet",
  done: "good",
  refused: "bad",
} satisfies Record<UploadState, "quiet" | "busy" | "good" | "bad">;

type Props = { item: UploadItem; uploads: Uploads; maxBytes: number };

export function QueueRow({ item, uploads, maxBytes }: Props) {
  const { t, i18n } = useTranslation();
  const path = item.folder ? `${item.folder}/` : "";
  return (
    <li className={css.row} data-state={item.state}>
      <span className={css.rowIcon} aria-hidden="true">
        {item.state === "done" ? <IconFileCheck size={22} /> : <IconFileText size={22} />}
      </span>
      <div className={css.rowBody}>
        <p className={css.rowName}>
          {path && <span>{path}</span>}
          {item.name}
        </p>
        {item.state !== "done" && item.state !== "refused" && (
          <Meter
            done={item.sentBytes}
            total={item.sizeBytes}
            tone={TONE[item.state]}
            label={t("dropoff.progressOf", { name: item.name, percent: percent(item.sentBytes, item.sizeBytes) })}
          />
        )}
        <p className={css.rowLine}>
          <Line item={item} maxBytes={maxBytes} />
        </p>
        {item.state === "done" && <p className={css.rowLine}>{bytes(item.sizeBytes, i18n.language)}</p>}
        {item.state === "done" && item.receipt && <ArrivedFacts receipt={item.receipt} name={item.name} />}
        {item.state !== "done" && item.receipt && (
          <Anchor href={item.receipt} target="_blank" className={css.receiptLink}>
            {t("dropoff.follow")}
          </Anchor>
        )}
      </div>
      <RowButtons item={item} uploads={uploads} />
    </li>
  );
}

/** One line that says what happens now, and when nothing happens what to do. */
function Line({ item, maxBytes }: { item: UploadItem; maxBytes: number }): ReactNode {
  const { t, i18n } = useTranslation();
  const size = bytes(item.sizeBytes, i18n.language);
  const sent = t("dropoff.sentOf", { sent: bytes(item.sentBytes, i18n.language), total: size });
  switch (item.state) {
    case "queued":
      return `${t("dropoff.queued")} · ${size}`;
    case "paused":
      return `${t("dropoff.paused")} · ${sent}`;
    case "unfinished":
      return `${t("dropoff.unfinished")} ${sent}.`;
    case "waiting":
      return item.message ? t("dropoff.waitingServer", { words: item.message }) : t("dropoff.waiting");
    case "done":
      return t("dropoff.arrived");
    case "refused":
      return refusalWords(item, maxBytes);
    case "uploading": {
      if (item.sentBytes >= item.sizeBytes && item.sizeBytes > 0) return t("dropoff.settling");
      if (!item.bytesPerSecond) return sent;
      const left = duration((item.sizeBytes - item.sentBytes) / item.bytesPerSecond, t("common.hour"));
      return `${sent} · ${bytes(Math.round(item.bytesPerSecond), i18n.language)}/s · ${t("dropoff.left", { time: left })}`;
    }
  }

  function refusalWords({ refusal, message }: UploadItem, limitBytes: number): string {
    if (refusal?.why === "extension") return t("dropoff.refusedExtension", { extension: refusal.extension });
    if (refusal?.why === "size") return t("dropoff.refusedSize", { size, max: bytes(limitBytes, i18n.language) });
    if (refusal?.why === "unreadable") return t("dropoff.refusedUnreadable");
    return t("dropoff.refusedServer", { words: message });
  }
}

function RowButtons({ item, uploads }: { item: UploadItem; uploads: Uploads }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const { key, name, state } = item;
  if (asking)
    return (
      <div className={css.rowButtons}>
        <Button size="compact-sm" color="red" onClick={() => uploads.cancel(key)} autoFocus>
          {t("dropoff.cancelSure")}
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => setAsking(false)}>
          {t("common.keep")}
        </Button>
      </div>
    );
  // Throwing away what took hours must not happen by one slip; a row without bytes may just go.
  const remove = () => (item.sentBytes > 0 && state !== "done" ? setAsking(true) : uploads.cancel(key));
  return (
    <div className={css.rowButtons}>
      {["queued", "uploading", "waiting"].includes(state) && (
        <Small label={t("dropoff.pause", { name })} icon={<IconPlayerPause size={18} />} onClick={() => uploads.pause(key)} />
      )}
      {state === "paused" && (
        <Small label={t("dropoff.resume", { name })} icon={<IconPlayerPlay size={18} />} onClick={() => uploads.resume(key)} />
      )}
      {state === "refused" && item.refusal?.why === "server" && (
        <Small label={t("dropoff.retry", { name })} icon={<IconRefresh size={18} />} onClick={() => uploads.resume(key)} />
      )}
      <Small
        label={t(state === "done" || state === "refused" ? "dropoff.remove" : "dropoff.cancel", { name })}
        icon={<IconX size={18} />}
        onClick={remove}
      />
    </div>
  );
}

function Small({ label, icon, onClick }: { label: string; icon: ReactNode; onClick: () => void }) {
  return (
    <ActionIcon variant="subtle" size={32} aria-label={label} title={label} onClick={onClick}>
      {icon}
    </ActionIcon>
  );
}
