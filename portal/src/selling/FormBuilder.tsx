import { ActionIcon, Button, Checkbox, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { IconArrowUp, IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import css from "../market/market.module.css";
import { OptionFields } from "../market/OptionFields.tsx";
import { type Answer, QUESTION_TYPES, questionsOf } from "../market/options.ts";
import { useMarketVerb } from "../market/queries.ts";
import type { Offering } from "../market/types.ts";
import { Part } from "./EditOfferingPage.tsx";
import { type Draft, draftsOf, emptyDraft, formOut, hasChoices, problemsOf } from "./form.ts";
import own from "./selling.module.css";

type Props = { offering: Offering; which: "options" | "resource_options" };

/** What is asked when somebody orders, or may be set afterwards; and how it will look. */
export function FormBuilder({ offering, which }: Props) {
  const { t } = useTranslation();
  const [drafts, setDrafts] = useState(() => draftsOf(offering[which]));
  const [answers, setAnswers] = useState<Readonly<Record<string, Answer>>>({});
  const save = useMarketVerb(
    () => api("POST", `/marketplace-provider-offerings/${offering.uuid}/update_${which}/`, { [which]: formOut(drafts) }),
    { said: t("market.saved"), quiet: true },
  );
  const problems = problemsOf(drafts);
  const change = (place: number, part: Partial<Draft>) =>
    setDrafts(drafts.map((draft, index) => (index === place ? { ...draft, ...part } : draft)));
  const up = (place: number) =>
    setDrafts(drafts.map((draft, index) => drafts[index === place ? place - 1 : index === place - 1 ? place : index] ?? draft));
  return (
    <Part
      title={t(`selling.form.${which}`)}
      help={t(`selling.formHelp.${which}`)}
      error={save.error}
      pending={save.isPending}
      onSave={() => {
        if (problems.size === 0) save.mutate(undefined);
      }}
    >
      {drafts.map((draft, place) => (
        <fieldset key={draft.id} className={own.question}>
          <legend>{draft.label || draft.key || t("selling.question", { number: place + 1 })}</legend>
          <div className={css.pair}>
            <TextInput
              label={t("selling.questionLabel")}
              value={draft.label}
              onChange={event => change(place, { label: event.currentTarget.value })}
            />
            <TextInput
              label={t("selling.questionKey")}
              value={draft.key}
              onChange={event => change(place, { key: event.currentTarget.value })}
              error={problems.has(draft.id) ? t(`selling.keyProblem.${problems.get(draft.id) ?? "empty"}`) : undefined}
              autoCapitalize="none"
              spellCheck={false}
            />
            <NativeSelect
              label={t("selling.questionType")}
              value={draft.type}
              onChange={event =>
                change(place, { type: QUESTION_TYPES.find(one => one === event.currentTarget.value) ?? "string" })
              }
              data={QUESTION_TYPES.map(type => ({ value: type, label: t(`selling.type.${type}`) }))}
            />
          </div>
          <TextInput
            label={t("selling.questionHelp")}
            value={draft.help}
            onChange={event => change(place, { help: event.currentTarget.value })}
          />
          {hasChoices(draft.type) && (
            <Textarea
              label={t("selling.choices")}
              description={t("selling.choicesHelp")}
              value={draft.choices}
              onChange={event => change(place, { choices: event.currentTarget.value })}
              autosize
              minRows={2}
            />
          )}
          <div className={css.verbs}>
            <Checkbox
              label={t("selling.required")}
              checked={draft.required}
              onChange={event => change(place, { required: event.currentTarget.checked })}
            />
            {place > 0 && (
              <ActionIcon variant="default" size={30} aria-label={`${t("selling.up")}: ${draft.label}`} onClick={() => up(place)}>
                <IconArrowUp size={16} />
              </ActionIcon>
            )}
            <ActionIcon
              variant="default"
              size={30}
              aria-label={`${t("common.remove")}: ${draft.label}`}
              onClick={() => setDrafts(drafts.filter((_, index) => index !== place))}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </div>
        </fieldset>
      ))}
      <div>
        <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => setDrafts([...drafts, emptyDraft()])}>
          {t("selling.addQuestion")}
        </Button>
      </div>
      {drafts.length > 0 && problems.size === 0 && (
        <fieldset className={own.question}>
          <legend>{t("selling.preview")}</legend>
          <OptionFields
            questions={questionsOf(formOut(drafts)).map(question => ({ ...question, required: false }))}
            answers={answers}
            onChange={setAnswers}
            errors={{}}
          />
        </fieldset>
      )}
    </Part>
  );
}
