import { Button } from "@mantine/core";
import { IconPlus, IconServer } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import cards from "../parts/cards.module.css";
import { Failure } from "../parts/Failure.tsx";
import { Pager } from "../parts/Pager.tsx";
import { Empty, PageHead, Panel } from "../parts/Panel.tsx";
import { Tag } from "../parts/Status.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { bytes, day } from "../units.ts";
import css from "./machines.module.css";
import { type Machine, machinesQuery, stateOf } from "./model.ts";
import { useMachineNews } from "./useMachines.ts";

const PAGE_SIZE = 12;

export function MachinesPage() {
  const { t } = useTranslation();
  usePageTitle(t("machine.title"));
  const { page = 1 } = useSearch({ from: "/signed-in/machines" });
  const navigate = useNavigate({ from: "/machines" });
  const machines = useQuery({ ...machinesQuery(page, PAGE_SIZE), placeholderData: keepPreviousData });
  useMachineNews(machines.isSuccess);
  return (
    <>
      <PageHead
        title={t("machine.title")}
        lead={<p>{t("machine.lead")}</p>}
        actions={
          <Button leftSection={<IconPlus size={18} />} renderRoot={props => <Link to="/machines/new" {...props} />}>
            {t("machine.new")}
          </Button>
        }
      />
      {machines.error && <Failure error={machines.error} retry={machines.refetch} />}
      {machines.isPending && <Waiting rows={4} />}
      {machines.data?.count === 0 && (
        <Panel>
          <Empty icon={<IconServer size={40} stroke={1.4} />} title={t("machine.none")}>
            {t("machine.noneText")}
          </Empty>
        </Panel>
      )}
      <ul className={`${cards.cards} ${css.cards}`}>
        {(machines.data?.results ?? []).map(machine => (
          <MachineCard key={machine.id} machine={machine} />
        ))}
      </ul>
      <Pager
        page={page}
        count={machines.data?.count ?? 0}
        pageSize={PAGE_SIZE}
        onPage={next => void navigate({ search: { page: next } })}
        what={t("machine.title")}
      />
    </>
  );
}

function MachineCard({ machine }: { machine: Machine }) {
  const { t, i18n } = useTranslation();
  const { tone, word } = stateOf(machine);
  const { first_name, last_name } = machine.researcher;
  return (
    <li className={`${cards.card} ${css.card}`}>
      <div className={cards.cardTop}>
        <span className={css.quiet}>{machine.study.name}</span>
        <Tag tone={tone}>{t(word)}</Tag>
      </div>
      <h2>
        <Link to="/machines/$id" params={{ id: String(machine.id) }}>
          {machine.name}
        </Link>
      </h2>
      <p className={css.quiet}>
        {machine.operating_system.name}, {machine.profile.name}
        {!machine.is_own && ` · ${t("machine.of", { name: `${first_name} ${last_name}`.trim() })}`}
      </p>
      {machine.workspace.status === "ERROR" && <p className={css.trouble}>{machine.workspace.status_message}</p>}
      <p className={css.numbers}>
        {t("machine.sizes", {
          memory: bytes(machine.total_memory, i18n.language),
          storage: bytes(machine.total_storage, i18n.language),
        })}{" "}
        · {t("machine.until", { day: day(machine.workspace.ending_at, i18n.language) })}
      </p>
    </li>
  );
}
