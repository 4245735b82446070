import { Button, Group, NativeSelect, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, fieldsOf } from "../api/client.ts";
import type { Faculty, Named, Profile, ProfileWrite } from "../api/types.ts";
import { Choice, useList } from "../parts/Choice.tsx";
import { Failure } from "../parts/Failure.tsx";
import { Panel } from "../parts/Panel.tsx";
import { useAnnounce } from "../shell/Announcer.tsx";
import { LANGUAGES } from "../words/index.ts";
import css from "./account.module.css";
import { useSelfChanged } from "./queries.ts";
import { inOwnWords } from "./serverWords.ts";

const FIELDS: readonly (keyof ProfileWrite)[] = ["first_name", "last_name", "university", "faculty", "orcid", "language"];

/** What colleagues see of one, and the language of one's mails. */
export function ProfileForm({ profile }: { profile: Profile }) {
  const { t } = useTranslation();
  const announce = useAnnounce();
  const selfChanged = useSelfChanged();
  const [written, setWritten] = useState<ProfileWrite>(() => writeOf(profile));
  const change = (part: Partial<ProfileWrite>) => setWritten(before => ({ ...before, ...part }));
  const save = useMutation({
    mutationFn: () => api<Profile>("PATCH", "/v1/researchers/me/", written),
    onSuccess: async saved => {
      setWritten(writeOf(saved));
      announce(t("account.profileSaved"));
      await selfChanged();
    },
  });
  const refused = fieldsOf(save.error);
  const words = (field: keyof ProfileWrite) => (refused[field] ? inOwnWords(refused[field], t) : undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Panel title={t("account.profile")}>
      <p className={css.text}>{t("account.profileText")}</p>
      <form onSubmit={submit} className={css.profile}>
        <div className={css.pair}>
          <TextInput
            label={t("account.firstName")}
            value={written.first_name}
            onChange={event => change({ first_name: event.currentTarget.value })}
            error={words("first_name")}
            autoComplete="given-name"
            maxLength={150}
          />
          <TextInput
            label={t("account.lastName")}
            value={written.last_name}
            onChange={event => change({ last_name: event.currentTarget.value })}
            error={words("last_name")}
            autoComplete="family-name"
            maxLength={150}
          />
        </div>
        <WorkPlace written={written} change={change} words={words} />
        <div className={css.pair}>
          <TextInput
            label={t("account.orcid")}
            description={t("account.orcidHelp")}
            value={written.orcid}
            onChange={event => change({ orcid: event.currentTarget.value })}
            error={words("orcid")}
            inputMode="url"
            autoComplete="off"
            spellCheck={false}
          />
          <NativeSelect
            label={t("account.language")}
            description={t("account.languageHelp")}
            value={written.language}
            onChange={event => change({ language: event.currentTarget.value as ProfileWrite["language"] })}
            error={words("language")}
            data={LANGUAGES.map(language => ({ value: language, label: t(`shell.${language}`) }))}
          />
        </div>
        {save.error && !FIELDS.some(field => refused[field]) && <Failure error={save.error} />}
        <Group>
          <Button type="submit" loading={save.isPending}>
            {t("common.save")}
          </Button>
        </Group>
      </form>
    </Panel>
  );
}

type PlaceProps = {
  written: ProfileWrite;
  change: (part: Partial<ProfileWrite>) => void;
  words: (field: keyof ProfileWrite) => string | undefined;
};

function WorkPlace({ written: { university, faculty }, change, words }: PlaceProps) {
  const { t } = useTranslation();
  const universities = useList<Named>("/v1/universities/", true);
  const faculties = useList<Faculty>(`/v1/universities/${university}/faculties/`, university !== null);
  const failed = universities.error ?? faculties.error;
  return (
    <>
      <div className={css.pair}>
        <Choice
          label={t("study.university")}
          value={university ?? 0}
          rows={universities.data}
          onChoose={id => change({ university: id || null, faculty: null })}
          error={words("university")}
          none={t("account.nowhere")}
        />
        <Choice
          label={t("study.faculty")}
          value={faculty ?? 0}
          rows={university === null ? undefined : faculties.data}
          onChoose={id => change({ faculty: id || null })}
          error={words("faculty")}
          none={t("account.nowhere")}
        />
      </div>
      {failed && <Failure error={failed} />}
    </>
  );
}

const writeOf = ({ first_name, last_name, university, faculty, orcid, language }: Profile): ProfileWrite => ({
  first_name,
  last_name,
  university: university?.id ?? null,
  faculty: faculty?.id ?? null,
  orcid: orcid ?? "",
  language,
});
