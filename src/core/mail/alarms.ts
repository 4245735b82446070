import type { Language } from "../people/model.ts";
import { layOut, type Part } from "./layout.ts";
import type { Written } from "./words.ts";

export interface StorageAlarm {
  readonly language: Language;
  readonly name: string;
  readonly engine: string;
  readonly address: string;
  /** What went wrong, and what to do. */
  readonly message: string;
  /** It gave back other bytes than it was given. */
  readonly differs: boolean;
  readonly link: string;
}

const FOOT = {
  en: "Sent by Havre, which sends a small file through every storage each hour.",
  nl: "Verstuurd door Havre, dat elk uur een klein bestand door elke opslag stuurt.",
};

/** A storage does not do what it should. Pure: facts in, letter out. */
export function storageAlarmMail(alarm: StorageAlarm): Written {
  const { language, name, engine, address, message, differs, link } = alarm;
  const facts = (storage: string, found: string): Part => ({
    facts: [
      [storage, `${name} (${engine} ${address})`],
      [found, message],
    ],
  });
  const words = {
    en: {
      subject: differs ? `The storage ${name} gives back other bytes than it gets` : `The storage ${name} does not work`,
      parts: [
        differs
          ? "Havre wrote a small file to this storage and read back something else. Deliveries to it are compared and do not end as long as that is so; what lies there already may be damaged."
          : "Two hourly trials of this storage in a row have failed. Files for it are kept and tried again.",
        facts("Storage", "Found"),
        "You get one mail about this, until the storage works again.",
        { link, label: "Open Havre" },
      ] satisfies Part[],
    },
    nl: {
      subject: differs ? `De opslag ${name} geeft andere bytes terug dan hij krijgt` : `De opslag ${name} werkt niet`,
      parts: [
        differs
          ? "Havre schreef een klein bestand naar deze opslag en las iets anders terug. Afleveringen worden vergeleken en eindigen niet zolang dat zo is; wat er al staat kan beschadigd zijn."
          : "Twee proeven van deze opslag na elkaar, een uur uiteen, zijn mislukt. Bestanden ervoor worden bewaard en opnieuw geprobeerd.",
        facts("Opslag", "Gevonden"),
        "U krijgt hierover één mail, tot de opslag weer werkt.",
        { link, label: "Havre openen" },
      ] satisfies Part[],
    },
  }[language];
  return layOut({ ...words, foot: FOOT[language] }, language);
}
