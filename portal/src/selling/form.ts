import { QUESTION_TYPES, type QuestionType } from "../market/options.ts";
import type { Form, FormOption } from "../market/types.ts";

/** A question as it is written: texts as they stand in their fields. `rest` is what we have no field for, and keep. */
export type Draft = {
  id: number;
  key: string;
  label: string;
  help: string;
  type: QuestionType;
  required: boolean;
  /** One a line. */
  choices: string;
  rest: Readonly<Record<string, unknown>>;
};

let lastId = 0;
export const emptyDraft = (): Draft => ({
  id: ++lastId,
  key: "",
  label: "",
  help: "",
  type: "string",
  required: false,
  choices: "",
  rest: {},
});

export const hasChoices = (type: QuestionType): boolean => type === "select_string" || type === "select_string_multi";

/** In the order in which they are asked. */
export function draftsOf({ order = [], options = {} }: Form): Draft[] {
  const keys = [...order.filter(key => Object.hasOwn(options, key)), ...Object.keys(options).filter(key => !order.includes(key))];
  return keys.map(key => {
    const { type, label, help_text, required, choices, ...rest } = options[key] as FormOption;
    return {
      id: ++lastId,
      key,
      label: label ?? "",
      help: help_text ?? "",
      type: QUESTION_TYPES.find(one => one === type) ?? "string",
      required: required === true,
      choices: (choices ?? []).map(String).join("\n"),
      rest,
    };
  });
}

const KEY = /^[a-z_][a-z0-9_]*$/i;

/** By the draft's id, what is wrong with its key: programs read the answers by it. */
export function problemsOf(drafts: readonly Draft[]): ReadonlyMap<number, "empty" | "letters" | "twice"> {
  const problems = new Map<number, "empty" | "letters" | "twice">();
  const seen = new Set<string>();
  for (const { id, key } of drafts) {
    const clean = key.trim();
    if (clean === "") problems.set(id, "empty");
    else if (!KEY.test(clean)) problems.set(id, "letters");
    else if (seen.has(clean)) problems.set(id, "twice");
    seen.add(clean);
  }
  return problems;
}

export const formOut = (drafts: readonly Draft[]): Form =>
  drafts.length === 0
    ? {}
    : {
        order: drafts.map(({ key }) => key.trim()),
        options: Object.fromEntries(
          drafts.map(({ key, label, help, type, required, choices, rest }) => [
            key.trim(),
            {
              ...rest,
              type,
              label: label.trim() || key.trim(),
              ...(help.trim() ? { help_text: help.trim() } : {}),
              required,
              ...(hasChoices(type)
                ? {
                    choices: choices
                      .split("\n")
                      .map(line => line.trim())
                      .filter(Boolean),
                  }
                : {}),
            },
          ]),
        ),
      };
