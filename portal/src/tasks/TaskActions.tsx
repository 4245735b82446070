import { Button, Stack, TextInput } from "@mantine/core";
import {
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconRefresh,
  IconShare,
  IconStar,
  IconTrash,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import { Confirm } from "../parts/Confirm.tsx";
import { Copyable } from "../parts/Copy.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { computeQuery, useTaskVerb } from "./taskQueries.ts";
import { isActive, type Recipe, type Task } from "./types.ts";

/** What can be done to a task as it stands. */
export function TaskActions({ task }: { task: Task }) {
  const compute = useQuery(computeQuery).data;
  const active = isActive(task);
  const suspends = compute?.clusters.find(({ name }) => name === task.cluster)?.suspends === true;
  const runs = task.state === "running" && !task.array && task.wish === null;
  return (
    <>
      {runs && suspends && !task.suspended && <Act task={task} act="suspend" icon={<IconPlayerPause size={17} />} />}
      {runs && task.suspended && <Act task={task} act="resume" icon={<IconPlayerPlay size={17} />} />}
      {runs && <Act task={task} act="reschedule" icon={<IconRefresh size={17} />} />}
      {active && <Ending task={task} />}
      {task.parent === null && <Share task={task} />}
      {task.parent === null && <Keep task={task} />}
      {!active && task.parent === null && <Removal task={task} />}
    </>
  );
}

function Act({ task, act, icon }: { task: Task; act: "suspend" | "resume" | "reschedule"; icon: React.ReactNode }) {
  const { t } = useTranslation();
  const verb = useTaskVerb(() => api("POST", `/v1/tasks/${task.id}/${act}/`), t("tasks.asked", { what: t(`tasks.acts.${act}`) }));
  return (
    <Button variant="default" leftSection={icon} loading={verb.isPending} onClick={() => verb.mutate()}>
      {t(`tasks.acts.${act}`)}
    </Button>
  );
}

function Ending({ task }: { task: Task }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const kill = useTaskVerb(() => api("POST", `/v1/tasks/${task.id}/kill/`), t("tasks.asked", { what: t("tasks.acts.kill") }));
  return (
    <>
      <Button
        color="red"
        variant="light"
        leftSection={<IconPlayerStop size={17} />}
        loading={kill.isPending}
        disabled={task.wish === "kill"}
        onClick={() => setAsking(true)}
      >
        {t("tasks.acts.kill")}
      </Button>
      <Confirm
        opened={asking}
        title={t("tasks.acts.kill")}
        text={t("tasks.killText", { name: task.name })}
        action={t("tasks.acts.kill")}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          kill.mutate();
        }}
      />
    </>
  );
}

function Share({ task }: { task: Task }) {
  const { t } = useTranslation();
  const [url, setUrl] = useState<string>();
  const share = useTaskVerb(
    () => api<{ url: string }>("POST", `/v1/tasks/${task.id}/share/`),
    t("tasks.sharedNow"),
    made => setUrl(made.url),
  );
  const unshare = useTaskVerb(
    () => api("DELETE", `/v1/tasks/${task.id}/share/`),
    t("tasks.unsharedNow"),
    () => setUrl(undefined),
  );
  return (
    <>
      <Button variant="default" leftSection={<IconShare size={17} />} loading={share.isPending} onClick={() => share.mutate()}>
        {t("tasks.share")}
      </Button>
      <Dialog opened={url !== undefined} onClose={() => setUrl(undefined)} title={t("tasks.share")}>
        <Stack>
          <p style={{ margin: 0 }}>{t("tasks.shareText")}</p>
          <Copyable value={url ?? ""} what={t("tasks.shareLink")} />
          <Button color="red" variant="light" loading={unshare.isPending} onClick={() => unshare.mutate()}>
            {t("tasks.unshare")}
          </Button>
        </Stack>
      </Dialog>
    </>
  );
}

/** A recipe is made of a task, to do the same again. */
function Keep({ task }: { task: Task }) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const [name, setName] = useState(task.name);
  const keep = useTaskVerb(
    () => api<Recipe>("POST", "/v1/recipes/", { name, task: task.id }),
    t("tasks.recipeMade", { name }),
    () => setOpened(false),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    keep.mutate();
  };
  return (
    <>
      <Button variant="default" leftSection={<IconStar size={17} />} onClick={() => setOpened(true)}>
        {t("tasks.keepRecipe")}
      </Button>
      <Dialog opened={opened} onClose={() => setOpened(false)} title={t("tasks.keepRecipe")}>
        <form onSubmit={submit}>
          <Stack>
            <p style={{ margin: 0 }}>{t("tasks.keepRecipeText")}</p>
            <TextInput
              label={t("tasks.recipeName")}
              value={name}
              onChange={event => setName(event.currentTarget.value)}
              maxLength={200}
              required
              data-autofocus
            />
            <Button type="submit" loading={keep.isPending}>
              {t("tasks.keepRecipe")}
            </Button>
          </Stack>
        </form>
      </Dialog>
    </>
  );
}

function Removal({ task }: { task: Task }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const remove = useTaskVerb(
    () => api("DELETE", `/v1/tasks/${task.id}/`),
    t("tasks.removed", { id: task.id }),
    () => navigate({ to: "/tasks" }),
  );
  return (
    <>
      <Button
        color="red"
        variant="light"
        leftSection={<IconTrash size={17} />}
        loading={remove.isPending}
        onClick={() => setAsking(true)}
      >
        {t("tasks.remove")}
      </Button>
      <Confirm
        opened={asking}
        title={t("tasks.remove")}
        text={t("tasks.removeText", { name: task.name })}
        action={t("tasks.remove")}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          remove.mutate();
        }}
      />
    </>
  );
}
