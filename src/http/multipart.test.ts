import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import { boundaryOf, partsOf, textOf } from "./multipart.ts";

const LF = "\r\n";
const part = (head: string, body: string): string => `--b${LF}Content-Disposition: form-data; ${head}${LF}${LF}${body}${LF}`;
/** In pieces of this size, so that every boundary is cut somewhere. */
const inPieces = (text: string | Buffer, size: number): Readable => {
  const bytes = Buffer.from(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size));
  return Readable.from(pieces, { objectMode: false });
};
async function read(body: Readable): Promise<(readonly [string, string | undefined, string])[]> {
  const all: (readonly [string, string | undefined, string])[] = [];
  for await (const one of partsOf(body, "b")) all.push([one.name, one.filename, await textOf(one, 1e6)]);
  return all;
}

describe("a multipart body", () => {
  const text = `${part('name="a"', "1")}${part('name="f"; filename="x \\"y\\".txt"', `line${LF}--b and${LF}-- not${LF}`)}${part("name=e", "")}--b--${LF}`;
  const expected = [
    ["a", undefined, "1"],
    ["f", 'x "y".txt', `line${LF}--b and${LF}-- not${LF}`],
    ["e", undefined, ""],
  ] as const;

  it("gives its parts, wherever the pieces are cut", async () => {
    const body = text.replace(`--b and`, "--c and");
    const wanted = expected.map(([name, file, value]) => [name, file, value.replace("--b and", "--c and")]);
    for (const size of [1, 2, 3, 7, 64, 10_000]) assert.deepEqual(await read(inPieces(body, size)), wanted, String(size));
  });

  it("may have something before the first boundary, and nothing after the last", async () => {
    assert.deepEqual(await read(inPieces(`preamble${LF}${part('name="a"', "1")}--b--`, 5)), [["a", undefined, "1"]]);
  });

  it("keeps every byte of a file", async () => {
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, n) => (n * 7919) % 251));
    const body = Buffer.concat([
      Buffer.from(
        `--b${LF}Content-Disposition: form-data; name="f"; filename*=UTF-8''caf%C3%A9${LF}Content-Type: text/plain${LF}${LF}`,
      ),
      bytes,
      Buffer.from(`${LF}--b--${LF}`),
    ]);
    for await (const one of partsOf(inPieces(body, 4093), "b")) {
      assert.equal(one.filename, "café");
      const pieces: Buffer[] = [];
      for await (const piece of one.body) pieces.push(piece);
      assert.ok(Buffer.concat(pieces).equals(bytes));
    }
  });

  it("a part that nobody reads is passed over", async () => {
    const names: string[] = [];
    for await (const one of partsOf(inPieces(`${part('name="a"', "x".repeat(50_000))}${part('name="b"', "1")}--b--`, 999), "b"))
      names.push(one.name);
    assert.deepEqual(names, ["a", "b"]);
  });

  it("is refused when it is cut short or broken, and not waited for", async () => {
    const whole = `${part('name="a"', "1")}--b--`;
    for (const end of [1, 10, whole.length - 1, whole.length - 5])
      await assert.rejects(read(inPieces(whole.slice(0, end), 3)), { kind: "network" }, String(end));
    await assert.rejects(read(inPieces(`--bx${LF}`, 3)), { kind: "invalid" });
    await assert.rejects(read(inPieces(`--b${LF}X: y${LF}${LF}1${LF}--b--`, 3)), /no name/);
    await assert.rejects(read(inPieces(`--b${LF}X: ${"y".repeat(40_000)}${LF}${LF}1${LF}--b--`, 999)), /too long/);
  });

  it("says its boundary in its type", () => {
    assert.equal(boundaryOf('multipart/form-data; charset=x; boundary="a b"'), "a b");
    assert.equal(boundaryOf("Multipart/Form-Data;boundary=abc"), "abc");
    for (const type of ["", "text/plain", "multipart/mixed; boundary=a", "multipart/form-data"])
      assert.equal(boundaryOf(type), undefined);
  });
});
