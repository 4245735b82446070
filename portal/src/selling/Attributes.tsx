import { ActionIcon, Button, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import { useMarketVerb } from "../market/queries.ts";
import type { Offering } from "../market/types.ts";
import { attributesOut, type Line, linesOf } from "./attributes.ts";
import { Part } from "./EditOfferingPage.tsx";
import own from "./selling.module.css";

/** What describes it beside its texts; shown among its facts, and found by programs. */
export function Attributes({ offering }: { offering: Offering }) {
  const { t } = useTranslation();
  const [lines, setLines] = useState(() => linesOf(offering.attributes));
  const save = useMarketVerb(
    () =>
      api("POST", `/marketplace-provider-offerings/${offering.uuid}/update_attributes/`, { attributes: attributesOut(lines) }),
    { said: t("market.saved"), quiet: true },
  );
  const change = (place: number, part: Partial<Line>) =>
    setLines(lines.map((line, index) => (index === place ? { ...line, ...part } : line)));
  return (
    <Part
      title={t("selling.tab.attributes")}
      help={t("selling.attributesHelp")}
      error={save.error}
      pending={save.isPending}
      onSave={() => save.mutate(undefined)}
    >
      {lines.map((line, place) => (
        <div key={line.id} className={own.attribute}>
          <TextInput
            label={t("selling.attribute")}
            value={line.name}
            onChange={event => change(place, { name: event.currentTarget.value })}
          />
          <TextInput
            label={t("selling.value")}
            value={line.text}
            onChange={event => change(place, { text: event.currentTarget.value })}
          />
          <ActionIcon
            variant="default"
            size={36}
            aria-label={`${t("common.remove")}: ${line.name}`}
            onClick={() => setLines(lines.filter((_, index) => index !== place))}
          >
            <IconTrash size={17} />
          </ActionIcon>
        </div>
      ))}
      <div>
        <Button
          variant="default"
          leftSection={<IconPlus size={16} />}
          onClick={() => setLines([...lines, { id: Date.now(), name: "", text: "", was: undefined }])}
        >
          {t("selling.addAttribute")}
        </Button>
      </div>
    </Part>
  );
}
