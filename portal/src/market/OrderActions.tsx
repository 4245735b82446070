import { Button, Group, Textarea } from "@mantine/core";
import { IconBan, IconCheck, IconRefresh, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import { Confirm } from "../parts/Confirm.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { Failure } from "../parts/Failure.tsx";
import { Panel } from "../parts/Panel.tsx";
import css from "./market.module.css";
import { useMarketVerb } from "./queries.ts";
import type { Order, OrderStanding, OrderVerb } from "./types.ts";

const AGREE: readonly OrderVerb[] = ["approve_by_consumer", "approve_by_provider", "set_state_done", "retry"];
/** Each needs a word why. Its name on the wire, where the server keeps one. */
const REASON: Partial<Record<OrderVerb, string>> = {
  reject_by_consumer: "consumer_rejection_comment",
  reject_by_provider: "provider_rejection_comment",
  set_state_erred: "error_message",
};

/** What whoever looks may do with an order now; nothing is shown to whoever may do nothing. */
export function OrderActions({ order, standing }: { order: Order; standing: OrderStanding }) {
  const { t } = useTranslation();
  if (standing.can.length === 0) return null;
  const decides = standing.can.some(verb => verb.startsWith("approve"));
  return (
    <Panel title={t(decides ? "market.yourTurn" : "market.youCan")}>
      {decides && (
        <p className={css.text}>
          {t(standing.by_hand && standing.waits_for === "provider" ? "market.handText" : "market.turnText")}
        </p>
      )}
      {standing.can.includes("retry") && <p className={css.text}>{t("market.retryText")}</p>}
      <Verbs order={order} can={standing.can} byHand={standing.by_hand} />
    </Panel>
  );
}

type VerbsProps = { order: Order; can: readonly OrderVerb[]; byHand?: boolean; small?: boolean };

export function Verbs({ order, can, byHand = false, small = false }: VerbsProps) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<OrderVerb>();
  const act = useMarketVerb(
    ({ verb, reason }: { verb: OrderVerb; reason?: string }) => {
      const field = REASON[verb];
      return api<unknown>("POST", `/marketplace-orders/${order.uuid}/${verb}/`, field && reason ? { [field]: reason } : {});
    },
    { said: t("market.decided"), onDone: () => setAsking(undefined) },
  );
  const name = order.resource_name || order.offering_name;
  return (
    <div className={css.verbs}>
      {can.map(verb => {
        const agrees = AGREE.includes(verb);
        const Icon = verb === "retry" ? IconRefresh : agrees ? IconCheck : verb === "cancel" ? IconBan : IconX;
        const word = t(verb === "approve_by_provider" && byHand ? "market.verb.made" : `market.verb.${verb}`);
        return (
          <Button
            key={verb}
            size={small ? "compact-md" : "sm"}
            variant={agrees ? "filled" : "default"}
            leftSection={<Icon size={17} />}
            aria-label={small ? `${word}: ${name}` : undefined}
            loading={act.isPending && act.variables.verb === verb}
            disabled={act.isPending}
            onClick={() => (agrees ? act.mutate({ verb }) : setAsking(verb))}
          >
            {word}
          </Button>
        );
      })}
      <Confirm
        opened={asking === "cancel"}
        title={t("market.cancelTitle")}
        text={t("market.cancelText", { name })}
        action={t("market.verb.cancel")}
        onClose={() => setAsking(undefined)}
        onConfirm={() => act.mutate({ verb: "cancel" })}
      />
      {asking && asking !== "cancel" && (
        <Reason
          title={t(`market.verb.${asking}`)}
          name={name}
          error={act.error}
          pending={act.isPending}
          onClose={() => setAsking(undefined)}
          onGive={reason => act.mutate({ verb: asking, reason })}
        />
      )}
    </div>
  );
}

type ReasonProps = {
  title: string;
  name: string;
  error: unknown;
  pending: boolean;
  onClose: () => void;
  onGive: (reason: string) => void;
};

/** Whoever is refused should know why. */
function Reason({ title, name, error, pending, onClose, onGive }: ReasonProps) {
  const { t } = useTranslation();
  const [reason, setReason] = useState("");
  return (
    <Dialog opened onClose={onClose} title={`${title}: ${name}`}>
      <form
        onSubmit={event => {
          event.preventDefault();
          onGive(reason.trim());
        }}
      >
        <Textarea
          label={t("market.reason")}
          description={t("market.reasonHelp")}
          value={reason}
          onChange={event => setReason(event.currentTarget.value)}
          maxLength={2000}
          autosize
          minRows={3}
          required
          data-autofocus
        />
        {error !== null && <Failure error={error} />}
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={onClose}>
            {t("common.keep")}
          </Button>
          <Button type="submit" color="red" loading={pending}>
            {title}
          </Button>
        </Group>
      </form>
    </Dialog>
  );
}
