import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Answer } from "./ask.ts";
import { type Bench, openBench } from "./bench.ts";
import { DIALECTS, type Line, linesOf, requestsOf } from "./expectations.ts";
import type { Request, Standing, Told } from "./request.ts";
import { ACTORS, type ActorName, aScene, type DropState, hashOfPassword, type Scene } from "./scene.ts";

for (const dialect of DIALECTS)
  describe(`every route of ${dialect.name}, tried as everyone`, () => {
    const lines = linesOf(dialect);
    const requests = requestsOf(dialect);
    let bench: Bench;
    const scenes = new Map<DropState, Scene>();
    const past: Scene[] = [];
    before(async () => {
      bench = await openBench();
    });
    after(() => bench.close());

    const sceneFor = async ({ drop = "delivered", prepare }: Request): Promise<Scene> => {
      const scene = scenes.get(drop) ?? (await aScene(bench, drop));
      if (!scenes.has(drop)) past.push(scene);
      scenes.set(drop, scene);
      await prepare?.(bench, scene);
      return scene;
    };

    /** Asks as the actor would and checks the answer. */
    const tryAs = async (line: Line, request: Request, as: ActorName): Promise<void> => {
      const scene = await sceneFor(request);
      const self = as === "nobody" ? undefined : scene.cast[as];
      const standing: Standing = { bench, scene, as, self };
      const { bare, headers, ...question } = await request.ask(standing);
      const token = self && !bare ? dialect.credentials(self) : {};
      const answer = await bench.ask({ method: line.method, ...question, headers: { ...token, ...headers } });
      const what = `${line.key} as ${as}`;
      assert.equal(answer.status, line.expected[as], `${what}: ${answer.status} ${answer.text.slice(0, 400)}`);
      if (answer.status >= 400) dialect.assertRefusal(answer, what);
      assertKeepsSecrets(answer, standing, request.tells?.(as) ?? [], what);
      if (line.method !== "GET" && answer.status < 400) request.spent?.(scene);
      if (request.spends === "each" && answer.status < 400) scenes.delete(request.drop ?? "delivered");
    };

    it("each row has a line in the table, each line a row, each a request", () => {
      const known = [...dialect.routes.map(({ method, path }) => `${method} ${path}`), ...dialect.besides];
      assert.deepEqual([...new Set(lines.map(line => line.route))].sort(), known.sort());
      assert.deepEqual(lines.map(line => line.key).sort(), Object.keys(requests).sort());
    });

    it("any change of any row shows in the fingerprint", async () => {
      const { study } = await sceneFor({ ask: () => ({ path: "" }) });
      const before = await bench.fingerprint();
      await bench.world.store.db.updateTable("study").set({ description: "other" }).where("id", "=", study.id).execute();
      const after = await bench.fingerprint();
      assert.deepEqual(
        Object.keys(after).filter(table => after[table] !== before[table]),
        ["study"],
      );
    });

    for (const line of lines)
      it(`${line.key} answers everyone as the table says, and a refusal changes nothing`, async () => {
        const request = requests[line.key];
        assert.ok(request);
        await sceneFor(request);
        const isRead = line.method === "GET" && !request.isNoted;
        const harmless = ACTORS.filter(as => isRead || line.expected[as] >= 400);
        // An upload that is asked about is made first, and that is a change.
        const makes = line.route.endsWith("/files/:id");
        const untouched = makes ? undefined : await bench.fingerprint();
        await Promise.all(harmless.map(as => tryAs(line, request, as)));
        if (untouched) assert.deepEqual(await bench.fingerprint(), untouched);
        for (const as of ACTORS.filter(as => !harmless.includes(as))) await tryAs(line, request, as);
        if (request.spends === "all") scenes.delete(request.drop ?? "delivered");
      });

    it("after all that, no log line, no event and no mail tells a secret, and no table has one in clear", async () => {
      assert.ok(past.length > 0);
      const hash = await hashOfPassword();
      const held = past.flatMap(scene => [
        scene.storagePassword,
        scene.passphrase,
        ...Object.values(scene.machines.secrets),
        ...peopleOf(scene).flatMap(secretsOf),
      ]);
      const codes = past.flatMap(scene => [scene.study.code, scene.invitation.code, scene.drop.receipt]);
      const log = bench.havre.log.join("\n");
      assert.ok(log.includes(`"path":"/`), "the log was kept");
      assertAbsent(log, [...held, ...codes, hash], "the log");
      for (const [table, text] of Object.entries(await bench.contents())) {
        assertAbsent(text, held, `table ${table}`);
        if (table === "event" || table === "errand") assertAbsent(text, [...codes, hash], `table ${table}`);
        if (table !== "person") assertAbsent(text, [hash], `table ${table}`);
      }
    });
  });

const peopleOf = (scene: Scene) => [...Object.values(scene.cast), scene.other, scene.boss, scene.waiting];
const secretsOf = ({ token, hawk, cookie }: Scene["other"]): string[] => [token, hawk.secret, cookie];

function assertKeepsSecrets(answer: Answer, { scene, self }: Standing, told: readonly Told[], what: string): void {
  const text = `${JSON.stringify(answer.headers)}\n${answer.text}`;
  const secrets: readonly (readonly [Told | undefined, readonly string[]])[] = [
    ["storage", [scene.storagePassword, scene.passphrase]],
    ["machine access", Object.values(scene.machines.secrets)],
    ["code", [scene.study.code]],
    ["invitation code", [scene.invitation.code]],
    ["account link", ["/account/activation/", "/account/password/", "/account/username/"]],
    ["own hawk token", self ? [self.hawk.secret] : []],
    ["own csrf token", self ? [self.csrf, self.cookie] : []],
    [
      undefined,
      peopleOf(scene)
        .filter(person => person !== self)
        .flatMap(person => [...secretsOf(person), person.csrf]),
    ],
    [undefined, ["$argon2", ...(self ? [self.token] : [])]],
  ];
  for (const [name, values] of secrets)
    if (!name || !told.includes(name)) assertAbsent(text, values, `${what}, where it tells ${name ?? "another's secret"}`);
    else if (answer.status < 300)
      assert.ok(
        values.some(value => text.includes(value)),
        `${what} does not tell: ${name}`,
      );
}

function assertAbsent(text: string, secrets: readonly string[], where: string): void {
  const found = secrets.find(secret => secret !== "" && text.includes(secret));
  const at = found === undefined ? 0 : text.indexOf(found);
  assert.equal(found, undefined, `${where}: …${text.slice(Math.max(0, at - 200), at + 60)}…`);
}
