import { Button } from "@mantine/core";
import { IconPlayerPlay, IconPlayerStop, IconRefresh, IconReload, IconTrash } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, api } from "../api/client.ts";
import { Confirm } from "../parts/Confirm.tsx";
import { Failure } from "../parts/Failure.tsx";
import { Fact, Facts, PageHead, Panel } from "../parts/Panel.tsx";
import { Tag } from "../parts/Status.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { NotFound } from "../shell/Lost.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { bytes, moment } from "../units.ts";
import { ChangeMachine } from "./ChangeMachine.tsx";
import { Extend } from "./Extend.tsx";
import css from "./machines.module.css";
import { type Machine, machineQuery, stateOf } from "./model.ts";
import { useMachineNews, useMachineVerb } from "./useMachines.ts";
import { WayIn } from "./WayIn.tsx";

export function MachinePage() {
  const { t } = useTranslation();
  const { id } = useParams({ from: "/signed-in/machines/$id" });
  const machine = useQuery(machineQuery(id));
  useMachineNews(machine.isSuccess);
  usePageTitle(machine.data?.name ?? t("machine.title"));
  if (machine.error instanceof ApiError && machine.error.status === 404) return <NotFound text={t("machine.unknown")} />;
  if (machine.error && !machine.data) return <Failure error={machine.error} retry={machine.refetch} />;
  if (!machine.data) return <Waiting rows={6} />;
  return <Shown machine={machine.data} />;
}

function Shown({ machine }: { machine: Machine }) {
  const { t } = useTranslation();
  const { tone, word } = stateOf(machine);
  const { status, status_message } = machine.workspace;
  return (
    <>
      <PageHead
        above={
          <>
            <Link to="/machines">{t("machine.title")}</Link> /{" "}
            <Link to="/studies/$id" params={{ id: String(machine.study.id) }}>
              {machine.study.name}
            </Link>
          </>
        }
        title={machine.name}
        lead={
          <div role="status" className={css.state}>
            <Tag tone={tone}>{t(word)}</Tag>
            <span>{status_message || t(`machine.means.${status}`)}</span>
          </div>
        }
        actions={<Verbs machine={machine} />}
      />
      <div className={css.columns}>
        <div>
          <WayIn machine={machine} />
          <MadeOf machine={machine} />
        </div>
        <End machine={machine} />
      </div>
    </>
  );
}

const ICON = { start: IconPlayerPlay, stop: IconPlayerStop, reboot: IconReload, retry: IconRefresh } as const;

function Verbs({ machine }: { machine: Machine }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [asking, setAsking] = useState<"stop" | "delete">();
  const path = `/v1/virtualmachines/${machine.id}/`;
  const act = useMachineVerb((verb: keyof typeof ICON) => api<Machine>("POST", `${path}${verb}/`));
  const remove = useMachineVerb(() => api<void>("DELETE", path), {
    said: t("machine.removing", { name: machine.name }),
    onDone: () => {
      void navigate({ to: "/machines" });
      client.removeQueries({ queryKey: ["machine", String(machine.id)] });
    },
  });
  const verbs = (["retry", "start", "stop", "reboot"] as const).filter(verb => machine.can.includes(verb));
  return (
    <>
      {verbs.map(verb => {
        const Icon = ICON[verb];
        return (
          <Button
            key={verb}
            variant={verb === "start" || verb === "retry" ? "filled" : "default"}
            leftSection={<Icon size={17} />}
            loading={act.isPending && act.variables === verb}
            disabled={act.isPending}
            onClick={() => (verb === "stop" ? setAsking("stop") : act.mutate(verb))}
          >
            {t(`machine.verb.${verb}`)}
          </Button>
        );
      })}
      {machine.can.includes("delete") && (
        <Button
          variant="default"
          leftSection={<IconTrash size={17} />}
          loading={remove.isPending}
          onClick={() => setAsking("delete")}
        >
          {t("machine.verb.delete")}
        </Button>
      )}
      <Confirm
        opened={asking !== undefined}
        title={t(asking === "stop" ? "machine.stopTitle" : "machine.deleteTitle", { name: machine.name })}
        text={t(asking === "stop" ? "machine.stopText" : "machine.deleteText")}
        action={t(`machine.verb.${asking ?? "delete"}`)}
        onClose={() => setAsking(undefined)}
        onConfirm={() => {
          setAsking(undefined);
          if (asking === "stop") act.mutate("stop");
          else remove.mutate(undefined);
        }}
      />
    </>
  );
}

function MadeOf({ machine }: { machine: Machine }) {
  const { t, i18n } = useTranslation();
  const [changing, setChanging] = useState(false);
  const { profile, additional_gpu_amount } = machine;
  const gpus = profile.gpu_amount + additional_gpu_amount;
  return (
    <Panel
      title={t("machine.madeOf")}
      actions={
        machine.can.includes("resize") && (
          <Button size="compact-md" variant="default" onClick={() => setChanging(true)}>
            {t("machine.verb.resize")}
          </Button>
        )
      }
    >
      <div className={css.facts}>
        <Facts>
          <Fact name={t("machine.profile")}>{profile.name}</Fact>
          <Fact name={t("machine.system")}>{machine.operating_system.name}</Fact>
          <Fact name={t("machine.memory")}>{bytes(machine.total_memory, i18n.language)}</Fact>
          <Fact name={t("machine.storage")}>{bytes(machine.total_storage, i18n.language)}</Fact>
          <Fact name={t("machine.gpu")}>{gpus > 0 ? String(gpus) : undefined}</Fact>
          <Fact name={t("machine.networks")}>{machine.networks.map(({ name }) => name).join(", ")}</Fact>
          <Fact name={t("machine.provider")}>{machine.provider.name}</Fact>
        </Facts>
      </div>
      <ChangeMachine key={String(changing)} machine={machine} opened={changing} onClose={() => setChanging(false)} />
    </Panel>
  );
}

function End({ machine }: { machine: Machine }) {
  const { t, i18n } = useTranslation();
  const { starting_at, ending_at } = machine.workspace;
  const { first_name, last_name } = machine.researcher;
  return (
    <Panel title={t("machine.life")}>
      <Facts>
        <Fact name={t("machine.researcher")}>{`${first_name} ${last_name}`.trim()}</Fact>
        <Fact name={t("machine.since")}>{moment(starting_at, i18n.language)}</Fact>
        <Fact name={t("machine.ends")}>{moment(ending_at, i18n.language)}</Fact>
      </Facts>
      <p className={css.help}>{t("machine.endsHelp")}</p>
      {machine.can.includes("extend") && <Extend machine={machine} />}
    </Panel>
  );
}
