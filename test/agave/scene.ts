import { ADMIN, type Havre, type HavreOptions, startHavre } from "../harness/havre.ts";
import { Asker, signedIn } from "./client.ts";

/** A server with an administrator and some people, each with a token that a client of theirs got. */
export interface Scene {
  readonly havre: Havre;
  readonly nobody: Asker;
  readonly admin: Asker;
  readonly owner: Asker;
  readonly friend: Asker;
  readonly stranger: Asker;
}

export const PASSWORD = "correct-Horse-7-battery";
export const PEOPLE = ["owner", "friend", "stranger"] as const;

export async function aScene(options: HavreOptions = {}): Promise<Scene> {
  // Some tests make tokens old in the database, which must count with the next request.
  const havre = await startHavre({ ...options, env: { SIGN_IN_MEMORY_MS: "0", ...options.env } });
  const admin = await signedIn(havre.url, ADMIN.username, ADMIN.password);
  for (const username of PEOPLE)
    await admin.post("/profiles/v2", { username, password: PASSWORD, email: `${username}@example.org`, first_name: username });
  const [owner, friend, stranger] = (await Promise.all(PEOPLE.map(username => signedIn(havre.url, username, PASSWORD)))) as [
    Asker,
    Asker,
    Asker,
  ];
  return { havre, nobody: new Asker(havre.url), admin, owner, friend, stranger };
}
