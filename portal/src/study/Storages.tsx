import { ActionIcon, Alert, Button } from "@mantine/core";
import { IconAnchor, IconFolder, IconPencil, IconPlugConnected, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, get } from "../api/client.ts";
import type { StorageLocation, StorageTest, Study } from "../api/types.ts";
import { Confirm } from "../parts/Confirm.tsx";
import { Failure } from "../parts/Failure.tsx";
import { Empty, Panel } from "../parts/Panel.tsx";
import { Tag } from "../parts/Status.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { moment } from "../units.ts";
import { AddStorage } from "./AddStorage.tsx";
import { EditStorage } from "./EditStorage.tsx";
import css from "./study.module.css";
import { mayManage, useStudyVerb } from "./studyQueries.ts";

export function Storages({ study }: { study: Study }) {
  const { t } = useTranslation();
  const locations = useQuery({
    queryKey: ["locations", String(study.id)],
    queryFn: () => get<StorageLocation[]>(`/v1/studies/${study.id}/storages/`),
    enabled: mayManage(study),
  });
  if (!mayManage(study)) return <Panel>{t("storage.onlyAdministrators")}</Panel>;
  return (
    <>
      <Panel title={t("storage.title")}>
        {locations.error && <Failure error={locations.error} retry={locations.refetch} />}
        {locations.isPending && <Waiting />}
        {locations.data?.length === 0 && (
          <Empty icon={<IconAnchor size={38} stroke={1.4} />} title={t("storage.none")}>
            {t("storage.noneText")}
          </Empty>
        )}
        <ul className={css.rows}>
          {(locations.data ?? []).map(location => (
            <LocationRow key={location.id} location={location} study={study} />
          ))}
        </ul>
      </Panel>
      <AddStorage study={study} />
    </>
  );
}

function LocationRow({ location, study }: { location: StorageLocation; study: Study }) {
  const { t, i18n } = useTranslation();
  const [asking, setAsking] = useState(false);
  const [editing, setEditing] = useState(false);
  const { storage } = location;
  const test = useMutation({ mutationFn: () => api<StorageTest>("POST", `/v1/storages/${storage.id}/test/`) });
  const remove = useStudyVerb(study, {
    do: () => api("DELETE", `/v1/studies/${study.id}/storages/${location.id}/`),
    changes: ["locations", "study"],
    said: () => t("storage.removed"),
  });
  const path = [location.path, location.uploadpath].filter(Boolean).join("/");
  return (
    <li className={css.block}>
      <div className={css.line}>
        <div className={css.lineText}>
          <strong>{storage.name}</strong>
          <span>
            {storage.engine} · {storage.location}
          </span>
          <span>{path ? t("storage.into", { path }) : t("storage.intoRoot")}</span>
        </div>
        <Tag tone={location.encrypted ? "good" : "quiet"}>{t(location.encrypted ? "storage.encrypted" : "storage.plain")}</Tag>
        <div className={css.lineActions}>
          <Button
            size="compact-md"
            variant="default"
            leftSection={<IconFolder size={16} />}
            aria-label={t("storage.filesOf", { name: storage.name })}
            renderRoot={props => (
              <Link to="/storages/$id" params={{ id: String(storage.id) }} search={path ? { path } : {}} {...props} />
            )}
          >
            {t("files.title")}
          </Button>
          <Button
            size="compact-md"
            variant="light"
            leftSection={<IconPlugConnected size={16} />}
            aria-label={t("storage.testOf", { name: storage.name })}
            loading={test.isPending}
            onClick={() => test.mutate()}
          >
            {t("storage.test")}
          </Button>
          <ActionIcon
            variant="subtle"
            size={36}
            aria-label={t("storage.edit", { name: storage.name })}
            title={t("storage.edit", { name: storage.name })}
            onClick={() => setEditing(true)}
          >
            <IconPencil size={18} />
          </ActionIcon>
          <ActionIcon
            variant="subtle"
            color="red"
            size={36}
            aria-label={t("storage.remove", { name: storage.name })}
            title={t("storage.remove", { name: storage.name })}
            onClick={() => setAsking(true)}
          >
            <IconTrash size={18} />
          </ActionIcon>
        </div>
      </div>
      <div role="status" aria-live="polite">
        {!test.data && storage.last_trial?.ok === false && (
          <Alert
            mt="sm"
            variant="light"
            color="red"
            title={t("storage.trialFailed", { time: moment(storage.last_trial.at, i18n.language) })}
          >
            {storage.last_trial.message}
          </Alert>
        )}
        {test.data && <Tested result={test.data} />}
        {test.error && <Failure error={test.error} />}
      </div>
      <EditStorage study={study} storage={storage} opened={editing} onClose={() => setEditing(false)} />
      <Confirm
        opened={asking}
        title={t("storage.remove", { name: storage.name })}
        text={t("storage.removeText")}
        action={t("common.remove")}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          remove.mutate(undefined);
        }}
      />
    </li>
  );
}

function Tested({ result }: { result: StorageTest }) {
  const { t } = useTranslation();
  return (
    <Alert mt="sm" variant="light" color={result.ok ? "moss" : "red"} title={t(result.ok ? "storage.works" : "storage.fails")}>
      {result.message || result.code}
    </Alert>
  );
}
