import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type { en } from "./en/index.ts";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof en };
  }
}

export const LANGUAGES = ["en", "nl"] as const;
export type Language = (typeof LANGUAGES)[number];

const PLACE = "havre.language";
const LOAD: Record<Language, () => Promise<object>> = {
  en: () => import("./en/index.ts").then(words => words.en),
  nl: () => import("./nl/index.ts").then(words => words.nl),
};

const isLanguage = (text: string | null | undefined): text is Language => LANGUAGES.some(language => language === text);

/** The one that was chosen here before, else the first of the browser's that we speak. */
function startLanguage(): Language {
  const wanted = [remembered(), ...navigator.languages].map(tag => tag?.slice(0, 2).toLowerCase());
  return wanted.find(isLanguage) ?? "en";
}

function remembered(): string | null {
  try {
    return localStorage.getItem(PLACE);
  } catch {
    return null;
  }
}

export async function startWords(): Promise<void> {
  await i18next.use(initReactI18next).init({
    supportedLngs: [...LANGUAGES],
    fallbackLng: false,
    resources: {},
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  await speak(startLanguage());
}

/** Switches the language of the page, its `lang` attribute included, and remembers it when someone chose it. */
export async function speak(language: Language, chosen = false): Promise<void> {
  if (!i18next.hasResourceBundle(language, "translation"))
    i18next.addResourceBundle(language, "translation", await LOAD[language]());
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  if (!chosen) return;
  try {
    localStorage.setItem(PLACE, language);
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
  }
}
