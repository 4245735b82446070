import { Button } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useQueries, useQuery } from "@tanstack/react-query";
import { Link, useParams, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client.ts";
import { CopyButton } from "../parts/Copy.tsx";
import { Failure } from "../parts/Failure.tsx";
import { PageHead, Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { NotFound } from "../shell/Lost.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { Progress } from "./Acted.tsx";
import { ActionDialog } from "./ActionDialog.tsx";
import { ActionMenu } from "./ActionMenu.tsx";
import css from "./admin.module.css";
import { listQuery, rowQuery, useKinds } from "./adminQueries.ts";
import { History } from "./History.tsx";
import { type Action, belongingTo, type Kind, type Row, type RowPage } from "./model.ts";
import { RowForm } from "./RowForm.tsx";
import { Value } from "./Value.tsx";
import { useAdminWords } from "./words.ts";

export function ObjectPage() {
  const { kind: name, id } = useParams({ from: "/signed-in/api/admin/$kind/$id" });
  const { t } = useTranslation();
  const kind = useKinds().find(one => one.name === name);
  const row = useQuery({ ...rowQuery(name, id), enabled: kind !== undefined });
  const isGone = row.error instanceof ApiError && row.error.status === 404;
  if (!kind || (isGone && !row.data)) return <NotFound text={t("admin.unknown")} />;
  // Who has just removed it is still to read what became of that.
  if (row.data) return <OneObject key={`${name}/${id}`} kind={kind} row={row.data} isGone={isGone} />;
  return row.error ? <Failure error={row.error} retry={row.refetch} /> : <Waiting rows={6} />;
}

type Props = { kind: Kind; row: Row; isGone: boolean };

function OneObject({ kind, row, isGone }: Props) {
  const { t } = useTranslation();
  const words = useAdminWords();
  const title = words.title(kind.name, row);
  usePageTitle(`${title} · ${t("admin.title")}`);
  return (
    <>
      <PageHead
        title={title}
        above={
          <Link to="/api/admin/$kind/" params={{ kind: kind.name }} search={kind.usual}>
            {words.many(kind.name)}
          </Link>
        }
        lead={
          <p className={css.idLine}>
            {t("admin.object.id")} <code>{String(row.id)}</code>
            <CopyButton value={String(row.id)} what={t("admin.object.idOf", { title })} />
          </p>
        }
        actions={
          <>
            <Actions kind={kind} row={row} isGone={isGone} />
            <Change kind={kind} row={row} />
          </>
        }
      />
      {kind.name === "bulks" && (
        <Panel>
          <Progress id={row.id} total={Number(row.total)} inside />
        </Panel>
      )}
      <div className={css.halves}>
        <Panel title={t("admin.object.facts")}>
          <dl className={css.facts}>
            {kind.columns.map(column => (
              <div key={column.name}>
                <dt>{words.field(column.name)}</dt>
                <dd>
                  <Value column={column} value={row[column.name]} title={title} whole />
                </dd>
              </div>
            ))}
          </dl>
        </Panel>
        <div>
          <Related kind={kind} row={row} />
          <History kind={kind} row={row} />
        </div>
      </div>
    </>
  );
}

function Change({ kind, row }: { kind: Kind; row: Row }) {
  const { t } = useTranslation();
  const [changing, setChanging] = useState(false);
  if (!kind.change) return null;
  return (
    <>
      <Button leftSection={<IconPencil size={18} />} onClick={() => setChanging(true)}>
        {t("admin.object.edit")}
      </Button>
      <RowForm kind={kind} fields={kind.change} row={row} opened={changing} onClose={() => setChanging(false)} />
    </>
  );
}

/** A few stand side by side; more of them are a menu. */
const MOST_BUTTONS = 3;

function Actions({ kind, row, isGone }: Props) {
  const { t } = useTranslation();
  const words = useAdminWords();
  const router = useRouter();
  const [action, setAction] = useState<Action>();
  const close = (): void => {
    setAction(undefined);
    if (isGone) void router.navigate({ to: "/api/admin/$kind/", params: { kind: kind.name }, search: kind.usual });
  };
  return (
    <>
      {kind.actions.length > MOST_BUTTONS ? (
        <ActionMenu kind={kind} actions={kind.actions} label={t("admin.object.actions")} onPick={setAction} />
      ) : (
        kind.actions.map(one => (
          <Button
            key={one.name}
            variant={one.danger ? "outline" : "light"}
            {...(one.danger ? { color: "red" } : {})}
            onClick={() => setAction(one)}
          >
            {words.action(kind.name, one.name)}
          </Button>
        ))
      )}
      {action && <ActionDialog kind={kind} action={action} target={{ rows: [row] }} opened onClose={close} />}
    </>
  );
}

/** The lists that can be narrowed to this one, with how many are there. */
function Related({ kind, row }: { kind: Kind; row: Row }) {
  const { t, i18n } = useTranslation();
  const words = useAdminWords();
  const related = belongingTo(useKinds(), kind.name);
  const pages = useQueries({
    queries: related.map(({ kind: other, by }) => listQuery(other.name, { [by]: String(row.id), page_size: "1" })),
  });
  if (related.length === 0) return null;
  const count = (page: RowPage | undefined): string =>
    page === undefined ? "…" : `${page.count.toLocaleString(i18n.language)}${page.count_is_exact ? "" : "+"}`;
  return (
    <Panel title={t("admin.object.related")}>
      <ul className={css.lines}>
        {related.map(({ kind: other, by }, index) => (
          <li key={`${other.name} ${by}`} className={css.relatedLine}>
            <Link to="/api/admin/$kind/" params={{ kind: other.name }} search={{ [by]: String(row.id) }}>
              {words.many(other.name)}
            </Link>
            <span>{count(pages[index]?.data)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
