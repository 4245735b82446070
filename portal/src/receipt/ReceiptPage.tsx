import { Button } from "@mantine/core";
import { IconArchive, IconDownload, IconShieldCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ApiError, get } from "../api/client.ts";
import { useLive } from "../api/live.ts";
import type { ReceiptPage as Receipt, ReceiptDelivery } from "../api/types.ts";
import { Copyable } from "../parts/Copy.tsx";
import { Failure } from "../parts/Failure.tsx";
import { Meter } from "../parts/Meter.tsx";
import { Fact, Facts, PageHead, Panel } from "../parts/Panel.tsx";
import { DeliveryTag, DropTag } from "../parts/Status.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { NotFound } from "../shell/Lost.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { bytes, moment } from "../units.ts";
import { Custody } from "./Custody.tsx";
import css from "./receipt.module.css";

/** The honest status of one file, for whoever holds its link. Follows what happens without reloading. */
export function ReceiptPage() {
  const { t } = useTranslation();
  const { secret } = useParams({ from: "/receipts/$secret" });
  const path = `/v1/receipts/${encodeURIComponent(secret)}/`;
  const page = useQuery({ queryKey: ["receipt", `/receipts/${secret}`], queryFn: () => get<Receipt>(path) });
  useLive(page.data ? `/api${path}events/` : undefined, () => void page.refetch());
  usePageTitle(page.data ? t("receipt.pageTitle", { name: page.data.drop.original_filename }) : t("receipt.title"));

  if (page.error instanceof ApiError && page.error.status === 404) return <NotFound text={t("receipt.unknown")} />;
  if (page.error && !page.data) return <Failure error={page.error} retry={page.refetch} />;
  if (!page.data) return <Waiting rows={6} />;
  return <ReceiptView receipt={page.data} />;
}

function ReceiptView({ receipt }: { receipt: Receipt }) {
  const { t } = useTranslation();
  const { drop, study } = receipt;
  return (
    <>
      <PageHead
        above={t("receipt.for", { study: study.name })}
        title={drop.original_filename}
        lead={
          <div className={css.status} role="status" aria-live="polite">
            <DropTag status={drop.status} />
            <span>{drop.status_message || t(`receipt.${drop.status}`)}</span>
          </div>
        }
      />
      <div className={css.columns}>
        <div>
          {receipt.upload && <UploadPanel upload={receipt.upload} />}
          <Panel title={t("receipt.custody")}>
            {receipt.custody.length > 0 ? (
              <Custody hops={receipt.custody} />
            ) : (
              <p className={css.quiet}>{t("receipt.noCustody")}</p>
            )}
          </Panel>
          {receipt.deliveries.length > 0 && <DeliveriesPanel deliveries={receipt.deliveries} />}
        </div>
        <div>
          <FilePanel receipt={receipt} />
          <ProofPanel receipt={receipt} />
        </div>
      </div>
    </>
  );
}

function UploadPanel({ upload }: { upload: NonNullable<Receipt["upload"]> }) {
  const { t, i18n } = useTranslation();
  return (
    <Panel title={t("receipt.upload")}>
      <Meter done={upload.offset} total={upload.length} label={t("receipt.upload")} />
      <p className={css.quiet}>
        {t("dropoff.sentOf", { sent: bytes(upload.offset, i18n.language), total: bytes(upload.length, i18n.language) })}
        {upload.expires_at && ` · ${t("receipt.expires", { time: moment(upload.expires_at, i18n.language) })}`}
      </p>
    </Panel>
  );
}

function FilePanel({ receipt: { drop } }: { receipt: Receipt }) {
  const { t, i18n } = useTranslation();
  const size = `${bytes(drop.filesize, i18n.language)} (${t("receipt.bytes", { number: drop.filesize.toLocaleString(i18n.language) })})`;
  return (
    <Panel title={t("receipt.file")}>
      <Facts>
        <Fact name={t("receipt.folder")}>{drop.folder}</Fact>
        <Fact name={t("receipt.size")}>{size}</Fact>
        <Fact name={t("receipt.began")}>{moment(drop.created_at, i18n.language)}</Fact>
        <Fact name="SHA-256">{drop.sha256 ? <Copyable value={drop.sha256} what="SHA-256" /> : t("receipt.noHash")}</Fact>
        <Fact name={t("receipt.encrypted")}>{t(drop.encrypted ? "receipt.encryptedYes" : "receipt.encryptedNo")}</Fact>
        <Fact name={t("receipt.id")}>
          <Copyable value={String(drop.id)} what={t("receipt.id")} />
        </Fact>
      </Facts>
    </Panel>
  );
}

function ProofPanel({ receipt }: { receipt: Receipt }) {
  const { t } = useTranslation();
  return (
    <Panel title={t("receipt.proof")}>
      <p className={css.quiet}>{t("receipt.proofText")}</p>
      <div className={css.downloads}>
        <Button component="a" href={receipt.receipt_url} download variant="light" leftSection={<IconDownload size={17} />}>
          {t("receipt.json")}
        </Button>
        <Button component="a" href={receipt.crate_url} download variant="light" leftSection={<IconArchive size={17} />}>
          {t("receipt.crate")}
        </Button>
        <Button
          variant="default"
          leftSection={<IconShieldCheck size={17} />}
          renderRoot={props => <Link to="/verify" {...props} />}
        >
          {t("verify.title")}
        </Button>
      </div>
    </Panel>
  );
}

function DeliveriesPanel({ deliveries }: { deliveries: readonly ReceiptDelivery[] }) {
  const { t, i18n } = useTranslation();
  return (
    <Panel title={t("receipt.deliveries")}>
      <ul className={css.deliveries}>
        {deliveries.map(delivery => (
          <li key={delivery.id}>
            <div className={css.deliveryHead}>
              <strong>{delivery.storage}</strong>
              <DeliveryTag state={delivery.state} />
            </div>
            <Meter
              done={delivery.state === "DONE" ? 1 : delivery.bytes_done}
              total={delivery.state === "DONE" ? 1 : delivery.bytes_total}
              tone={delivery.state === "DONE" ? "good" : delivery.state === "FAILED" ? "bad" : "busy"}
              label={t("receipt.deliveryTo", { storage: delivery.storage })}
            />
            <p className={css.quiet}>
              {delivery.message ||
                t("dropoff.sentOf", {
                  sent: bytes(delivery.bytes_done, i18n.language),
                  total: bytes(delivery.bytes_total, i18n.language),
                })}
            </p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
