import { useDebouncedCallback } from "@mantine/hooks";
import { type ChangeEvent, useState } from "react";

const PAUSE_MS = 250;

/** For a TextInput. */
export interface Typed {
  readonly value: string;
  readonly onChange: (event: ChangeEvent<HTMLInputElement>) => void;
}

/**
 * What stands in a field that the address says too: it goes there when its writer pauses, and what the address says anew (a step back, a filter
 * taken away) stands in the field. One's own words that come back from the address a moment later never replace what was typed since.
 */
export function useTyped(said: string, say: (words: string) => void): Typed {
  const [text, setText] = useState(said);
  const [known, setKnown] = useState(said);
  const [sent, setSent] = useState(said);
  const later = useDebouncedCallback(
    (words: string) => {
      setSent(words);
      say(words);
    },
    { delay: PAUSE_MS, flushOnUnmount: true },
  );
  if (known !== said) {
    setKnown(said);
    if (said !== sent) {
      setSent(said);
      setText(said);
    }
  }
  return {
    value: text,
    onChange: ({ currentTarget: { value } }) => {
      setText(value);
      later(value.trim());
    },
  };
}
