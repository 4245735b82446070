import { Button, Group, Stack, Textarea, TextInput } from "@mantine/core";
import { IconAdjustments, IconArrowsExchange, IconEdit, IconReportAnalytics, IconSettings, IconTrash } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, fieldsOf } from "../api/client.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { Failure } from "../parts/Failure.tsx";
import { SaveForm } from "../parts/SaveForm.tsx";
import { ChangeLimits, SwitchPlan } from "./ChangeResource.tsx";
import css from "./market.module.css";
import { useMarketVerb } from "./queries.ts";
import { ResourceOptions } from "./ResourceOptions.tsx";
import type { Offering, Resource, ResourceStanding } from "./types.ts";

type Props = { resource: Resource; standing: ResourceStanding; offering: Offering | undefined };
type Asking = "change" | "limits" | "plan" | "options" | "terminate";

export function ResourceActions({ resource, standing, offering }: Props) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<Asking>();
  const close = () => setAsking(undefined);
  const others = (offering?.plans ?? []).filter(plan => plan.is_active && plan.uuid !== resource.plan_uuid);
  const offered: readonly (readonly [Asking, typeof IconEdit, boolean])[] = [
    ["limits", IconAdjustments, offering !== undefined],
    ["plan", IconArrowsExchange, others.length > 0],
    ["options", IconSettings, offering !== undefined],
    ["change", IconEdit, true],
    ["terminate", IconTrash, true],
  ];
  return (
    <>
      {offered
        .filter(([verb, , makesSense]) => makesSense && standing.can.includes(verb))
        .map(([verb, Icon]) => (
          <Button
            key={verb}
            variant={verb === "limits" ? "filled" : "default"}
            leftSection={<Icon size={17} />}
            onClick={() => setAsking(verb)}
          >
            {t(`market.resourceVerb.${verb}`)}
          </Button>
        ))}
      {standing.can.includes("report") && (
        <Button
          variant="default"
          leftSection={<IconReportAnalytics size={17} />}
          renderRoot={props => <Link to="/market/selling/usage" search={{ resource: resource.uuid }} {...props} />}
        >
          {t("selling.reportUse")}
        </Button>
      )}
      {asking === "options" && offering && <ResourceOptions resource={resource} offering={offering} onClose={close} />}
      {asking === "limits" && offering && <ChangeLimits resource={resource} offering={offering} onClose={close} />}
      {asking === "plan" && <SwitchPlan resource={resource} plans={others} onClose={close} />}
      {asking === "change" && <Change resource={resource} onClose={close} />}
      {asking === "terminate" && <Terminate resource={resource} asProvider={!standing.can.includes("change")} onClose={close} />}
    </>
  );
}

function Change({ resource, onClose }: { resource: Resource; onClose: () => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState(resource.name);
  const [description, setDescription] = useState(resource.description);
  const [endDate, setEndDate] = useState(resource.end_date ?? "");
  const save = useMarketVerb(
    () =>
      api("PATCH", `/marketplace-resources/${resource.uuid}/`, {
        name: name.trim(),
        description: description.trim(),
        end_date: endDate || null,
      }),
    { said: t("market.saved"), onDone: onClose, quiet: true },
  );
  const errors = fieldsOf(save.error);
  return (
    <Dialog opened onClose={onClose} title={t("market.resourceVerb.change")}>
      <SaveForm save={save} onSave={() => save.mutate(undefined)} onCancel={onClose} beside={["name", "description", "end_date"]}>
        <TextInput
          label={t("market.resourceName")}
          value={name}
          onChange={event => setName(event.currentTarget.value)}
          error={errors.name}
          maxLength={150}
          required
        />
        <Textarea
          label={t("market.description")}
          value={description}
          onChange={event => setDescription(event.currentTarget.value)}
          error={errors.description}
          autosize
          minRows={2}
        />
        <TextInput
          type="date"
          label={t("market.endDate")}
          description={t("market.endDateHelp")}
          value={endDate}
          onChange={event => setEndDate(event.currentTarget.value)}
          error={errors.end_date}
        />
      </SaveForm>
    </Dialog>
  );
}

/** What cannot be undone is confirmed by typing its name. */
function Terminate({ resource, asProvider, onClose }: { resource: Resource; asProvider: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const word = resource.name || resource.uuid.slice(0, 8);
  const collection = asProvider ? "marketplace-provider-resources" : "marketplace-resources";
  const end = useMarketVerb(() => api<{ order_uuid: string }>("POST", `/${collection}/${resource.uuid}/terminate/`, {}), {
    said: t("market.endOrdered"),
    quiet: true,
    onDone: ({ order_uuid: uuid }) => navigate({ to: "/market/orders/$uuid", params: { uuid } }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed.trim() === word) end.mutate(undefined);
  };
  return (
    <Dialog opened onClose={onClose} title={t("market.endTitle", { name: word })}>
      <form onSubmit={submit}>
        <Stack>
          <p className={css.text}>{t("market.endText")}</p>
          <TextInput
            label={t("market.typeName", { name: word })}
            value={typed}
            onChange={event => setTyped(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
          />
          {end.error && <Failure error={end.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("common.keep")}
            </Button>
            <Button type="submit" color="red" disabled={typed.trim() !== word} loading={end.isPending}>
              {t("market.resourceVerb.terminate")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
