import { flag, oneOf, timeZone } from "./kinds.ts";

export const accounts = {
  timeZone: timeZone("TIME_ZONE", "Europe/Amsterdam", "Zone of times in the API."),
  registration: oneOf("open", "closed")("REGISTRATION", "closed", "Whether people may make their own account."),
  activationMail: flag("ACTIVATION_MAIL", "false", "A new account must be activated by mail first."),
};
