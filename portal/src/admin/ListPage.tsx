import { Button, TextInput } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconPlus, IconSearch, IconSearchOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../parts/Failure.tsx";
import { Empty, PageHead, Panel } from "../parts/Panel.tsx";
import { useTyped } from "../parts/useTyped.ts";
import { Waiting } from "../parts/Waiting.tsx";
import { NotFound } from "../shell/Lost.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import css from "./admin.module.css";
import { listQuery, useKinds } from "./adminQueries.ts";
import { BulkBar, type Chosen, NONE_CHOSEN } from "./BulkBar.tsx";
import { ExportMenu } from "./ExportMenu.tsx";
import { Chips, FilterButton, FilterFields } from "./Filters.tsx";
import { choiceOf, filtersOf, fromStart, type Kind, type ListSearch, type RowPage } from "./model.ts";
import { RowForm } from "./RowForm.tsx";
import { RowTable } from "./RowTable.tsx";
import { useAdminWords } from "./words.ts";

export function ListPage() {
  const { kind: name } = useParams({ from: "/signed-in/api/admin/$kind" });
  const { t } = useTranslation();
  const kind = useKinds().find(one => one.name === name);
  if (!kind) return <NotFound text={t("admin.unknown")} />;
  // Each kind has its own choice of rows and open filters.
  return <List key={name} kind={kind} />;
}

function List({ kind }: { kind: Kind }) {
  const { t } = useTranslation();
  const words = useAdminWords();
  usePageTitle(`${words.many(kind.name)} · ${t("admin.title")}`);
  const search: ListSearch = useSearch({ from: "/signed-in/api/admin/$kind" });
  const navigate = useNavigate();
  const page = useQuery(listQuery(kind.name, search));
  const [chosen, setChosen] = useState<Chosen>(NONE_CHOSEN);
  const [filtering, setFiltering] = useState(false);
  const go = (next: ListSearch | ((before: Record<string, string | undefined>) => ListSearch), replace = false): void => {
    setChosen(NONE_CHOSEN);
    void navigate({ to: "/api/admin/$kind/", params: { kind: kind.name }, search: next, replace, resetScroll: false });
  };
  // What was typed arrives a moment later: by then another filter may have been chosen, or another page.
  const narrow = (name: string, value: string): void => {
    const isHere = window.location.pathname.replace(/\/$/, "") === `/api/admin/${kind.name}`;
    if (isHere) go(before => fromStart({ ...before, [name]: value }), true);
  };
  const bulk = kind.actions.some(({ single }) => !single);
  return (
    <>
      <PageHead title={words.many(kind.name)} lead={<p>{words.lead(kind.name)}</p>} actions={<HeadActions kind={kind} />} />
      <div className={css.tools}>
        {kind.search && <SearchField kind={kind} value={search.search ?? ""} onSearch={text => narrow("search", text)} />}
        {filtersOf(kind).length > 0 && (
          <FilterButton kind={kind} search={search} opened={filtering} onToggle={() => setFiltering(before => !before)} />
        )}
        <ExportMenu kind={kind} search={search} />
      </div>
      {filtering && <FilterFields kind={kind} search={search} onFilter={narrow} />}
      <Chips kind={kind} search={search} onFilter={narrow} onReset={() => go({})} />
      {page.error && <Failure error={page.error} retry={page.refetch} />}
      {page.isPending && <Waiting rows={6} />}
      {page.data && (
        <section aria-busy={page.isPlaceholderData || undefined} aria-label={words.many(kind.name)}>
          {page.data.results.length === 0 ? (
            <NoRows kind={kind} search={search} />
          ) : (
            <RowTable
              kind={kind}
              rows={page.data.results}
              sort={search.sort ?? kind.sort}
              onSort={sort => go({ ...fromStart(search), sort })}
              chosen={bulk ? chosen : undefined}
              onChoose={setChosen}
            />
          )}
          <Foot kind={kind} page={page.data} search={search} onGo={go} />
          {bulk && <BulkBar kind={kind} page={page.data} matching={choiceOf(search)} chosen={chosen} onChoose={setChosen} />}
        </section>
      )}
    </>
  );
}

function HeadActions({ kind }: { kind: Kind }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [making, setMaking] = useState(false);
  return (
    <>
      {kind.name === "events" && (
        <Button
          variant="default"
          renderRoot={props => <Link to="/api/admin/$kind/$id/" params={{ kind: "self-tests", id: "audit chain" }} {...props} />}
        >
          {t("admin.list.chain")}
        </Button>
      )}
      {kind.add && (
        <>
          <Button leftSection={<IconPlus size={18} />} onClick={() => setMaking(true)}>
            {t("admin.list.new")}
          </Button>
          <RowForm
            kind={kind}
            fields={kind.add}
            opened={making}
            onClose={() => setMaking(false)}
            onSaved={({ id }) => void navigate({ to: "/api/admin/$kind/$id/", params: { kind: kind.name, id: String(id) } })}
          />
        </>
      )}
    </>
  );
}

function SearchField({ kind, value, onSearch }: { kind: Kind; value: string; onSearch: (text: string) => void }) {
  const { t, i18n } = useTranslation();
  const words = useAdminWords();
  const field = useRef<HTMLInputElement>(null);
  useHotkeys([["/", () => field.current?.focus()]]);
  const typed = useTyped(value, onSearch);
  const label = t("admin.list.search", { what: words.many(kind.name).toLocaleLowerCase(i18n.language) });
  return (
    <TextInput
      ref={field}
      className={css.search ?? ""}
      type="search"
      aria-label={label}
      aria-keyshortcuts="/"
      title={t("admin.list.searchKey")}
      placeholder={label}
      leftSection={<IconSearch size={18} />}
      {...typed}
    />
  );
}

function NoRows({ kind, search }: { kind: Kind; search: ListSearch }) {
  const { t } = useTranslation();
  const words = useAdminWords();
  const narrowed = Object.keys(choiceOf(search)).length > 0;
  const usual = Object.entries(kind.usual).every(([name, value]) => search[name] === value);
  const what = Object.entries(kind.usual)
    .map(([name, value]) => `${words.field(name)}: ${value === "true" ? t("common.yes") : words.choice(value)}`)
    .join(", ");
  const isUsual = narrowed && usual && what !== "" && Object.keys(choiceOf(search)).length === Object.keys(kind.usual).length;
  return (
    <Panel>
      <Empty
        icon={<IconSearchOff size={40} stroke={1.4} />}
        title={t(narrowed && !isUsual ? "admin.list.noneFound" : "admin.list.none")}
      >
        {isUsual ? t("admin.list.noneUsualText", { what }) : narrowed && t("admin.list.noneFoundText")}
      </Empty>
    </Panel>
  );
}

type FootProps = { kind: Kind; page: RowPage; search: ListSearch; onGo: (search: ListSearch) => void };

/** How many there are, and the pages before and after. */
function Foot({ kind, page, search, onGo }: FootProps) {
  const { t, i18n } = useTranslation();
  const words = useAdminWords();
  const { count, count_is_exact: isExact } = page;
  const shown = count.toLocaleString(i18n.language);
  return (
    <div className={css.foot}>
      <p role="status">
        {isExact ? t("admin.list.count", { count, formatted: shown }) : t("admin.list.countAtLeast", { count: shown as never })}
      </p>
      {(page.next || page.previous) && (
        <nav aria-label={t("admin.list.pages", { what: words.many(kind.name) })}>
          <PageButton link={page.previous} label={t("admin.list.previous")} search={search} onGo={onGo} />
          <PageButton link={page.next} label={t("admin.list.next")} search={search} onGo={onGo} />
        </nav>
      )}
    </div>
  );
}

type PageProps = { link: string | null; label: string; search: ListSearch; onGo: (search: ListSearch) => void };

function PageButton({ link, label, search, onGo }: PageProps) {
  const place = link ? new URL(link).searchParams : undefined;
  const go = (): void => {
    const [after, before] = [place?.get("after"), place?.get("before")];
    onGo({ ...fromStart(search), ...(after ? { after } : {}), ...(before ? { before } : {}) });
    window.scrollTo({ top: 0 });
  };
  return (
    <Button variant="default" size="compact-md" disabled={!place} onClick={go}>
      {label}
    </Button>
  );
}
