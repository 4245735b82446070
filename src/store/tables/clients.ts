import type { At, Default, Id } from "./columns.ts";

/** Programs that get tokens for people. */
export interface ClientTables {
  client: {
    id: Id;
    person_id: number;
    name: string;
    description: Default<string>;
    callback_url: Default<string>;
    key: string;
    secret_hash: string;
    apis: string[];
    created_at: At;
  };
  client_token: {
    id: Id;
    client_id: number;
    person_id: number;
    by_password: boolean;
    access_hash: string;
    refresh_hash: string | null;
    granted_at: Date;
    expires_at: Date;
  };
}
