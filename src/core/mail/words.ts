import { formatBytes } from "../../kernel/units.ts";
import type { Language } from "../people/model.ts";
import { layOut, type Part } from "./layout.ts";

/** Every study mail, in both languages. Pure: facts in, letter out. */
export interface Written {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export interface InvitationFacts {
  readonly language: Language;
  readonly studyName: string;
  readonly studyDescription: string;
  readonly ownerName: string;
  readonly ownerEmail: string;
  readonly invitedName: string;
  readonly link: string;
  readonly code: string;
}

const FOOT = {
  en: (name: string, mail: string) => `Sent by Havre on behalf of ${name}. Answers go to ${mail || name}.`,
  nl: (name: string, mail: string) => `Verstuurd door Havre namens ${name}. Antwoorden gaan naar ${mail || name}.`,
};

export function invitationMail(facts: InvitationFacts): Written {
  const { language, studyName, studyDescription, ownerName, ownerEmail, invitedName, link, code } = facts;
  const about: Part[] = studyDescription === "" ? [] : [studyDescription];
  const words = {
    en: {
      subject: `Share your data with the study ${studyName}`,
      parts: [
        `Dear ${invitedName},`,
        `${ownerName} invites you to hand in data for the study “${studyName}”. You need no account: open the page, check the code and drop your files. If the connection breaks, come back to the same page and the upload goes on where it stopped.`,
        ...about,
        { link, label: "Open the drop-off page" },
        { facts: [["Your code", code]] },
        "The code is yours alone; please do not pass it on.",
      ] satisfies Part[],
    },
    nl: {
      subject: `Lever uw gegevens aan voor de studie ${studyName}`,
      parts: [
        `Beste ${invitedName},`,
        `${ownerName} nodigt u uit om gegevens aan te leveren voor de studie “${studyName}”. U heeft geen account nodig: open de pagina, controleer de code en sleep uw bestanden erin. Valt de verbinding weg, open dan dezelfde pagina opnieuw: het uploaden gaat verder waar het was gebleven.`,
        ...about,
        { link, label: "Open de aanleverpagina" },
        { facts: [["Uw code", code]] },
        "De code is alleen voor u bestemd; geef deze niet door.",
      ] satisfies Part[],
    },
  }[language];
  return layOut({ ...words, foot: FOOT[language](ownerName, ownerEmail) }, language);
}

export interface DropFacts {
  readonly language: Language;
  readonly studyName: string;
  readonly ownerName: string;
  readonly ownerEmail: string;
  readonly filename: string;
  readonly sizeBytes: number;
  readonly sha256: string | undefined;
  /** Who handed it in, "" when the study's general code was used. */
  readonly providerName: string;
  readonly receiptLink: string;
  readonly studyLink: string;
  /** Storages and what became of each copy. */
  readonly deliveries: readonly { readonly storage: string; readonly outcome: string }[];
}

export type DropMail = "arrived" | "delivered" | "failed" | "differs" | "receipt";

const DROP_WORDS: Record<Language, Record<DropMail, (f: DropFacts) => { subject: string; parts: Part[] }>> = {
  en: {
    arrived: f => ({
      subject: `${f.studyName}: ${f.filename} has arrived`,
      parts: [
        `A file has arrived for the study “${f.studyName}”. It is being brought to your storages now.`,
        ...factsOf(f, EN),
        { link: f.studyLink, label: "Follow it" },
      ],
    }),
    delivered: f => ({
      subject: `${f.studyName}: ${f.filename} is delivered`,
      parts: [
        "Every storage of the study holds a copy of this file, and each copy was compared with what arrived.",
        ...factsOf(f, EN),
        ...outcomes(f, EN.storage),
        { link: f.receiptLink, label: "Receipt" },
      ],
    }),
    failed: f => ({
      subject: `${f.studyName}: ${f.filename} could not be delivered everywhere`,
      parts: [
        "A delivery needs you. The file itself is safe: Havre keeps it until every copy is proved.",
        ...outcomes(f, EN.storage),
        ...factsOf(f, EN),
        { link: f.studyLink, label: "See what to do and try again" },
      ],
    }),
    differs: f => ({
      subject: `${f.studyName}: a copy of ${f.filename} is not what was delivered`,
      parts: [
        "Havre read a delivered copy again. It is gone, or other bytes lie there than were delivered. Find out who changed it before you use it; other storages may still hold a right copy.",
        ...outcomes(f, EN.storage),
        ...factsOf(f, EN),
        { link: f.receiptLink, label: "Receipt, with what was found when" },
      ],
    }),
    receipt: f => ({
      subject: `Receipt: ${f.filename} for ${f.studyName}`,
      parts: [
        `Thank you. Your file has arrived completely for the study “${f.studyName}”.`,
        ...factsOf(f, EN),
        { link: f.receiptLink, label: "Your receipt, and where the file is now" },
        "The link needs no account. Keep it to yourself: whoever has it can see this receipt.",
      ],
    }),
  },
  nl: {
    arrived: f => ({
      subject: `${f.studyName}: ${f.filename} is binnengekomen`,
      parts: [
        `Er is een bestand binnengekomen voor de studie “${f.studyName}”. Het wordt nu naar uw opslag gebracht.`,
        ...factsOf(f, NL),
        { link: f.studyLink, label: "Volg het bestand" },
      ],
    }),
    delivered: f => ({
      subject: `${f.studyName}: ${f.filename} is afgeleverd`,
      parts: [
        "Elke opslag van de studie heeft een kopie van dit bestand, en elke kopie is vergeleken met wat er binnenkwam.",
        ...factsOf(f, NL),
        ...outcomes(f, NL.storage),
        { link: f.receiptLink, label: "Ontvangstbewijs" },
      ],
    }),
    failed: f => ({
      subject: `${f.studyName}: ${f.filename} kon niet overal worden afgeleverd`,
      parts: [
        "Een aflevering wacht op u. Het bestand zelf is veilig: Havre bewaart het tot elke kopie gecontroleerd is.",
        ...outcomes(f, NL.storage),
        ...factsOf(f, NL),
        { link: f.studyLink, label: "Bekijk wat u kunt doen en probeer opnieuw" },
      ],
    }),
    differs: f => ({
      subject: `${f.studyName}: een kopie van ${f.filename} is niet wat er is afgeleverd`,
      parts: [
        "Havre heeft een afgeleverde kopie opnieuw gelezen. Ze is weg, of er staan andere bytes dan er zijn afgeleverd. Zoek uit wie dat deed voordat u haar gebruikt; een andere opslag heeft misschien nog een goede kopie.",
        ...outcomes(f, NL.storage),
        ...factsOf(f, NL),
        { link: f.receiptLink, label: "Ontvangstbewijs, met wat er wanneer gevonden is" },
      ],
    }),
    receipt: f => ({
      subject: `Ontvangstbewijs: ${f.filename} voor ${f.studyName}`,
      parts: [
        `Dank u wel. Uw bestand is volledig binnengekomen voor de studie “${f.studyName}”.`,
        ...factsOf(f, NL),
        { link: f.receiptLink, label: "Uw ontvangstbewijs, en waar het bestand nu is" },
        "Voor de link is geen account nodig. Houd hem voor uzelf: wie hem heeft, kan dit bewijs zien.",
      ],
    }),
  },
};

const EN = { file: "File", size: "Size", hash: "SHA-256", from: "From", storage: "Storage" };
const NL = { file: "Bestand", size: "Grootte", hash: "SHA-256", from: "Van", storage: "Opslag" };

function factsOf(f: DropFacts, names: typeof EN): Part[] {
  const facts: (readonly [string, string])[] = [
    [names.file, f.filename],
    [names.size, `${formatBytes(f.sizeBytes)} (${f.sizeBytes} B)`],
  ];
  if (f.sha256) facts.push([names.hash, f.sha256]);
  if (f.providerName !== "") facts.push([names.from, f.providerName]);
  return [{ facts }];
}

const outcomes = (f: DropFacts, name: string): Part[] =>
  f.deliveries.length === 0
    ? []
    : [{ facts: f.deliveries.map(({ storage, outcome }) => [`${name} ${storage}`, outcome] as const) }];

export const dropMail = (kind: DropMail, facts: DropFacts): Written =>
  layOut(
    { ...DROP_WORDS[facts.language][kind](facts), foot: FOOT[facts.language](facts.ownerName, facts.ownerEmail) },
    facts.language,
  );
