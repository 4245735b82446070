import { Anchor, Button } from "@mantine/core";
import { IconInbox, IconRefresh, IconShieldCheck } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, get } from "../api/client.ts";
import type { Delivery, Drop, Page, Study } from "../api/types.ts";
import { Copyable } from "../parts/Copy.tsx";
import { Failure } from "../parts/Failure.tsx";
import { Meter } from "../parts/Meter.tsx";
import { Pager } from "../parts/Pager.tsx";
import { Empty, Panel } from "../parts/Panel.tsx";
import { DeliveryTag, DropTag, Tag } from "../parts/Status.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { bytes, duration, moment, percent } from "../units.ts";
import css from "./study.module.css";
import { mayManage, useStudyVerb } from "./studyQueries.ts";
import { useRate } from "./useRate.ts";

const PAGE_SIZE = 10;

export function Drops({ study }: { study: Study }) {
  const { t } = useTranslation();
  const [page, setPage] = useState(1);
  const drops = useQuery({
    queryKey: ["drops", String(study.id), page],
    queryFn: () => get<Page<Drop>>(`/v1/dropoffs/?study=${study.id}&page=${page}`),
    placeholderData: keepPreviousData,
  });
  if (drops.error && !drops.data) return <Failure error={drops.error} retry={drops.refetch} />;
  if (!drops.data) return <Waiting rows={4} />;
  if (drops.data.count === 0) return <NoDrops study={study} />;
  return (
    <Panel>
      <div className={css.tableFrame}>
        <table className={css.table}>
          <caption className={css.caption}>{t("drops.caption")}</caption>
          <thead>
            <tr>
              <th scope="col">{t("drops.file")}</th>
              <th scope="col">{t("drops.state")}</th>
              <th scope="col">{t("drops.deliveries")}</th>
            </tr>
          </thead>
          <tbody>
            {drops.data.results.map(drop => (
              <DropRow key={drop.id} drop={drop} study={study} />
            ))}
          </tbody>
        </table>
      </div>
      <Pager page={page} count={drops.data.count} pageSize={PAGE_SIZE} onPage={setPage} what={t("tabs.drops")} />
    </Panel>
  );
}

function NoDrops({ study }: { study: Study }) {
  const { t } = useTranslation();
  const next = study.has_storage ? "invitations" : "storages";
  return (
    <Panel>
      <Empty icon={<IconInbox size={40} stroke={1.4} />} title={t("drops.none")}>
        <p>{t(study.has_storage ? "drops.noneText" : "drops.noStorageText")}</p>
        <Button
          variant="light"
          renderRoot={props => <Link to="/studies/$id" params={{ id: String(study.id) }} search={{ tab: next }} {...props} />}
        >
          {t(study.has_storage ? "invite.new" : "storage.add")}
        </Button>
      </Empty>
    </Panel>
  );
}

function DropRow({ drop, study }: { drop: Drop; study: Study }) {
  const { t, i18n } = useTranslation();
  const name = drop.original_filename;
  return (
    <tr>
      <th scope="row">
        <span className={css.fileName}>
          {drop.folder && <span className={css.quiet}>{drop.folder}/</span>}
          {name}
        </span>
        <span className={css.under}>
          {bytes(drop.filesize, i18n.language)} · {drop.uploader?.name ?? t("drops.generalCode")}
        </span>
        <span className={css.under}>{moment(drop.created_at, i18n.language)}</span>
        {drop.sha256 && (
          <span className={css.under}>
            SHA-256 <Copyable value={drop.sha256} what={t("common.hashOf", { name })} short />
          </span>
        )}
        {drop.receipt_url && (
          <Anchor href={drop.receipt_url} target="_blank" className={css.under}>
            {t("drops.receipt")}
          </Anchor>
        )}
      </th>
      <td>
        <span className={css.smallLabel}>{t("drops.state")}</span>
        <DropTag status={drop.status} />
        {drop.status_message && <span className={css.under}>{drop.status_message}</span>}
        {drop.status === "ERROR" && mayManage(study) && <Retry drop={drop} study={study} />}
        {drop.status === "DONE" && mayManage(study) && <ProveAgain drop={drop} study={study} />}
      </td>
      <td>
        <span className={css.smallLabel}>{t("drops.deliveries")}</span>
        {drop.deliveries.length === 0 && <span className={css.quiet}>{t("drops.notYet")}</span>}
        <ul className={css.deliveries}>
          {drop.deliveries.map(delivery => (
            <DeliveryLine key={delivery.id} delivery={delivery} file={name} />
          ))}
        </ul>
      </td>
    </tr>
  );
}

function Retry({ drop, study }: { drop: Drop; study: Study }) {
  const { t } = useTranslation();
  const retry = useStudyVerb(study, {
    do: () => api<Drop>("POST", `/v1/dropoffs/${drop.id}/retry/`),
    changes: ["drops"],
    said: () => t("drops.retried", { name: drop.original_filename }),
  });
  return (
    <Button
      mt="xs"
      size="compact-md"
      variant="light"
      leftSection={<IconRefresh size={16} />}
      loading={retry.isPending}
      aria-label={t("drops.retryOf", { name: drop.original_filename })}
      onClick={() => retry.mutate(undefined)}
    >
      {t("drops.retry")}
    </Button>
  );
}

/** Has every copy read again and compared with what was delivered. */
function ProveAgain({ drop, study }: { drop: Drop; study: Study }) {
  const { t } = useTranslation();
  const name = drop.original_filename;
  const prove = useStudyVerb(study, {
    do: () => api<Drop>("POST", `/v1/dropoffs/${drop.id}/prove/`),
    changes: ["drops"],
    said: () => t("drops.proving", { name }),
  });
  return (
    <Button
      mt="xs"
      size="compact-md"
      variant="subtle"
      leftSection={<IconShieldCheck size={16} />}
      loading={prove.isPending}
      disabled={drop.deliveries.some(delivery => delivery.proof === "asked")}
      aria-label={t("drops.proveOf", { name })}
      onClick={() => prove.mutate(undefined)}
    >
      {t("drops.prove")}
    </Button>
  );
}

function Proof({ delivery: { proof, proved_at, proof_message } }: { delivery: Delivery }) {
  const { t, i18n } = useTranslation();
  if (proof === null) return null;
  const at = proved_at === null ? "" : moment(proved_at, i18n.language);
  return (
    <span className={css.under}>
      {proof === "differs" && <Tag tone="bad">{t("drops.differs")}</Tag>} {t(`drops.proof.${proof}`, { time: at })}{" "}
      {proof_message}
    </span>
  );
}

function DeliveryLine({ delivery, file }: { delivery: Delivery; file: string }) {
  const { t, i18n } = useTranslation();
  const { state, bytes_done, bytes_total } = delivery;
  const done = state === "DONE";
  const rate = useRate(delivery);
  const facts = [
    state === "RUNNING" && t(`phase.${delivery.phase}`),
    state === "RUNNING" && bytes_total > 0 && `${percent(bytes_done, bytes_total)} %`,
    rate && `${bytes(Math.round(rate), i18n.language)}/s`,
    rate &&
      bytes_done < bytes_total &&
      t("dropoff.left", { time: duration((bytes_total - bytes_done) / rate, t("common.hour")) }),
    delivery.attempts > 1 && t("drops.attempts", { count: delivery.attempts }),
    !done && delivery.next_try_at && t("drops.nextTry", { time: moment(delivery.next_try_at, i18n.language) }),
  ].filter(Boolean);
  return (
    <li>
      <span className={css.deliveryHead}>
        <span>{delivery.storage}</span>
        <DeliveryTag state={state} />
      </span>
      {!done && (
        <Meter
          done={bytes_done}
          total={Math.max(1, bytes_total)}
          tone={state === "FAILED" ? "bad" : state === "PENDING" ? "quiet" : "busy"}
          label={t("drops.deliveryOf", { file, storage: delivery.storage })}
        />
      )}
      {facts.length > 0 && <span className={css.under}>{facts.join(" · ")}</span>}
      {done && <Proof delivery={delivery} />}
      {delivery.message && !done && <span className={css.under}>{delivery.message}</span>}
    </li>
  );
}
