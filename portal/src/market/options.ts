import type { Form, FormOption } from "./types.ts";

/** Forms that providers write for their orders: questions with a type each. */

export const QUESTION_TYPES = [
  "string",
  "text",
  "integer",
  "money",
  "boolean",
  "select_string",
  "select_string_multi",
  "select_multiple_emails",
  "date",
  "time",
] as const;
export type QuestionType = (typeof QUESTION_TYPES)[number];

export type Question = {
  key: string;
  type: QuestionType;
  label: string;
  help: string;
  required: boolean;
  choices: string[];
  min?: number | undefined;
  max?: number | undefined;
  first: unknown;
};
/** As it stands in a field: what is typed, ticked or chosen. */
export type Answer = string | boolean | readonly string[];

/** The questions in the order that the provider gave them; what the order does not name comes last. */
export function questionsOf({ order = [], options = {} }: Form): Question[] {
  const keys = [...order.filter(key => Object.hasOwn(options, key)), ...Object.keys(options).filter(key => !order.includes(key))];
  return keys.map(key => questionOf(key, options[key] as FormOption));
}

/** A type that we have no field for is a line of text. */
function questionOf(key: string, option: FormOption): Question {
  const type = QUESTION_TYPES.find(one => one === option.type) ?? "string";
  return {
    key,
    type,
    label: option.label || key,
    help: option.help_text ?? "",
    required: option.required === true,
    choices: (option.choices ?? []).map(String),
    min: option.min,
    max: option.max,
    first: option.default,
  };
}

export function firstAnswer({ type, first }: Question, given: unknown = first): Answer {
  if (type === "boolean") return given === true;
  if (type === "select_string_multi") return Array.isArray(given) ? given.map(String) : [];
  if (type === "select_multiple_emails") return Array.isArray(given) ? given.join("\n") : "";
  return given === undefined || given === null ? "" : String(given);
}

/** What is sent; undefined: nothing was said. A number that is none is sent as it was typed, for the server to refuse in its words. */
export function sent({ type, choices, required }: Question, answer: Answer): unknown {
  if (typeof answer === "boolean") return answer;
  if (typeof answer !== "string") return answer.length === 0 && !required ? undefined : answer;
  const text = answer.trim();
  if (text === "") return undefined;
  if (type === "integer" || type === "money")
    return Number.isFinite(Number(text.replace(",", "."))) ? Number(text.replace(",", ".")) : text;
  if (type === "select_multiple_emails") return text.split(/[\s,;]+/).filter(Boolean);
  if (type === "select_string") return choices.find(choice => choice === text) ?? text;
  return text;
}

export const answersOut = (questions: readonly Question[], answers: Readonly<Record<string, Answer>>): Record<string, unknown> =>
  Object.fromEntries(
    questions.flatMap(question => {
      const value = sent(question, answers[question.key] ?? firstAnswer(question));
      return value === undefined ? [] : [[question.key, value]];
    }),
  );
