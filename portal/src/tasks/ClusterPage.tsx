import { Alert, Button, Stack, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, get } from "../api/client.ts";
import { useSession } from "../api/session.ts";
import { Copyable } from "../parts/Copy.tsx";
import { Failure } from "../parts/Failure.tsx";
import { Meter } from "../parts/Meter.tsx";
import { Fact, Facts, PageHead, Panel } from "../parts/Panel.tsx";
import { Tag } from "../parts/Status.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { bytes, day, duration } from "../units.ts";
import { computeQuery, useTaskVerb } from "./taskQueries.ts";
import css from "./tasks.module.css";
import type { ClusterNode, Compute, ComputeAccount } from "./types.ts";

const MIB = 1024 * 1024;

export function ClusterPage() {
  const { t } = useTranslation();
  usePageTitle(t("tasks.cluster"));
  const compute = useQuery(computeQuery);
  const account = useQuery({ queryKey: ["compute", "account"], queryFn: () => get<ComputeAccount>("/v1/compute/account/") });
  const failed = compute.error ?? account.error;
  return (
    <>
      <PageHead
        title={t("tasks.cluster")}
        above={<Link to="/tasks">{t("tasks.title")}</Link>}
        lead={<p>{t("tasks.clusterLead")}</p>}
      />
      {failed && <Failure error={failed} />}
      {!failed && !(compute.data && account.data) && <Waiting rows={5} />}
      {compute.data && <Clusters compute={compute.data} />}
      {account.data && <Own account={account.data} />}
    </>
  );
}

function Clusters({ compute }: { compute: Compute }) {
  const { t } = useTranslation();
  const session = useSession();
  const flip = useTaskVerb(
    () => api("POST", "/v1/compute/maintenance/", { on: !compute.maintenance }),
    t(compute.maintenance ? "tasks.maintenanceEnded" : "tasks.maintenanceBegun"),
  );
  return (
    <Panel
      title={t("tasks.places")}
      actions={
        session?.user.is_superuser && (
          <Button variant="default" loading={flip.isPending} onClick={() => flip.mutate()}>
            {t(compute.maintenance ? "tasks.maintenanceEnd" : "tasks.maintenanceBegin")}
          </Button>
        )
      }
    >
      {compute.maintenance && (
        <Alert mb="md" variant="light" role="status" title={t("tasks.maintenance")}>
          {t("tasks.why.maintenance")}
        </Alert>
      )}
      <p className={css.quiet}>{t("tasks.counts", { pending: compute.pending, running: compute.running })}</p>
      {compute.clusters.length === 0 && <p>{t("tasks.noCluster")}</p>}
      {compute.clusters.map(cluster => (
        <section key={cluster.name} aria-label={cluster.name}>
          <h3>{cluster.name}</h3>
          <p className={css.quiet}>{cluster.said}</p>
          <ul className={css.nodes}>
            {cluster.nodes.map(node => (
              <Node key={node.name} node={node} />
            ))}
          </ul>
        </section>
      ))}
    </Panel>
  );
}

function Node({ node }: { node: ClusterNode }) {
  const { t, i18n } = useTranslation();
  const memory = (mib: number) => bytes(mib * MIB, i18n.language);
  return (
    <li>
      <div className={css.nodeHead}>
        <strong>{node.name}</strong>
        <Tag tone={node.state === "up" ? "good" : "bad"}>{t(`tasks.nodes.${node.state}`)}</Tag>
      </div>
      <span>{t("tasks.nodeCpu", { used: node.used_cpu, of: node.cpu })}</span>
      <Meter
        done={node.used_cpu}
        total={Math.max(1, node.cpu)}
        label={t("tasks.nodeCpu", { used: node.used_cpu, of: node.cpu })}
      />
      <span>{t("tasks.nodeMemory", { used: memory(node.used_memory_mib), of: memory(node.memory_mib) })}</span>
      <Meter
        done={node.used_memory_mib}
        total={Math.max(1, node.memory_mib)}
        label={t("tasks.nodeMemory", { used: memory(node.used_memory_mib), of: memory(node.memory_mib) })}
      />
    </li>
  );
}

function Own({ account }: { account: ComputeAccount }) {
  const { t, i18n } = useTranslation();
  const { quotas, usage } = account;
  const used = usage.reduce(
    (sum, one) => ({
      seconds: sum.seconds + one.seconds,
      cpu: sum.cpu + one.cpu,
      memory: sum.memory + one.memory_mib,
      tasks: sum.tasks + one.tasks,
    }),
    { seconds: 0, cpu: 0, memory: 0, tasks: 0 },
  );
  const hour = t("common.hour");
  const limit = (value: number, show: (value: number) => string) => (value === 0 ? t("tasks.noLimit") : show(value));
  return (
    <div className={css.columns}>
      <Panel title={t("tasks.quotas")}>
        <p className={css.quiet}>{t("tasks.quotasLead", { count: account.window_days })}</p>
        <div className={css.frame}>
          <table className={css.table}>
            <caption className={css.caption}>{t("tasks.quotas")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("tasks.what")}</th>
                <th scope="col">{t("tasks.used")}</th>
                <th scope="col">{t("tasks.limit")}</th>
              </tr>
            </thead>
            <tbody>
              <tr>
                <th scope="row">{t("tasks.time")}</th>
                <td>{used.seconds === 0 ? "–" : duration(used.seconds, hour)}</td>
                <td>{limit(quotas.seconds, value => duration(value, hour))}</td>
              </tr>
              <tr>
                <th scope="row">{t("tasks.cpu")}</th>
                <td>{used.cpu}</td>
                <td>{limit(quotas.cpu, String)}</td>
              </tr>
              <tr>
                <th scope="row">{t("tasks.memoryShort")}</th>
                <td>{bytes(used.memory * MIB, i18n.language)}</td>
                <td>{limit(quotas.memory_mib, value => bytes(value * MIB, i18n.language))}</td>
              </tr>
              {account.budget.map(line => (
                <tr key={line.unit}>
                  <th scope="row">{t("tasks.budget", { unit: line.unit })}</th>
                  <td>{(line.spent + line.held).toLocaleString(i18n.language)}</td>
                  <td>{line.granted.toLocaleString(i18n.language)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        <ul className={css.files}>
          {usage.slice(-7).map(one => (
            <li key={one.day}>
              <span>{day(one.day, i18n.language)}</span>
              <span className={css.size}>{t("tasks.dayUsed", { count: one.tasks, time: duration(one.seconds, hour) })}</span>
            </li>
          ))}
        </ul>
      </Panel>
      <Panel title={t("tasks.access")}>
        <p className={css.quiet}>{t("tasks.accessText")}</p>
        <Facts>
          <Fact name={t("tasks.apiUser")}>{account.username}</Fact>
          <Fact name={t("tasks.apiKey")}>
            <ApiKey account={account} />
          </Fact>
        </Facts>
        <PublicKey account={account} />
      </Panel>
    </div>
  );
}

/** Not on the screen before somebody wants to see it. */
function ApiKey({ account }: { account: ComputeAccount }) {
  const { t } = useTranslation();
  const [shown, setShown] = useState(false);
  const renew = useTaskVerb(() => api("POST", "/v1/compute/account/key/"), t("tasks.keyRenewed"));
  if (!shown)
    return (
      <Button size="compact-md" variant="default" onClick={() => setShown(true)}>
        {t("tasks.keyShow")}
      </Button>
    );
  return (
    <>
      <Copyable value={account.api_key} what={t("tasks.apiKey")} />
      <Button mt="xs" size="compact-md" variant="default" loading={renew.isPending} onClick={() => renew.mutate()}>
        {t("tasks.keyRenew")}
      </Button>
    </>
  );
}

function PublicKey({ account }: { account: ComputeAccount }) {
  const { t } = useTranslation();
  const [key, setKey] = useState(account.public_key);
  const save = useTaskVerb(() => api("PUT", "/v1/compute/account/", { public_key: key }), t("tasks.publicKeySaved"));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack mt="md">
        <Textarea
          label={t("tasks.publicKey")}
          description={t("tasks.publicKeyHelp")}
          value={key}
          onChange={event => setKey(event.currentTarget.value)}
          rows={3}
        />
        <Button type="submit" variant="light" loading={save.isPending}>
          {t("tasks.publicKeySave")}
        </Button>
      </Stack>
    </form>
  );
}
