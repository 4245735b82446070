import { domains, flag, oneOf, timeZone } from "./kinds.ts";

export const accounts = {
  timeZone: timeZone("TIME_ZONE", "Europe/Amsterdam", "Zone of times in the API."),
  registration: oneOf("open", "closed")("REGISTRATION", "closed", "Whether people may make their own account."),
  registrationDomains: domains(
    "REGISTRATION_DOMAINS",
    "",
    "Mail domains whose people may make their own account, such as `rug.nl,*.umcg.nl`; `*.` means every name below. Empty: all. Needs ACTIVATION_MAIL.",
  ),
  activationMail: flag("ACTIVATION_MAIL", "false", "A new account must be activated by mail first."),
};
