import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import { Meter } from "../parts/Meter.tsx";
import { Panel } from "../parts/Panel.tsx";
import { Tag } from "../parts/Status.tsx";
import { bytes, duration } from "../units.ts";
import { transfersQuery, useFileVerb } from "./fileQueries.ts";
import css from "./files.module.css";
import { isOpen, type Transfer } from "./types.ts";

const TONE = { queued: "quiet", running: "busy", done: "good", failed: "bad", stopped: "quiet" } as const;

/** What is on its way from or to this storage, and what went wrong since the page was opened. */
export function Transfers({ storage }: { storage: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { data = [] } = useQuery(transfersQuery(storage));
  const [openedAt] = useState(() => Date.now());
  const open = data.filter(isOpen).length;
  const before = useRef(open);
  useEffect(() => {
    // One is over: what it brought is shown.
    if (open < before.current) void client.invalidateQueries({ queryKey: ["files", storage] });
    before.current = open;
  }, [open, client, storage]);
  const shown = data.filter(transfer => isOpen(transfer) || Date.parse(transfer.created_at) > openedAt - 5_000);
  if (shown.length === 0) return null;
  return (
    <Panel title={t("files.transfers")}>
      <ul className={css.transfers}>
        {shown.map(transfer => (
          <TransferRow key={transfer.id} storage={storage} transfer={transfer} />
        ))}
      </ul>
    </Panel>
  );
}

function TransferRow({ storage, transfer }: { storage: string; transfer: Transfer }) {
  const { t, i18n } = useTranslation();
  const stop = useFileVerb(
    storage,
    () => api<Transfer>("POST", `/v1/transfers/${transfer.id}/stop/`),
    () => t("files.stopped"),
  );
  const { state, to, from, bytes: total, bytes_done: done, bytes_per_second: rate, seconds_left: left } = transfer;
  const name = to.split("/").at(-1) ?? to;
  const facts = [
    total === null ? "" : t("files.ofBytes", { done: bytes(done, i18n.language), total: bytes(total, i18n.language) }),
    transfer.files !== null && transfer.files > 1 ? t("files.ofFiles", { done: transfer.files_done, total: transfer.files }) : "",
    rate ? `${bytes(rate, i18n.language)}/s` : "",
    left === null ? "" : t("files.left", { time: duration(left, t("common.hour")) }),
  ].filter(Boolean);
  return (
    <li>
      <div className={css.line}>
        <div className={css.grow}>
          <strong>{name}</strong>
          <span className={css.under}>{t("files.from", { what: from })}</span>
        </div>
        <Tag tone={TONE[state]}>{t(`files.states.${state}`)}</Tag>
        {isOpen(transfer) && (
          <Button
            size="compact-md"
            variant="default"
            aria-label={t("files.stopOf", { name })}
            onClick={() => stop.mutate(undefined)}
          >
            {t("files.stop")}
          </Button>
        )}
      </div>
      {state === "running" && <Meter done={done} total={total ?? 0} label={t("files.progressOf", { name })} />}
      {facts.length > 0 && isOpen(transfer) && <span className={css.under}>{facts.join(" · ")}</span>}
      {transfer.reason && <p className={css.reason}>{transfer.reason}</p>}
    </li>
  );
}
