import type { Client } from "./client.ts";

export interface TestStudy {
  readonly id: number;
  readonly upload_uuid: string;
  readonly upload_code: string;
  readonly api_upload_url: string;
}

export interface TestStorage {
  readonly engine?: "WEBDAV" | "S3" | "SFTP" | "GITEA" | "GITHUB" | "IRODS" | "FOLDER";
  readonly location: string;
  readonly username?: string;
  readonly password?: string;
  readonly privateKey?: string;
  readonly path?: string;
  readonly passphrase?: string;
}

/** A study with its storages; made through the API, as a researcher would. */
export async function aStudy(
  client: Client,
  storages: readonly TestStorage[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<TestStudy> {
  const study = await client.post("/api/v1/studies/", {
    code: "T1",
    name: "A study of the tests",
    description: "",
    human_subject: false,
    field: await aField(client),
    ...more,
  });
  for (const storage of storages) await addStorage(client, study.id, storage);
  return study;
}

export async function addStorage(
  client: Client,
  study: number,
  storage: TestStorage,
): Promise<{ id: number; storage: { id: number } }> {
  const { engine = "WEBDAV", location, username = "", password = "", privateKey: private_key } = storage;
  const made = await client.post("/api/v1/storages/", {
    name: `drive ${location}`,
    engine,
    location,
    username,
    password,
    private_key,
  });
  return client.post(`/api/v1/studies/${study}/storages/`, {
    storage: made.id,
    path: storage.path ?? "",
    encryption_password: storage.passphrase ?? "",
  });
}

async function aField(client: Client): Promise<number> {
  const [university] = (await client.get("/api/v1/universities/")).results;
  const [faculty] = (await client.get(`/api/v1/universities/${university.id}/faculties/`)).results;
  const [field] = (await client.get(`/api/v1/universities/${university.id}/faculties/${faculty.id}/study_fields/`)).results;
  return field.id;
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
export const dropsOf = async (client: Client, study: number): Promise<any[]> =>
  (await client.get(`/api/v1/dropoffs/?study=${study}&page_size=1000`)).results;
