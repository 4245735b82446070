import { Button, Group, Stack, Tabs, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, api } from "../api/client.ts";
import { useSession } from "../api/session.ts";
import css from "../market/market.module.css";
import { useMarketVerb } from "../market/queries.ts";
import type { Offering } from "../market/types.ts";
import { Confirm } from "../parts/Confirm.tsx";
import { Copyable } from "../parts/Copy.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { Failure } from "../parts/Failure.tsx";
import { PageHead, Panel } from "../parts/Panel.tsx";
import { Tag } from "../parts/Status.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { NotFound } from "../shell/Lost.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { Attributes } from "./Attributes.tsx";
import { Components } from "./Components.tsx";
import { Files } from "./Files.tsx";
import { FormBuilder } from "./FormBuilder.tsx";
import { OverviewForm } from "./OverviewForm.tsx";
import { Plans } from "./Plans.tsx";
import { ownOfferingQuery } from "./queries.ts";
import { Rules } from "./Rules.tsx";
import { OFFERING_TONE } from "./SellingPage.tsx";
import { OFFERING_TABS } from "./tabs.ts";

export function EditOfferingPage() {
  const { t } = useTranslation();
  const { uuid } = useParams({ from: "/signed-in/market/selling/offerings/$uuid" });
  const offering = useQuery(ownOfferingQuery(uuid));
  usePageTitle(offering.data?.name ?? t("selling.title"));
  if (offering.error instanceof ApiError && offering.error.status === 404) return <NotFound text={t("market.offeringGone")} />;
  if (offering.error) return <Failure error={offering.error} retry={offering.refetch} />;
  if (!offering.data) return <Waiting rows={6} />;
  return <Shown offering={offering.data} />;
}

function Shown({ offering }: { offering: Offering }) {
  const { t } = useTranslation();
  const { tab = "overview" } = useSearch({ from: "/signed-in/market/selling/offerings/$uuid" });
  const navigate = useNavigate({ from: "/market/selling/offerings/$uuid" });
  const isShown = offering.state === "Active" || offering.state === "Paused";
  return (
    <>
      <PageHead
        above={<Link to="/market/selling">{t("selling.title")}</Link>}
        title={offering.name}
        lead={
          <div role="status" className={css.state}>
            <Tag tone={OFFERING_TONE[offering.state] ?? "quiet"}>{t(`market.offering.${offering.state}`)}</Tag>
            <span>{offering.paused_reason || t(`selling.means.${offering.state}`)}</span>
            {isShown && (
              <Link to="/market/offerings/$uuid" params={{ uuid: offering.uuid }}>
                {t("selling.asOthers")}
              </Link>
            )}
            <Copyable value={offering.uuid} what={t("market.id")} short />
          </div>
        }
        actions={<States offering={offering} />}
      />
      <Tabs
        value={tab}
        onChange={value => {
          const next = OFFERING_TABS.find(one => one === value);
          if (next) void navigate({ search: { tab: next }, replace: true, resetScroll: false });
        }}
        keepMounted={false}
      >
        <Tabs.List mb="lg">
          {OFFERING_TABS.map(name => (
            <Tabs.Tab key={name} value={name}>
              {t(`selling.tab.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="overview">
          <OverviewForm offering={offering} />
        </Tabs.Panel>
        <Tabs.Panel value="components">
          <Components offering={offering} />
        </Tabs.Panel>
        <Tabs.Panel value="plans">
          <Plans offering={offering} />
        </Tabs.Panel>
        <Tabs.Panel value="form">
          <FormBuilder key="options" offering={offering} which="options" />
          <FormBuilder key="resource" offering={offering} which="resource_options" />
        </Tabs.Panel>
        <Tabs.Panel value="attributes">
          <Attributes offering={offering} />
        </Tabs.Panel>
        <Tabs.Panel value="files">
          <Files offering={offering} />
        </Tabs.Panel>
        <Tabs.Panel value="rules">
          <Rules offering={offering} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

type Event = "activate" | "draft" | "pause" | "unpause" | "archive" | "remove";
const EVENTS: Readonly<Record<Offering["state"], readonly Event[]>> = {
  Draft: ["activate", "archive", "remove"],
  Active: ["pause", "draft", "archive"],
  Paused: ["unpause", "draft", "archive"],
  Archived: ["draft"],
};

/** A draft is put on the market, and taken back to one, by superusers only: whoever may not is told whom to ask. */
function States({ offering }: { offering: Offering }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const staff = useSession()?.user.is_superuser === true;
  const [asking, setAsking] = useState<"pause" | "archive" | "remove">();
  const [reason, setReason] = useState("");
  const path = `/marketplace-provider-offerings/${offering.uuid}/`;
  const move = useMarketVerb(
    ({ event, body }: { event: Event; body?: object }) =>
      event === "remove" ? api("DELETE", path) : api("POST", `${path}${event}/`, body ?? {}),
    { said: t("market.saved"), onDone: () => setAsking(undefined) },
  );
  const events = EVENTS[offering.state].filter(event => staff || (event !== "activate" && event !== "draft"));
  const remove = () => move.mutate({ event: "remove" }, { onSuccess: () => void navigate({ to: "/market/selling" }) });
  return (
    <>
      {events.map(event => (
        <Button
          key={event}
          variant={event === "activate" || event === "unpause" ? "filled" : "default"}
          loading={move.isPending && move.variables.event === event}
          onClick={() =>
            event === "pause" || event === "archive" || event === "remove" ? setAsking(event) : move.mutate({ event })
          }
        >
          {t(`selling.event.${event}`)}
        </Button>
      ))}
      <Confirm
        opened={asking === "archive" || asking === "remove"}
        title={t(asking === "remove" ? "selling.removeTitle" : "selling.archiveTitle", { name: offering.name })}
        text={t(asking === "remove" ? "selling.removeText" : "selling.archiveText")}
        action={t(`selling.event.${asking === "remove" ? "remove" : "archive"}`)}
        onClose={() => setAsking(undefined)}
        onConfirm={() => (asking === "remove" ? remove() : move.mutate({ event: "archive" }))}
      />
      <Dialog opened={asking === "pause"} onClose={() => setAsking(undefined)} title={t("selling.event.pause")}>
        <form
          onSubmit={event => {
            event.preventDefault();
            move.mutate({ event: "pause", body: { paused_reason: reason.trim() } });
          }}
        >
          <Stack>
            <Textarea
              label={t("market.reason")}
              description={t("selling.pauseHelp")}
              value={reason}
              onChange={event => setReason(event.currentTarget.value)}
              maxLength={2000}
              autosize
              minRows={2}
              data-autofocus
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setAsking(undefined)}>
                {t("common.cancel")}
              </Button>
              <Button type="submit" loading={move.isPending}>
                {t("selling.event.pause")}
              </Button>
            </Group>
          </Stack>
        </form>
      </Dialog>
    </>
  );
}

/** A part of the editor: its fields, its button, and what went wrong. */
export function Part({
  title,
  help,
  error,
  pending,
  onSave,
  children,
}: {
  title: string;
  help?: string;
  error: unknown;
  pending: boolean;
  onSave: () => void;
  children: React.ReactNode;
}) {
  const { t } = useTranslation();
  return (
    <Panel title={title}>
      <form
        className={css.form}
        onSubmit={event => {
          event.preventDefault();
          onSave();
        }}
      >
        {help && <p className={css.text}>{help}</p>}
        {children}
        {error ? <Failure error={error} /> : null}
        <div>
          <Button type="submit" loading={pending}>
            {t("common.save")}
          </Button>
        </div>
      </form>
    </Panel>
  );
}
