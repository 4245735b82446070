import { Button, Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { Failure } from "../parts/Failure.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { bytes } from "../units.ts";
import { tableOf } from "./csv.ts";
import css from "./files.module.css";
import { previewOf } from "./preview.ts";
import { addressOf, type Entry } from "./types.ts";

/** So much of a text is shown. */
const MOST_BYTES = 64 * 1024;
const MOST_ROWS = 200;

type Props = { storage: string; entry: Entry; onClose: () => void };

export function PreviewDialog({ storage, entry, onClose }: Props) {
  const { t, i18n } = useTranslation();
  const address = `/api${addressOf(storage, "content/", entry.path)}`;
  const how = previewOf(entry);
  return (
    <Dialog opened onClose={onClose} title={entry.name} size="lg">
      {how === "image" && <img className={css.image} src={address} alt={t("files.pictureOf", { name: entry.name })} />}
      {(how === "text" || how === "table") && <Text address={address} entry={entry} asTable={how === "table"} />}
      <Group mt="md" justify="space-between">
        <span className={css.under}>{bytes(entry.size, i18n.language)}</span>
        <Button renderRoot={props => <a href={address} download={entry.name} {...props} />}>{t("files.download")}</Button>
      </Group>
    </Dialog>
  );
}

function Text({ address, entry, asTable }: { address: string; entry: Entry; asTable: boolean }) {
  const { t, i18n } = useTranslation();
  const text = useQuery({
    queryKey: ["preview", address, entry.modified_at, entry.size],
    queryFn: () => beginning(address, entry.size),
  });
  if (text.error) return <Failure error={text.error} retry={text.refetch} />;
  if (text.data === undefined) return <Waiting rows={4} />;
  const isCut = entry.size > MOST_BYTES;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what can only be scrolled must be reached by the keyboard */}
      <section className={css.scroll} aria-label={entry.name} tabIndex={0}>
        {asTable ? (
          <Table rows={tableOf(text.data, MOST_ROWS)} caption={entry.name} />
        ) : (
          <pre className={css.text}>{text.data}</pre>
        )}
      </section>
      {isCut && <p className={css.under}>{t("files.beginning", { size: bytes(MOST_BYTES, i18n.language) })}</p>}
    </>
  );
}

async function beginning(address: string, size: number): Promise<string> {
  if (size === 0) return "";
  const answer = await fetch(address, { headers: { range: `bytes=0-${MOST_BYTES - 1}` } }).catch(() => {
    throw new ApiError(0, "");
  });
  if (!answer.ok) throw new ApiError(answer.status, "");
  return answer.text();
}

function Table({ rows, caption }: { rows: readonly string[][]; caption: string }) {
  const [head = [], ...body] = rows;
  return (
    <table className={css.data}>
      <caption className={css.caption}>{caption}</caption>
      <thead>
        <tr>
          {head.map((field, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: columns have no other name
            <th key={index} scope="col">
              {field}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {body.map((row, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name
          <tr key={index}>
            {row.map((field, column) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns have no other name
              <td key={column}>{field}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
