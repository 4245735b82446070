import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import SwaggerParser from "@apidevtools/swagger-parser";
import { Validator } from "@seriousme/openapi-schema-validator";
import fc from "fast-check";
import { makeVre } from "../../src/dialects/vre/index.ts";
import { type Bench, openBench } from "../permissions/bench.ts";
import { aScene, type Scene } from "../permissions/scene.ts";
import { type Guess, guesses } from "./arbitrary.ts";
import { type Document, type Operation, operationsOf, undocumented } from "./document.ts";

/** A run can be repeated, and made longer: HAVRE_FUZZ_SEED, HAVRE_FUZZ_RUNS. */
const SEED = Number(process.env.HAVRE_FUZZ_SEED ?? 20211001);
const RUNS = Number(process.env.HAVRE_FUZZ_RUNS ?? 40);
/** Operations that hash passwords take some 20 ms a request; none may take the whole suite's time. */
const LONGEST_MS = 5_000 * Math.max(1, RUNS / 40);

const ROUTES = makeVre({ version: "t", demo: undefined }).routes;
const braced = (path: string): string => path.replaceAll(/:(\w+)/g, "{$1}");

describe("the OpenAPI document of the VRE dialect", () => {
  let bench: Bench;
  let document: Document;
  let operations: ReadonlyMap<string, Operation>;
  before(async () => {
    bench = await openBench();
    document = JSON.parse((await bench.ask({ method: "GET", path: "/api/openapi.json" })).text);
    operations = new Map(operationsOf(document).map(operation => [`${operation.method} ${operation.path}`, operation]));
  });
  after(() => bench?.close());

  const operationOf = (method: string, path: string): Operation => {
    const operation = operations.get(`${method} ${braced(path)}`);
    assert.ok(operation, `${method} ${path} is not documented`);
    return operation;
  };

  const isValid = async (candidate: unknown): Promise<[boolean, boolean]> => [
    (await new Validator().validate(structuredClone(candidate) as Record<string, unknown>)).valid,
    await SwaggerParser.validate(structuredClone(candidate) as never).then(
      () => true,
      () => false,
    ),
  ];

  it("is valid in the eyes of two validators, which both refuse a broken one", async () => {
    assert.deepEqual(await isValid(document), [true, true]);
    const broken = { ...document, paths: { "/x": { get: { responses: { 200: { content: 5 } } } } } };
    assert.deepEqual(await isValid(broken), [false, false]);
  });

  it("names every row with what it answers and how it refuses", () => {
    for (const row of ROUTES) {
      const { responses, operationId } = operationOf(row.method, row.path);
      const status = String(row.status ?? 200);
      assert.ok(responses[status], operationId);
      assert.ok(responses.default, operationId);
      assert.equal(status === "204", responses[status].content === undefined, `${operationId} has no reply schema`);
      assert.ok(row.auth === "none" || responses[401], operationId);
    }
    const ids = [...operations.values()].map(({ operationId }) => operationId).filter(id => id !== undefined);
    assert.equal(new Set(ids).size, ids.length);
  });

  describe(`asked at random (seed ${SEED}, ${RUNS} times each)`, () => {
    let shared: Scene;
    const reached: string[] = [];
    before(async () => {
      shared = await aScene(bench);
    });

    const ask = async (operation: Operation, scene: Scene, { as, ...asked }: Guess) => {
      const self = as === "nobody" ? undefined : scene.cast[as];
      const token = self ? { authorization: `Token ${self.token}` } : {};
      return bench.ask({ method: operation.method, ...asked, headers: { ...asked.headers, ...token } });
    };

    for (const { method, path } of ROUTES)
      it(`${method} ${path} never fails, and answers as documented`, async () => {
        const operation = operationOf(method, path);
        // What was removed by others' numbers cannot be read: only lists share a scene.
        const scene = method === "GET" && !path.includes(":") ? shared : await aScene(bench);
        const seen = new Set<number>();
        const property = fc.asyncProperty(guesses(operation, scene), async guess => {
          const answer = await ask(operation, scene, guess);
          seen.add(answer.status);
          const told = `${answer.status} ${answer.text.slice(0, 500)}`;
          // Nobody listens where the storages of a scene are said to be: whoever looks into one is told so.
          const isAway = path.includes("/files/") && answer.status === 502 && answer.text.includes("127.0.0.1:9");
          assert.ok(answer.status < 500 || isAway, told);
          // What the router takes for another row answers as that row does.
          if (samePlace(guess.path, path)) assert.equal(undocumented(operation, answer), undefined, told);
        });
        await fc.assert(property, { seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: LONGEST_MS, endOnFailure: true });
        if ([...seen].some(status => status < 300)) reached.push(`${method} ${path}`);
      });

    it("got far: most operations also did what they were asked", () => {
      // Nobody listens where the storages of a scene are said to be.
      const names = ROUTES.map(({ method, path }) => `${method} ${path}`).filter(name => !name.includes("/files/"));
      const missed = names.filter(name => !reached.includes(name));
      assert.ok(missed.length <= names.length * 0.2, `${missed.length} of ${names.length} not reached: ${missed.join(", ")}`);
    });
  });
});

/** Whether a path that was filled in at random still has the row's parts: an empty parameter is another row's path. */
const samePlace = (asked: string, row: string): boolean => {
  const parts = (path: string): number => (path.split("?")[0] ?? "").split("/").filter(part => part !== "").length;
  return parts(asked) === parts(row);
};
