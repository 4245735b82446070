import { DAY } from "../../kernel/clock.ts";
import { layOut } from "../mail/index.ts";
import type { Language } from "../people/model.ts";

/** Mails about machines, in both languages. Pure: facts in, letter out. */
export type MachineMail = "ready" | "failed" | "terminated" | "ending" | "ended";

export interface MachineMailFacts {
  readonly language: Language;
  readonly researcher: string;
  readonly machine: string;
  /** Why, as the portal shows it; "" when there is nothing to say. */
  readonly message: string;
  readonly endingAt: Date;
  readonly now: Date;
  readonly timeZone: string;
  readonly link: string;
}

interface Words {
  readonly subject: string;
  readonly parts: readonly string[];
  readonly label: string;
}

const WORDS: Record<Language, Record<MachineMail, (f: MachineMailFacts) => Words>> = {
  en: {
    ready: f => ({
      subject: `${f.machine}: your machine is ready`,
      parts: [`Your virtual machine “${f.machine}” is ready to be used. Its page says how to get in.`],
      label: "Open the machine's page",
    }),
    failed: f => ({
      subject: `${f.machine}: something went wrong with your machine`,
      parts: [`Something went wrong with your virtual machine “${f.machine}”.`, f.message],
      label: "See what can be done",
    }),
    terminated: f => ({
      subject: `${f.machine}: your machine was removed by its provider`,
      parts: [
        `Your virtual machine “${f.machine}” is no longer with its provider, although nobody removed it in Havre.`,
        f.message,
        "Ask whoever runs this server if you did not expect that.",
      ],
      label: "Open the machine's page",
    }),
    ending: f => ({
      subject: `${f.machine}: your machine ends ${daysLeft(f, "within a day", days => `in ${days} days`)}`,
      parts: [
        `Your virtual machine “${f.machine}” ends on ${dayOf(f, "en-GB")}. It is then removed, with everything that is on it.`,
        "Save what you want to keep. If you still need the machine, ask an administrator to extend it.",
      ],
      label: "Open the machine's page",
    }),
    ended: f => ({
      subject: `${f.machine}: your machine has ended`,
      parts: [`The time of your virtual machine “${f.machine}” was over on ${dayOf(f, "en-GB")}, so it is being removed.`],
      label: "Your machines",
    }),
  },
  nl: {
    ready: f => ({
      subject: `${f.machine}: uw machine is klaar`,
      parts: [`Uw virtuele machine “${f.machine}” is klaar voor gebruik. Op de pagina van de machine staat hoe u erin komt.`],
      label: "Open de pagina van de machine",
    }),
    failed: f => ({
      subject: `${f.machine}: er ging iets mis met uw machine`,
      parts: [`Er ging iets mis met uw virtuele machine “${f.machine}”.`, f.message],
      label: "Bekijk wat u kunt doen",
    }),
    terminated: f => ({
      subject: `${f.machine}: uw machine is verwijderd door de aanbieder`,
      parts: [
        `Uw virtuele machine “${f.machine}” staat niet meer bij de aanbieder, al heeft niemand deze in Havre verwijderd.`,
        f.message,
        "Vraag de beheerder van deze server wat er is gebeurd als u dit niet had verwacht.",
      ],
      label: "Open de pagina van de machine",
    }),
    ending: f => ({
      subject: `${f.machine}: uw machine stopt ${daysLeft(f, "binnen een dag", days => `over ${days} dagen`)}`,
      parts: [
        `Uw virtuele machine “${f.machine}” stopt op ${dayOf(f, "nl-NL")}. De machine wordt dan verwijderd, met alles wat erop staat.`,
        "Bewaar wat u wilt houden. Heeft u de machine langer nodig, vraag dan een beheerder om verlenging.",
      ],
      label: "Open de pagina van de machine",
    }),
    ended: f => ({
      subject: `${f.machine}: uw machine is gestopt`,
      parts: [`De tijd van uw virtuele machine “${f.machine}” was om op ${dayOf(f, "nl-NL")}; de machine wordt nu verwijderd.`],
      label: "Uw machines",
    }),
  },
};

const AROUND = {
  en: { greet: (name: string) => `Dear ${name},`, foot: "Sent by Havre about your virtual machine." },
  nl: { greet: (name: string) => `Beste ${name},`, foot: "Verstuurd door Havre over uw virtuele machine." },
};

const dayOf = ({ endingAt, timeZone }: MachineMailFacts, locale: string): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short", timeZone }).format(endingAt);

function daysLeft({ endingAt, now }: MachineMailFacts, last: string, more: (days: number) => string): string {
  const days = Math.ceil((endingAt.getTime() - now.getTime()) / DAY);
  return days <= 1 ? last : more(days);
}

export function machineMail(mail: MachineMail, facts: MachineMailFacts): { subject: string; text: string; html: string } {
  const { subject, parts, label } = WORDS[facts.language][mail](facts);
  const { greet, foot } = AROUND[facts.language];
  const body = [greet(facts.researcher), ...parts.filter(part => part !== ""), { link: facts.link, label }];
  return layOut({ subject, parts: body, foot }, facts.language);
}
