import { Alert, Button, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, get } from "../api/client.ts";
import { Failure } from "../parts/Failure.tsx";
import { Fact, Facts, PageHead, Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { TASK_TABS, type TaskTab } from "../router.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { bytes, duration, moment } from "../units.ts";
import { Elements } from "./Elements.tsx";
import { Files } from "./Files.tsx";
import { Log } from "./Log.tsx";
import { TaskActions } from "./TaskActions.tsx";
import { TaskTag } from "./TaskTable.tsx";
import { LOOK_MS, taskQuery } from "./taskQueries.ts";
import css from "./tasks.module.css";
import { isActive, type Task, type Why } from "./types.ts";
import { Usage } from "./Usage.tsx";

export function TaskPage() {
  const { t } = useTranslation();
  const { id } = useParams({ from: "/signed-in/tasks/$id" });
  const task = useQuery(taskQuery(id));
  usePageTitle(task.data ? `${task.data.name} · ${task.data.id}` : t("tasks.title"));
  if (task.error && !task.data) return <Failure error={task.error} retry={task.refetch} />;
  if (!task.data) return <Waiting rows={5} />;
  return <Shown task={task.data} />;
}

function Shown({ task }: { task: Task }) {
  const { t } = useTranslation();
  const { tab } = useSearch({ from: "/signed-in/tasks/$id" });
  const navigate = useNavigate({ from: "/tasks/$id" });
  const tabs = TASK_TABS.filter(name => (task.array ? name !== "log" && name !== "usage" : name !== "elements"));
  const shown = tab && tabs.includes(tab) ? tab : tabs[task.array ? 1 : 0];
  const above = task.parent ? (
    <Link to="/tasks/$id" params={{ id: String(task.parent) }}>
      {t("tasks.ofArray", { id: task.parent })}
    </Link>
  ) : (
    <Link to="/tasks">{t("tasks.title")}</Link>
  );
  return (
    <>
      <PageHead
        title={`${task.name}${task.index === null ? "" : ` [${task.index}]`}`}
        above={above}
        lead={
          <div className={css.headTags}>
            <span>{t("tasks.numbered", { id: task.id })}</span>
            <TaskTag task={task} />
          </div>
        }
        actions={<TaskActions task={task} />}
      />
      {task.reason && (
        <Alert mb="md" variant="light" title={t("tasks.reason")}>
          {task.reason}
        </Alert>
      )}
      {(task.state === "pending" || task.state === "created") && <WhyWaiting task={task} />}
      <Tabs value={shown ?? null} onChange={next => void navigate({ search: { tab: next as TaskTab } })} keepMounted={false}>
        <Tabs.List mb="lg">
          {tabs.map(name => (
            <Tabs.Tab key={name} value={name}>
              {t(`tasks.tabs.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="log">
          <Log task={task} />
        </Tabs.Panel>
        <Tabs.Panel value="files">
          <Files task={task} />
        </Tabs.Panel>
        <Tabs.Panel value="usage">
          <Usage task={task} />
        </Tabs.Panel>
        <Tabs.Panel value="elements">
          <Elements task={task} />
        </Tabs.Panel>
        <Tabs.Panel value="about">
          <About task={task} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

/** What it waits for, in words of its own: the server's are in English. */
function WhyWaiting({ task }: { task: Task }) {
  const { t, i18n } = useTranslation();
  const why = useQuery({
    queryKey: ["task", String(task.id), "why"],
    queryFn: () => get<Why>(`/v1/tasks/${task.id}/why/`),
    refetchInterval: LOOK_MS * 2,
  });
  if (!why.data) return null;
  const { cause, parents, before, at } = why.data;
  const words = {
    "kept back": t("tasks.why.keptBack"),
    parents: t("tasks.why.parents", { ids: parents.slice(0, 10).join(", ") }),
    maintenance: t("tasks.why.maintenance"),
    "no cluster": t("tasks.why.noCluster"),
    "too large": t("tasks.why.tooLarge"),
    quota: t("tasks.why.quota"),
    port: t("tasks.why.port"),
    next: t("tasks.why.next"),
    room: t("tasks.why.room"),
    turn: t("tasks.why.turn", { count: before }),
    "cluster queue": t("tasks.why.queue"),
  }[cause];
  if (!words) return null;
  return (
    <Alert mb="md" variant="light" title={t("tasks.why.title")} role="status">
      {words} {at && t("tasks.why.at", { time: moment(at, i18n.language) })}
      {cause === "kept back" && <Release task={task} />}
    </Alert>
  );
}

function Release({ task }: { task: Task }) {
  const { t } = useTranslation();
  return (
    <div>
      <Button mt="xs" size="compact-md" onClick={() => void api("POST", `/v1/tasks/${task.id}/release/`)}>
        {t("tasks.acts.release")}
      </Button>
    </div>
  );
}

function About({ task }: { task: Task }) {
  const { t, i18n } = useTranslation();
  const language = i18n.language;
  const when = (at: string | null) => at && moment(at, language);
  return (
    <div className={css.columns}>
      <Panel title={t("tasks.script")}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
        <section className={css.scroll} aria-label={t("tasks.script")} tabIndex={0}>
          <pre className={css.log}>{task.script}</pre>
        </section>
      </Panel>
      <Panel title={t("tasks.tabs.about")}>
        <Facts>
          <Fact name={t("tasks.image")}>{task.image}</Fact>
          <Fact name={t("tasks.project")}>{task.project ?? t("tasks.noProject")}</Fact>
          <Fact name={t("tasks.cpu")}>{task.cpu}</Fact>
          <Fact name={t("tasks.memoryShort")}>{bytes(task.memory_mib * 1024 * 1024, language)}</Fact>
          <Fact name={t("tasks.lifespan")}>{duration(task.lifespan_seconds, t("common.hour"))}</Fact>
          <Fact name={t("tasks.afterShort")}>{task.after.join(", ")}</Fact>
          <Fact name={t("tasks.node")}>{task.node}</Fact>
          <Fact name={t("tasks.portsOf")}>
            {task.ports.map(({ container, host }) => `${container} → ${task.node}:${host}`).join(", ")}
          </Fact>
          <Fact name={t("tasks.submitted")}>{when(task.created_at)}</Fact>
          <Fact name={t("tasks.started")}>{when(task.started_at)}</Fact>
          <Fact name={t("tasks.ended")}>{when(task.ended_at)}</Fact>
          <Fact name={t("tasks.exitCode")}>{task.exit_code === null || isActive(task) ? "" : String(task.exit_code)}</Fact>
        </Facts>
      </Panel>
    </div>
  );
}
