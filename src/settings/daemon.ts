import { secret, text } from "./kinds.ts";

export const daemon = {
  dropoffUser: text("DROPOFF_API_USER", "", "Account of an external upload daemon's hooks; a superuser, made at start."),
  dropoffPassword: secret("DROPOFF_API_PASSWORD", "", "Its password."),
  dropoffEmail: text("DROPOFF_API_EMAIL", "", "Its mail address."),
  dropoffHawkKey: text("DROPOFF_API_HAWK_KEY", "", "Its Hawk id."),
  dropoffHawkSecret: secret("DROPOFF_API_HAWK_SECRET", "", "Its Hawk key."),
  webhookSharedSecret: secret("WEBHOOK_SHARED_SECRET", "", "Lets an external tusd 2 call the webhook without Hawk. Empty: off."),
};
