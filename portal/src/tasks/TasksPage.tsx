import { Button, SegmentedControl, TextInput } from "@mantine/core";
import { IconPlus, IconSearch, IconServer2, IconStack2 } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { get } from "../api/client.ts";
import type { Page } from "../api/types.ts";
import { Failure } from "../parts/Failure.tsx";
import { Pager } from "../parts/Pager.tsx";
import { Empty, PageHead, Panel } from "../parts/Panel.tsx";
import { useTyped } from "../parts/useTyped.ts";
import { Waiting } from "../parts/Waiting.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { TaskTable } from "./TaskTable.tsx";
import { LOOK_MS } from "./taskQueries.ts";
import css from "./tasks.module.css";
import type { Task } from "./types.ts";

const PAGE_SIZE = 20;
const WHICH = ["all", "active", "over"] as const;

export function TasksPage() {
  const { t } = useTranslation();
  usePageTitle(t("tasks.title"));
  const { page = 1, which = "all", search = "" } = useSearch({ from: "/signed-in/tasks" });
  const navigate = useNavigate({ from: "/tasks" });
  const tasks = useQuery({
    queryKey: ["tasks", which, search, page],
    queryFn: () =>
      get<Page<Task>>(`/v1/tasks/?which=${which}&page=${page}&page_size=${PAGE_SIZE}&search=${encodeURIComponent(search)}`),
    placeholderData: keepPreviousData,
    refetchInterval: LOOK_MS * 2,
  });
  const typed = useTyped(
    search,
    words =>
      void navigate({
        search: ({ search: _, page: __, ...rest }) => ({ ...rest, ...(words ? { search: words } : {}) }),
        replace: true,
      }),
  );
  return (
    <>
      <PageHead
        title={t("tasks.title")}
        lead={<p>{t("tasks.lead")}</p>}
        actions={
          <>
            <Button
              variant="default"
              leftSection={<IconServer2 size={18} />}
              renderRoot={props => <Link to="/tasks/cluster" {...props} />}
            >
              {t("tasks.cluster")}
            </Button>
            <Button leftSection={<IconPlus size={18} />} renderRoot={props => <Link to="/tasks/new" {...props} />}>
              {t("tasks.new")}
            </Button>
          </>
        }
      />
      <div className={css.tools}>
        <SegmentedControl
          aria-label={t("tasks.which")}
          value={which}
          data={WHICH.map(value => ({ value, label: t(`tasks.whiches.${value}`) }))}
          onChange={value => void navigate({ search: { which: value as (typeof WHICH)[number] } })}
        />
        <TextInput
          className={css.search}
          type="search"
          aria-label={t("tasks.search")}
          placeholder={t("tasks.search")}
          leftSection={<IconSearch size={18} />}
          {...typed}
        />
      </div>
      {tasks.error && <Failure error={tasks.error} retry={tasks.refetch} />}
      {tasks.isPending && <Waiting rows={4} />}
      {tasks.data &&
        (tasks.data.count === 0 ? (
          <Panel>
            <Empty icon={<IconStack2 size={40} stroke={1.4} />} title={t(search ? "tasks.noneFound" : "tasks.none")}>
              {t(search ? "tasks.noneFoundText" : "tasks.noneText")}
            </Empty>
          </Panel>
        ) : (
          <Panel>
            <TaskTable tasks={tasks.data.results} caption={t("tasks.title")} />
          </Panel>
        ))}
      <Pager
        page={page}
        count={tasks.data?.count ?? 0}
        pageSize={PAGE_SIZE}
        onPage={next => void navigate({ search: before => ({ ...before, page: next }) })}
        what={t("tasks.title")}
      />
    </>
  );
}
