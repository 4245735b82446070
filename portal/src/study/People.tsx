import { ActionIcon, Button, NativeSelect } from "@mantine/core";
import { IconUserMinus, IconUserPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, get, getAll } from "../api/client.ts";
import type { Contributor, Researcher, RoleName, Study } from "../api/types.ts";
import { Confirm } from "../parts/Confirm.tsx";
import { Failure } from "../parts/Failure.tsx";
import { Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import css from "./study.module.css";
import { mayManage, useStudyVerb } from "./studyQueries.ts";

type Place = { researcher_id: number; role: RoleName };

const ROLES: readonly RoleName[] = ["ADMINISTRATOR", "RESEARCHER", "MEMBER"];
const fullName = (person: Researcher): string => `${person.first_name} ${person.last_name}`.trim() || person.email_address;
const asPlace = ({ researcher, role }: Contributor): Place => ({ researcher_id: researcher.id, role });

export function People({ study }: { study: Study }) {
  const { t } = useTranslation();
  const path = `/v1/studies/${study.id}/contributors/`;
  const people = useQuery({ queryKey: ["contributors", String(study.id)], queryFn: () => getAll<Contributor>(path) });
  // The server takes the whole list and removes who is not on it.
  const replace = useStudyVerb(study, {
    do: (places: Place[]) => api<Contributor[]>("POST", path, places),
    changes: ["contributors", "study"],
    said: () => t("people.saved"),
  });
  if (people.error && !people.data) return <Failure error={people.error} retry={people.refetch} />;
  if (!people.data) return <Waiting rows={4} />;
  const places = people.data.map(asPlace);
  const busy = replace.isPending;
  return (
    <>
      <Panel title={t("people.title")}>
        <ul className={css.rows}>
          {people.data.map(person => (
            <PersonRow
              key={person.id}
              person={person}
              fixed={busy || !mayManage(study) || person.researcher.id === study.owner.id}
              owner={person.researcher.id === study.owner.id}
              onRole={role =>
                replace.mutate(places.map(place => (place.researcher_id === person.researcher.id ? { ...place, role } : place)))
              }
              onRemove={() => replace.mutate(places.filter(place => place.researcher_id !== person.researcher.id))}
            />
          ))}
        </ul>
      </Panel>
      {mayManage(study) && <AddPerson known={places} busy={busy} onAdd={place => replace.mutate([...places, place])} />}
    </>
  );
}

type RowProps = { person: Contributor; fixed: boolean; owner: boolean; onRole: (role: RoleName) => void; onRemove: () => void };

function PersonRow({ person, fixed, owner, onRole, onRemove }: RowProps) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const name = fullName(person.researcher);
  return (
    <li className={css.line}>
      <div className={css.lineText}>
        <strong>{name}</strong>
        <span>{person.researcher.email_address}</span>
      </div>
      {fixed ? (
        <span className={css.quiet}>{owner ? t("people.owner") : t(`role.${person.role}`)}</span>
      ) : (
        <div className={css.lineActions}>
          <RoleSelect label={t("people.roleOf", { name })} value={person.role} onChoose={onRole} hideLabel />
          <ActionIcon
            variant="subtle"
            color="red"
            size={36}
            aria-label={t("people.remove", { name })}
            title={t("people.remove", { name })}
            onClick={() => setAsking(true)}
          >
            <IconUserMinus size={18} />
          </ActionIcon>
        </div>
      )}
      <Confirm
        opened={asking}
        title={t("people.remove", { name })}
        text={t("people.removeText")}
        action={t("common.remove")}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          onRemove();
        }}
      />
    </li>
  );
}

type RoleProps = { label: string; value: RoleName; onChoose: (role: RoleName) => void; hideLabel?: boolean };

function RoleSelect({ label, value, onChoose, hideLabel = false }: RoleProps) {
  const { t } = useTranslation();
  const roles = useQuery({
    queryKey: ["roles"],
    queryFn: () => get<{ id: RoleName; name: string }[]>("/v1/studies/roles/"),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const known = roles.data?.map(role => role.id).filter(id => ROLES.includes(id)) ?? ROLES;
  return (
    <NativeSelect
      {...(hideLabel ? { "aria-label": label } : { label })}
      value={value}
      onChange={event => onChoose(event.currentTarget.value as RoleName)}
      data={known.map(role => ({ value: role, label: t(`role.${role}`) }))}
    />
  );
}

function AddPerson({ known, busy, onAdd }: { known: readonly Place[]; busy: boolean; onAdd: (place: Place) => void }) {
  const { t } = useTranslation();
  const [researcher, setResearcher] = useState(0);
  const [role, setRole] = useState<RoleName>("RESEARCHER");
  const researchers = useQuery({
    queryKey: ["list", "/v1/researchers/"],
    queryFn: () => getAll<Researcher>("/v1/researchers/"),
    staleTime: 60_000,
  });
  const others = (researchers.data ?? []).filter(person => !known.some(place => place.researcher_id === person.id));
  return (
    <Panel title={t("people.add")}>
      {researchers.error && <Failure error={researchers.error} retry={researchers.refetch} />}
      {researchers.data && others.length === 0 ? (
        <p className={css.quiet}>{t("people.nobody")}</p>
      ) : (
        <form
          className={css.inlineForm}
          onSubmit={event => {
            event.preventDefault();
            if (researcher) onAdd({ researcher_id: researcher, role });
            setResearcher(0);
          }}
        >
          <NativeSelect
            label={t("people.who")}
            value={researcher || ""}
            onChange={event => setResearcher(Number(event.currentTarget.value))}
            required
            data={[
              { value: "", label: t("common.choose") },
              ...others.map(person => ({ value: String(person.id), label: `${fullName(person)} (${person.email_address})` })),
            ]}
          />
          <RoleSelect label={t("people.role")} value={role} onChoose={setRole} />
          <Button type="submit" leftSection={<IconUserPlus size={17} />} loading={busy}>
            {t("people.addAction")}
          </Button>
        </form>
      )}
      <p className={css.help}>{t("people.rolesHelp")}</p>
    </Panel>
  );
}
