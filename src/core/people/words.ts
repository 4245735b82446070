import { layOut } from "../mail/index.ts";
import type { Language, Person } from "./model.ts";

/** What a link in a mail is for. */
export type LinkPurpose = "activation" | "password" | "username";

interface Words {
  readonly subject: string;
  readonly why: string;
  readonly label: string;
}

const WORDS: Record<Language, Record<LinkPurpose, Words>> = {
  en: {
    activation: {
      subject: "Activate your Havre account",
      why: "An account was made with this e-mail address. Activate it to sign in.",
      label: "Activate my account",
    },
    password: {
      subject: "Choose a new Havre password",
      why: "Somebody, we hope you, asked for a new password for your account.",
      label: "Choose a new password",
    },
    username: {
      subject: "Choose a new Havre user name",
      why: "Somebody, we hope you, asked to change the user name of your account.",
      label: "Choose a new user name",
    },
  },
  nl: {
    activation: {
      subject: "Activeer uw Havre-account",
      why: "Er is een account aangemaakt met dit e-mailadres. Activeer het om in te loggen.",
      label: "Mijn account activeren",
    },
    password: {
      subject: "Kies een nieuw Havre-wachtwoord",
      why: "Iemand, hopelijk u, vroeg om een nieuw wachtwoord voor uw account.",
      label: "Een nieuw wachtwoord kiezen",
    },
    username: {
      subject: "Kies een nieuwe Havre-gebruikersnaam",
      why: "Iemand, hopelijk u, vroeg om de gebruikersnaam van uw account te veranderen.",
      label: "Een nieuwe gebruikersnaam kiezen",
    },
  },
};

const AROUND = {
  en: {
    greet: (name: string) => `Dear ${name},`,
    account: "User name",
    once: "The link works once and dies when you sign in. Was it not you? Then do nothing: nothing changes.",
    foot: "Sent by Havre about your account.",
    moved: "Your Havre account has another e-mail address",
    movedText: (email: string) =>
      email === ""
        ? "The e-mail address of your account was taken away."
        : `The e-mail address of your account is now ${email}. Mails go there from now on.`,
    movedWhat: "Was it not you? Then somebody else uses your account: tell whoever runs this server at once.",
  },
  nl: {
    greet: (name: string) => `Beste ${name},`,
    account: "Gebruikersnaam",
    once: "De link werkt één keer en vervalt zodra u inlogt. Was u het niet? Doe dan niets: er verandert niets.",
    foot: "Verstuurd door Havre over uw account.",
    moved: "Uw Havre-account heeft een ander e-mailadres",
    movedText: (email: string) =>
      email === ""
        ? "Het e-mailadres van uw account is weggehaald."
        : `Het e-mailadres van uw account is nu ${email}. Mails gaan voortaan daarheen.`,
    movedWhat: "Was u het niet? Dan gebruikt iemand anders uw account: meld het meteen bij wie deze server beheert.",
  },
};

interface Written {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const nameOf = ({ firstName, lastName, username }: Person): string => `${firstName} ${lastName}`.trim() || username;

/** To the address that an account had until now. */
export function addressMail(person: Person, email: string): Written {
  const { greet, account, moved, movedText, movedWhat, foot } = AROUND[person.language];
  const parts = [greet(nameOf(person)), movedText(email), { facts: [[account, person.username]] as const }, movedWhat];
  return layOut({ subject: moved, parts, foot }, person.language);
}

/** The mail that carries a one-use link. */
export function linkMail(purpose: LinkPurpose, person: Person, link: string): Written {
  const { subject, why, label } = WORDS[person.language][purpose];
  const { greet, account, once, foot } = AROUND[person.language];
  return layOut(
    { subject, parts: [greet(nameOf(person)), why, { facts: [[account, person.username]] }, { link, label }, once], foot },
    person.language,
  );
}
