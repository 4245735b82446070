import { Button } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, sendFile } from "../api/client.ts";
import css from "../market/market.module.css";
import { addressOfFile, offeringFilesQuery, useMarketVerb } from "../market/queries.ts";
import type { Offering, OfferingFile } from "../market/types.ts";
import { Confirm } from "../parts/Confirm.tsx";
import { Failure } from "../parts/Failure.tsx";
import { Meter } from "../parts/Meter.tsx";
import { Panel } from "../parts/Panel.tsx";
import { Chooser } from "../parts/picking.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { bytes } from "../units.ts";

const KINDS = ["thumbnail", "picture", "file"] as const;

/** What an offering carries: its thumbnail, its pictures, its files. */
export function Files({ offering }: { offering: Offering }) {
  const files = useQuery(offeringFilesQuery(offering.uuid));
  if (files.error) return <Failure error={files.error} retry={files.refetch} />;
  if (!files.data) return <Waiting rows={4} />;
  return KINDS.map(kind => (
    <OfKind key={kind} offering={offering} kind={kind} files={files.data.filter(file => file.kind === kind)} />
  ));
}

interface Props {
  offering: Offering;
  kind: OfferingFile["kind"];
  files: readonly OfferingFile[];
}

function OfKind({ offering, kind, files }: Props) {
  const { t, i18n } = useTranslation();
  const [sending, setSending] = useState<{ name: string; size: number; sent: number }>();
  const [removing, setRemoving] = useState<OfferingFile>();
  const add = useMarketVerb(
    async (chosen: readonly File[]) => {
      for (const file of chosen) {
        const told = (sent: number) => setSending({ name: file.name, size: file.size, sent });
        told(0);
        const path = `/v1/market/offerings/${offering.uuid}/files/?kind=${kind}&name=${encodeURIComponent(file.name)}`;
        await sendFile("POST", path, file, told, new AbortController().signal);
      }
    },
    { said: t("market.saved"), quiet: true },
  );
  const remove = useMarketVerb(({ uuid }: OfferingFile) => api("DELETE", `/v1/market/offering-files/${uuid}/`), {
    said: t("market.saved"),
  });
  return (
    <Panel title={t(`selling.carried.${kind}`)}>
      <p className={css.text}>{t(`selling.carriedHelp.${kind}`)}</p>
      <ul className={css.rows}>
        {files.map(file => (
          <li key={file.uuid}>
            {kind !== "file" && <img className={css.preview} src={addressOfFile(file.uuid)} alt="" />}
            <div className={css.line}>
              <a href={addressOfFile(file.uuid)}>{file.name}</a>
              <span className={css.small}>{bytes(file.size, i18n.language)}</span>
            </div>
            <Button
              size="compact-md"
              variant="default"
              aria-label={`${t("common.remove")}: ${file.name}`}
              onClick={() => setRemoving(file)}
            >
              {t("common.remove")}
            </Button>
          </li>
        ))}
      </ul>
      {add.isPending && sending && <Meter done={sending.sent} total={sending.size} label={sending.name} />}
      {add.error && <Failure error={add.error} />}
      <div className={css.verbs}>
        <Chooser
          label={t(`selling.addCarried.${kind}`)}
          icon={<IconUpload size={18} />}
          folder={false}
          onPicked={picked => add.mutate(picked.map(({ file }) => file))}
        />
      </div>
      <Confirm
        opened={removing !== undefined}
        title={t("selling.removeCarried", { name: removing?.name ?? "" })}
        text={t("selling.removeCarriedText")}
        action={t("common.remove")}
        onClose={() => setRemoving(undefined)}
        onConfirm={() => {
          if (removing) remove.mutate(removing);
          setRemoving(undefined);
        }}
      />
    </Panel>
  );
}
