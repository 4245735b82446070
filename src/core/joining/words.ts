import { layOut } from "../mail/index.ts";
import type { Language } from "../people/model.ts";

/** Mails about roles that somebody is to take. Pure: facts in, letter out. */
export interface JoiningFacts {
  readonly language: Language;
  readonly inviter: string;
  readonly email: string;
  /** "Project manager" and the like, in the language of the mail. */
  readonly role: string;
  readonly where: string;
  readonly organisation: string;
  readonly text: string;
  readonly until: string;
  readonly link: string;
}

const ROLES: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  en: {
    "study:member": "member",
    "study:researcher": "researcher",
    "study:administrator": "administrator",
    "organisation:support": "support",
    "organisation:manager": "manager",
    "organisation:owner": "owner",
  },
  nl: {
    "study:member": "lid",
    "study:researcher": "onderzoeker",
    "study:administrator": "beheerder",
    "organisation:support": "ondersteuner",
    "organisation:manager": "beheerder",
    "organisation:owner": "eigenaar",
  },
};
export const roleIn = (language: Language, kind: string, role: string): string => ROLES[language][`${kind}:${role}`] ?? role;

const WORDS = {
  en: {
    subject: (f: JoiningFacts) => `Invitation: ${f.where}`,
    why: (f: JoiningFacts) => `${f.inviter} asks you to take part in “${f.where}” (${f.organisation}), as ${f.role}.`,
    how: (f: JoiningFacts) =>
      `Open the page, sign in with an account whose e-mail address is ${f.email}, or make one, and accept. This can be done until ${f.until}.`,
    label: "Look at the invitation",
    foot: "Sent by Havre, because somebody typed your address. Do nothing, and nothing happens.",
    approveSubject: (f: JoiningFacts) => `To approve: ${f.email} for ${f.where}`,
    approve: (f: JoiningFacts) =>
      `${f.inviter} wants to make ${f.email} ${f.role} of “${f.where}”. Only who runs this server makes somebody that. Nothing was sent to ${f.email} yet.`,
    approveLabel: "Approve or reject",
    approveFoot: "Sent by Havre to those who run it. Whoever has this link can decide: keep it to yourself.",
  },
  nl: {
    subject: (f: JoiningFacts) => `Uitnodiging: ${f.where}`,
    why: (f: JoiningFacts) => `${f.inviter} vraagt u mee te doen in “${f.where}” (${f.organisation}), als ${f.role}.`,
    how: (f: JoiningFacts) =>
      `Open de pagina, log in met een account met het e-mailadres ${f.email}, of maak er een, en neem de uitnodiging aan. Dat kan tot ${f.until}.`,
    label: "Bekijk de uitnodiging",
    foot: "Verstuurd door Havre omdat iemand uw adres opgaf. Doet u niets, dan gebeurt er niets.",
    approveSubject: (f: JoiningFacts) => `Goed te keuren: ${f.email} voor ${f.where}`,
    approve: (f: JoiningFacts) =>
      `${f.inviter} wil ${f.email} ${f.role} maken van “${f.where}”. Dat doet alleen wie deze server beheert. Aan ${f.email} is nog niets gestuurd.`,
    approveLabel: "Goedkeuren of afwijzen",
    approveFoot: "Verstuurd door Havre aan wie het beheert. Wie deze link heeft kan beslissen: deel hem niet.",
  },
};

export function joiningMail(facts: JoiningFacts) {
  const words = WORDS[facts.language];
  const parts = [
    words.why(facts),
    ...(facts.text === "" ? [] : [facts.text]),
    { link: facts.link, label: words.label },
    words.how(facts),
  ];
  return layOut({ subject: words.subject(facts), parts, foot: words.foot }, facts.language);
}

export function approvalMail(facts: JoiningFacts) {
  const words = WORDS[facts.language];
  const parts = [
    words.approve(facts),
    ...(facts.text === "" ? [] : [facts.text]),
    { link: facts.link, label: words.approveLabel },
  ];
  return layOut({ subject: words.approveSubject(facts), parts, foot: words.approveFoot }, facts.language);
}
