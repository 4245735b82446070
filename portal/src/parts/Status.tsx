import { useTranslation } from "react-i18next";
import type { DeliveryState, DropStatus } from "../api/types.ts";
import css from "./parts.module.css";

type Tone = "good" | "busy" | "bad" | "quiet";

const DROP_TONE = {
  NEW: "quiet",
  UPLOADING: "busy",
  UPLOADED: "busy",
  MOVING: "busy",
  DONE: "good",
  ERROR: "bad",
} satisfies Record<DropStatus, Tone>;

const DELIVERY_TONE = { PENDING: "quiet", RUNNING: "busy", DONE: "good", FAILED: "bad" } satisfies Record<DeliveryState, Tone>;

/** Told by its words and its shape; the colour only helps. */
export function Tag({ tone, children }: { tone: Tone; children: string }) {
  return (
    <span className={css.tag} data-tone={tone}>
      {children}
    </span>
  );
}

export function DropTag({ status }: { status: DropStatus }) {
  const { t } = useTranslation();
  return <Tag tone={DROP_TONE[status] ?? "quiet"}>{t(`drop.${status}`)}</Tag>;
}

export function DeliveryTag({ state }: { state: DeliveryState }) {
  const { t } = useTranslation();
  return <Tag tone={DELIVERY_TONE[state] ?? "quiet"}>{t(`delivery.${state}`)}</Tag>;
}
