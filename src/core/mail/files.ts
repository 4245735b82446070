import type { Language } from "../people/model.ts";
import { layOut } from "./layout.ts";
import type { Written } from "./words.ts";

export interface FileFacts {
  readonly language: Language;
  readonly path: string;
  readonly isThere: boolean;
  /** Why it is not. */
  readonly reason: string;
}

const FOOT = {
  en: "Sent by Havre, as you asked when you handed the file in or had it fetched.",
  nl: "Verstuurd door Havre, zoals u vroeg toen u het bestand inleverde of liet ophalen.",
};

/** A file that somebody waits for is there, or will not come. Pure: facts in, letter out. */
export function fileMail({ language, path, isThere, reason }: FileFacts): Written {
  const words = {
    en: isThere
      ? { subject: `${path} is there`, parts: [`The file ${path} has come, whole.`] }
      : { subject: `${path} did not come`, parts: [`The file ${path} could not be fetched.`, reason] },
    nl: isThere
      ? { subject: `${path} is er`, parts: [`Het bestand ${path} is heel aangekomen.`] }
      : { subject: `${path} is niet gekomen`, parts: [`Het bestand ${path} kon niet worden opgehaald.`, reason] },
  }[language];
  return layOut({ ...words, foot: FOOT[language] }, language);
}
