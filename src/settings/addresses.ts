import { origin } from "./kinds.ts";

export const addresses = {
  publicUrl: origin("PUBLIC_URL", "", "Origin people use, `https://havre.example.org`. Empty: http://localhost:PORT."),
  dropoffBaseUrl: origin("DROPOFF_BASE_URL", "", "Prefix of the drop-off pages. Empty: PUBLIC_URL/dropoffs/."),
  uploadHost: origin("DROPOFF_UPLOAD_HOST", "", "Origin of the upload endpoint, for a front on another port. Empty: PUBLIC_URL."),
};
