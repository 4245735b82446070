import { isDay } from "../../kernel/clock.ts";
import { invalid } from "../../kernel/errors.ts";
import type { Facts } from "./model.ts";

/** Forms that a provider writes, and what was filled in against them. */

interface Question {
  readonly type?: unknown;
  readonly required?: unknown;
  readonly choices?: unknown;
  readonly min?: unknown;
  readonly max?: unknown;
}

const questionsOf = (form: Facts): readonly (readonly [string, Question])[] =>
  typeof form.options === "object" && form.options !== null
    ? Object.entries(form.options).filter(
        (entry): entry is [string, Question] => typeof entry[1] === "object" && entry[1] !== null,
      )
    : [];

/** The keys that a form asks for. */
export const askedKeys = (form: Facts): readonly string[] => questionsOf(form).map(([key]) => key);

/**
 * Checks what was filled in; keys that the form does not know pass through.
 * @param partly nothing is required: what is absent stays as it was
 * @throws HavreError "invalid", under the names of the options
 */
export function checkOptions(form: Facts, given: Facts, partly = false): void {
  const errors: Record<string, string[]> = {};
  for (const [key, question] of questionsOf(form)) {
    const value = Object.hasOwn(given, key) ? given[key] : undefined;
    const problem = value === undefined || value === null ? absent(question, value, partly) : problemOf(question, value);
    if (problem !== undefined) errors[key] = [problem];
  }
  if (Object.keys(errors).length > 0) throw invalid(errors);
}

const absent = ({ required }: Question, value: unknown, partly: boolean): string | undefined =>
  required !== true || partly ? undefined : value === null ? "This field may not be null." : "This field is required.";

const EMAIL = /^[^\s@<>,;"]+@[^\s@<>,;"]+\.[a-z0-9-]{2,63}$/i;
const TIME = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$/;
const MOST_TEXT = 10_000;

function problemOf(question: Question, value: unknown): string | undefined {
  const choices = Array.isArray(question.choices) ? question.choices : [];
  switch (question.type) {
    case "boolean":
      return typeof value === "boolean" ? undefined : "Must be a valid boolean.";
    case "integer":
      return Number.isInteger(value) ? outOfBounds(question, value as number) : "A valid integer is required.";
    case "money":
      return isNumber(value) ? outOfBounds(question, Number(value)) : "A valid number is required.";
    case "select_string":
      return choices.includes(value) ? undefined : notAChoice(value);
    case "select_string_multi": {
      if (!Array.isArray(value)) return `Expected a list of items but got type "${wordFor(value)}".`;
      const wrong = value.find(item => !choices.includes(item));
      return wrong === undefined ? undefined : notAChoice(wrong);
    }
    case "select_multiple_emails": {
      const all = Array.isArray(value) ? value : [value];
      return all.every(item => typeof item === "string" && EMAIL.test(item)) ? undefined : "Enter a valid email address.";
    }
    case "date":
      return typeof value === "string" && isDay(value)
        ? undefined
        : "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.";
    case "time":
      return typeof value === "string" && TIME.test(value)
        ? undefined
        : "Time has wrong format. Use one of these formats instead: hh:mm[:ss[.uuuuuu]].";
    default:
      if (typeof value !== "string") return "Not a valid string.";
      if (value === "" && question.required === true) return "This field may not be blank.";
      return value.length > MOST_TEXT ? `Ensure this field has no more than ${MOST_TEXT} characters.` : undefined;
  }
}

const isNumber = (value: unknown): boolean =>
  (typeof value === "number" && Number.isFinite(value)) || (typeof value === "string" && /^-?\d{1,12}(\.\d{1,10})?$/.test(value));

function outOfBounds({ min, max }: Question, value: number): string | undefined {
  if (typeof min === "number" && value < min) return `Ensure this value is greater than or equal to ${min}.`;
  if (typeof max === "number" && value > max) return `Ensure this value is less than or equal to ${max}.`;
  return undefined;
}

const notAChoice = (value: unknown): string => `"${String(value).slice(0, 100)}" is not a valid choice.`;
const wordFor = (value: unknown): string =>
  typeof value === "string" ? "str" : typeof value === "object" ? "dict" : typeof value === "boolean" ? "bool" : "int";
