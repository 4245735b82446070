import { Button, TextInput } from "@mantine/core";
import { IconAnchor, IconFiles, IconPlus, IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, get } from "../api/client.ts";
import type { Page, Study, StudyWrite } from "../api/types.ts";
import cards from "../parts/cards.module.css";
import { Failure } from "../parts/Failure.tsx";
import { Pager } from "../parts/Pager.tsx";
import { Empty, PageHead, Panel } from "../parts/Panel.tsx";
import { Tag } from "../parts/Status.tsx";
import { useTyped } from "../parts/useTyped.ts";
import { Waiting } from "../parts/Waiting.tsx";
import { useAnnounce } from "../shell/Announcer.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { bytes } from "../units.ts";
import { StudyForm } from "./StudyForm.tsx";
import css from "./studies.module.css";

const PAGE_SIZE = 12;

export function StudiesPage() {
  const { t } = useTranslation();
  usePageTitle(t("studies.title"));
  const { page = 1, search = "" } = useSearch({ from: "/signed-in/studies" });
  const navigate = useNavigate({ from: "/studies" });
  const [making, setMaking] = useState(false);
  const studies = useQuery({
    queryKey: ["studies", page, search],
    queryFn: () => get<Page<Study>>(`/v1/studies/?page=${page}&page_size=${PAGE_SIZE}&search=${encodeURIComponent(search)}`),
    placeholderData: keepPreviousData,
  });
  const typed = useTyped(search, words => void navigate({ search: words ? { search: words } : {}, replace: true }));
  return (
    <>
      <PageHead
        title={t("studies.title")}
        lead={<p>{t("studies.lead")}</p>}
        actions={
          <Button leftSection={<IconPlus size={18} />} onClick={() => setMaking(true)}>
            {t("studies.new")}
          </Button>
        }
      />
      <TextInput
        className={css.search}
        type="search"
        aria-label={t("studies.search")}
        placeholder={t("studies.search")}
        leftSection={<IconSearch size={18} />}
        {...typed}
      />
      {studies.error && <Failure error={studies.error} retry={studies.refetch} />}
      {studies.isPending && <Waiting rows={4} />}
      {studies.data && <StudyCards studies={studies.data.results} searched={search !== ""} />}
      <Pager
        page={page}
        count={studies.data?.count ?? 0}
        pageSize={PAGE_SIZE}
        onPage={next => void navigate({ search: before => ({ ...before, page: next }) })}
        what={t("studies.title")}
      />
      <NewStudy opened={making} onClose={() => setMaking(false)} />
    </>
  );
}

function StudyCards({ studies, searched }: { studies: readonly Study[]; searched: boolean }) {
  const { t, i18n } = useTranslation();
  if (studies.length === 0)
    return (
      <Panel>
        <Empty icon={<IconAnchor size={40} stroke={1.4} />} title={t(searched ? "studies.noneFound" : "studies.none")}>
          {t(searched ? "studies.noneFoundText" : "studies.noneText")}
        </Empty>
      </Panel>
    );
  return (
    <ul className={`${cards.cards} ${css.cards}`}>
      {studies.map(study => (
        <li key={study.id} className={`${cards.card} ${css.card}`}>
          <div className={cards.cardTop}>
            <span className={css.code}>{study.code}</span>
            {!study.has_storage ? (
              <Tag tone="bad">{t("studies.noStorage")}</Tag>
            ) : (
              <Tag tone={study.is_open ? "good" : "quiet"}>{t(study.is_open ? "studies.open" : "studies.closed")}</Tag>
            )}
          </div>
          <h2>
            <Link to="/studies/$id" params={{ id: String(study.id) }}>
              {study.name}
            </Link>
          </h2>
          {study.description && <p className={css.description}>{study.description}</p>}
          <p className={css.numbers}>
            <IconFiles size={17} aria-hidden="true" /> {t("studies.files", { count: study.total_files })} ·{" "}
            {bytes(study.total_file_size, i18n.language)} · {t(`role.${study.role}`)}
          </p>
        </li>
      ))}
    </ul>
  );
}

function NewStudy({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const announce = useAnnounce();
  const save = async (written: StudyWrite) => {
    const study = await api<Study>("POST", "/v1/studies/", written);
    await client.invalidateQueries({ queryKey: ["studies"] });
    onClose();
    announce(t("studies.made", { name: study.name }));
    await navigate({ to: "/studies/$id", params: { id: String(study.id) }, search: { tab: "storages" } });
  };
  return <StudyForm opened={opened} onClose={onClose} title={t("studies.new")} action={t("studies.create")} onSave={save} />;
}
