import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, fieldsOf } from "../api/client.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { SaveForm } from "../parts/SaveForm.tsx";
import css from "./market.module.css";
import { OptionFields } from "./OptionFields.tsx";
import { type Answer, answersOut, firstAnswer, questionsOf } from "./options.ts";
import { useMarketVerb } from "./queries.ts";
import type { Offering, Resource } from "./types.ts";

type Props = { resource: Resource; offering: Offering; onClose: () => void };

/** What its provider lets be set of it, by the form that the provider wrote. */
export function ResourceOptions({ resource, offering, onClose }: Props) {
  const { t } = useTranslation();
  const questions = questionsOf(offering.resource_options);
  const [answers, setAnswers] = useState<Readonly<Record<string, Answer>>>(() =>
    Object.fromEntries(questions.map(question => [question.key, firstAnswer(question, resource.options[question.key])])),
  );
  const save = useMarketVerb(
    () => api("POST", `/marketplace-resources/${resource.uuid}/update_options/`, { options: answersOut(questions, answers) }),
    { said: t("market.saved"), quiet: true, onDone: onClose },
  );
  const errors = fieldsOf(save.error);
  return (
    <Dialog opened onClose={onClose} title={t("market.resourceVerb.options")}>
      <SaveForm save={save} onSave={() => save.mutate(undefined)} onCancel={onClose} beside={questions.map(({ key }) => key)}>
        <div className={css.form}>
          <OptionFields questions={questions} answers={answers} onChange={setAnswers} errors={errors} />
        </div>
      </SaveForm>
    </Dialog>
  );
}
