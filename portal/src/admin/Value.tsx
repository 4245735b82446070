import { IconCheck, IconMinus } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Copyable } from "../parts/Copy.tsx";
import { Tag } from "../parts/Status.tsx";
import { bytes, moment } from "../units.ts";
import css from "./admin.module.css";
import type { Column, Named } from "./model.ts";
import { useAdminWords } from "./words.ts";

type Props = { column: Column; value: unknown; title: string; whole?: boolean };

/** A value as people read it. In a list it keeps to a line or two; `whole` shows all of it. */
export function Value({ column, value, title, whole = false }: Props) {
  const { i18n } = useTranslation();
  if (value === null || value === undefined || value === "") return <Nothing />;
  switch (column.type) {
    case "flag":
      return <Flag on={value === true} />;
    case "moment":
      return (
        <time className={css.number} dateTime={String(value)}>
          {moment(String(value), i18n.language)}
        </time>
      );
    case "bytes":
      return <span className={css.number}>{bytes(Number(value), i18n.language)}</span>;
    case "number":
    case "count":
      return <span className={css.number}>{Number(value).toLocaleString(i18n.language)}</span>;
    case "choice":
      return <Choice value={String(value)} />;
    case "texts":
      return <Texts values={value as string[]} />;
    case "link":
      return <Leads to={column.to ?? ""} named={value as Named} />;
    case "actor":
      return <Actor named={value as Named} />;
    case "json":
      return <Json value={value} whole={whole} />;
    default:
      return <Text column={column} text={String(value)} title={title} whole={whole} />;
  }
}

const Nothing = () => <span className={css.nothing}>–</span>;

function Flag({ on }: { on: boolean }) {
  const { t } = useTranslation();
  const words = t(on ? "common.yes" : "common.no");
  return (
    <span className={css.flag} data-on={on || undefined}>
      {on ? <IconCheck size={16} aria-hidden="true" /> : <IconMinus size={16} aria-hidden="true" />} {words}
    </span>
  );
}

const GOOD = new Set(["DONE", "done", "sent"]);
const BUSY = new Set(["MOVING", "UPLOADING", "UPLOADED", "running", "sending", "verifying", "queued", "UPDATING", "DELETE"]);
const BAD = new Set(["ERROR", "parked", "refused", "warning", "OFFLINE"]);

function Choice({ value }: { value: string }) {
  const words = useAdminWords();
  const tone = GOOD.has(value) ? "good" : BUSY.has(value) ? "busy" : BAD.has(value) ? "bad" : "quiet";
  return <Tag tone={tone}>{words.choice(value)}</Tag>;
}

const Texts = ({ values }: { values: readonly string[] }) => (values.length === 0 ? <Nothing /> : values.join(", "));

export function Leads({ to, named }: { to: string; named: Named }) {
  return (
    <Link to="/api/admin/$kind/$id/" params={{ kind: to, id: String(named.id) }}>
      {named.title || String(named.id)}
    </Link>
  );
}

/** "person:5" leads to the person; the system and nobody have no page. */
function Actor({ named: { id, title } }: { named: Named }) {
  const person = /^person:(\d+)$/.exec(String(id))?.[1];
  return person ? <Leads to="people" named={{ id: person, title: title ?? String(id) }} /> : String(id);
}

function Json({ value, whole }: { value: unknown; whole: boolean }) {
  if (typeof value === "object" && value !== null && Object.keys(value).length === 0) return <Nothing />;
  return whole ? (
    <pre className={css.json}>{JSON.stringify(value, null, 2)}</pre>
  ) : (
    <code className={css.clipped}>{JSON.stringify(value)}</code>
  );
}

/** Names of machines' making are copied rather than read. */
const COPIED = new Set(["sha256", "seal_hash", "public_id", "upload_uuid", "message_id", "key", "object_id", "final_path"]);

function Text({ column, text, title, whole }: { column: Column; text: string; title: string; whole: boolean }) {
  const { t } = useTranslation();
  const words = useAdminWords();
  if (whole && COPIED.has(column.name))
    return <Copyable value={text} what={t("admin.object.valueOf", { name: words.field(column.name), title })} />;
  return <span className={whole ? css.whole : css.clipped}>{text}</span>;
}
