import { Checkbox, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import css from "./market.module.css";
import { type Answer, firstAnswer, type Question } from "./options.ts";

type Props = {
  questions: readonly Question[];
  answers: Readonly<Record<string, Answer>>;
  onChange: (answers: Readonly<Record<string, Answer>>) => void;
  errors: Readonly<Record<string, string>>;
};

/** What the provider asks, each question with the field that fits its type. */
export function OptionFields({ questions, answers, onChange, errors }: Props) {
  return questions.map(question => (
    <OptionField
      key={question.key}
      question={question}
      answer={answers[question.key] ?? firstAnswer(question)}
      onChange={answer => onChange({ ...answers, [question.key]: answer })}
      error={errors[question.key]}
    />
  ));
}

type FieldProps = { question: Question; answer: Answer; onChange: (answer: Answer) => void; error: string | undefined };

function OptionField({ question, answer, onChange, error }: FieldProps) {
  const { t } = useTranslation();
  const { type, label, help, required, choices, min, max } = question;
  const shared = { label, description: help || undefined, error, required };
  if (type === "boolean")
    return (
      <Checkbox
        label={label}
        description={help || undefined}
        error={error}
        checked={answer === true}
        onChange={event => onChange(event.currentTarget.checked)}
      />
    );
  if (type === "select_string_multi") {
    const chosen = Array.isArray(answer) ? (answer as readonly string[]) : [];
    return (
      <Checkbox.Group {...shared} value={[...chosen]} onChange={onChange}>
        <div className={css.choices}>
          {choices.map(choice => (
            <Checkbox key={choice} value={choice} label={choice} />
          ))}
        </div>
      </Checkbox.Group>
    );
  }
  const text = String(answer);
  if (type === "select_string")
    return (
      <NativeSelect
        {...shared}
        value={text}
        onChange={event => onChange(event.currentTarget.value)}
        data={[{ value: "", label: t("common.choose") }, ...choices]}
      />
    );
  if (type === "text" || type === "select_multiple_emails")
    return (
      <Textarea
        {...shared}
        description={help || (type === "text" ? undefined : t("market.oneALine"))}
        value={text}
        onChange={event => onChange(event.currentTarget.value)}
        autosize
        minRows={3}
      />
    );
  const isNumber = type === "integer" || type === "money";
  return (
    <TextInput
      {...shared}
      type={type === "date" || type === "time" ? type : "text"}
      inputMode={isNumber ? (type === "integer" ? "numeric" : "decimal") : undefined}
      description={help || (isNumber ? boundsOf(min, max) : undefined)}
      value={text}
      onChange={event => onChange(event.currentTarget.value)}
    />
  );
}

const boundsOf = (min: number | undefined, max: number | undefined): string | undefined =>
  min === undefined && max === undefined ? undefined : `${min ?? ""} … ${max ?? ""}`;
