import { Button, Group, NativeSelect, Stack, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { Failure, wordsFor } from "../parts/Failure.tsx";
import { LimitFields } from "./LimitFields.tsx";
import css from "./market.module.css";
import { Lines } from "./PriceBox.tsx";
import { quoteQuery, useMarketVerb } from "./queries.ts";
import type { Offering, Plan, Resource } from "./types.ts";

const ASK_AFTER_MS = 250;
type Placed = { order_uuid: string };

/** Orders that change a resource: what is wanted, what it will cost, and off to the order. */
function ChangeOrder({
  title,
  resource,
  limits,
  plan,
  body,
  verb,
  onClose,
  children,
}: {
  title: string;
  resource: Resource;
  limits: Readonly<Record<string, number>>;
  plan: string | null;
  body: unknown;
  verb: "update_limits" | "switch_plan";
  onClose: () => void;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [settled] = useDebouncedValue(limits, ASK_AFTER_MS);
  const quote = useQuery(quoteQuery({ resource: resource.uuid }, settled));
  const priced = quote.data?.plans.find(one => one.uuid === plan);
  const order = useMarketVerb(() => api<Placed>("POST", `/marketplace-resources/${resource.uuid}/${verb}/`, body), {
    said: t("market.ordered"),
    quiet: true,
    onDone: ({ order_uuid: uuid }) => navigate({ to: "/market/orders/$uuid", params: { uuid } }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    order.mutate(undefined);
  };
  return (
    <Dialog opened onClose={onClose} title={title} size="lg">
      <form onSubmit={submit}>
        <Stack>
          <p className={css.text}>{t("market.changeText")}</p>
          {children}
          {quote.error && (
            <p role="alert" className={css.trouble}>
              {wordsFor(quote.error, t)}
            </p>
          )}
          {priced && quote.data && !quote.error && (
            <Lines quote={priced} currency={quote.data.currency} stale={quote.isPlaceholderData} />
          )}
          {order.error && <Failure error={order.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" loading={order.isPending}>
              {t("market.placeOrder")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

export function ChangeLimits({ resource, offering, onClose }: { resource: Resource; offering: Offering; onClose: () => void }) {
  const { t } = useTranslation();
  const [limits, setLimits] = useState(resource.limits);
  const [comment, setComment] = useState("");
  return (
    <ChangeOrder
      title={t("market.resourceVerb.limits")}
      resource={resource}
      limits={limits}
      plan={resource.plan_uuid}
      body={{ limits, ...(comment.trim() ? { request_comment: comment.trim() } : {}) }}
      verb="update_limits"
      onClose={onClose}
    >
      <LimitFields components={offering.components} limits={limits} onChange={setLimits} />
      <Textarea
        label={t("market.comment")}
        value={comment}
        onChange={event => setComment(event.currentTarget.value)}
        maxLength={2000}
        autosize
        minRows={2}
      />
    </ChangeOrder>
  );
}

export function SwitchPlan({ resource, plans, onClose }: { resource: Resource; plans: readonly Plan[]; onClose: () => void }) {
  const { t } = useTranslation();
  const [plan, setPlan] = useState(plans[0]?.uuid ?? "");
  return (
    <ChangeOrder
      title={t("market.resourceVerb.plan")}
      resource={resource}
      limits={resource.limits}
      plan={plan}
      body={{ plan: plans.find(one => one.uuid === plan)?.url }}
      verb="switch_plan"
      onClose={onClose}
    >
      <NativeSelect
        label={t("market.newPlan")}
        description={t("market.planNow", { plan: resource.plan_name ?? "–" })}
        value={plan}
        onChange={event => setPlan(event.currentTarget.value)}
        data={plans.map(one => ({ value: one.uuid, label: one.description ? `${one.name}: ${one.description}` : one.name }))}
      />
    </ChangeOrder>
  );
}
