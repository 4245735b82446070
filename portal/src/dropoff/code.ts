import { useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { codeFrom } from "./rules.ts";

const place = (study: string): string => `havre.code.${study}`;

/** Kept for this tab only, so that reloading the page does not ask for the code again. */
export const rememberCode = (study: string, code: string): void => sessionStorage.setItem(place(study), code);

/** The code of the link, taken out of the address bar so that nobody reads it there or copies it by accident. */
export function useCodeFromLink(study: string): string {
  const { history } = useRouter();
  const [code] = useState(() => codeFrom(window.location.hash) || (sessionStorage.getItem(place(study)) ?? ""));
  useEffect(() => {
    const { hash, pathname, search } = window.location;
    if (codeFrom(hash)) history.replace(pathname + search);
  }, [history]);
  return code;
}
