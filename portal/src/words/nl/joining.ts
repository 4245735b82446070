/** Rollen waarvoor mensen per mail worden gevraagd. */
export const joining = {
  join: {
    title: "U bent uitgenodigd",
    text: "Deze uitnodiging is gestuurd aan {{email}}. Neem hem aan met een account met dit e-mailadres.",
    over: "Deze uitnodiging kan niet (meer) worden aangenomen: hij is al aangenomen of ingetrokken, of de tijd is om. Vraag de afzender om een nieuwe.",
    accept: "Aannemen",
    signIn: "Log in om aan te nemen",
    register: "Ik heb nog geen account",
    done: "U heeft de rol nu.",
    approve: {
      title: "Een uitnodiging om goed te keuren",
      text: "In de mail staat wie wat moet worden. Keur het goed, en de uitnodiging wordt verstuurd.",
      yes: "Goedkeuren",
      no: "Afwijzen",
      approved: "Goedgekeurd: de uitnodiging is onderweg.",
      rejected: "Afgewezen: er is niets verstuurd.",
    },
  },
};
