import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FrameError, decodeFrame, encodeFrame, readHello, type Frame } from "./frames";

interface Golden {
  name: string;
  hex: string;
  /** A frame with positions as decimal text and bytes as hex. */
  frame: Record<string, unknown> & { kind: string };
}

const golden = JSON.parse(
  readFileSync(new URL("../../../../../tests/golden/terminal-frames.json", import.meta.url), "utf8"),
) as Golden[];

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

function plain(frame: Frame): unknown {
  return JSON.parse(
    JSON.stringify(frame, (_key, value: unknown) => {
      if (typeof value === "bigint") return value.toString();
      return value instanceof Uint8Array ? hex(value) : value;
    }),
  );
}

test("there are golden samples of every kind", () => {
  const kinds = new Set(golden.map((sample) => sample.frame.kind));
  const one = ["hello", "replay", "data", "ack", "resize", "exit", "refused"];
  for (const kind of [...one, "view", "history", "size"]) expect(kinds).toContain(kind);
});

test.each(golden)("reads the golden sample $name", ({ hex: text, frame }) => {
  expect(plain(decodeFrame(bytes(text)))).toMatchObject(frame);
});

test.each(golden)("writes the golden sample $name", ({ hex: text }) => {
  expect(hex(encodeFrame(decodeFrame(bytes(text))))).toBe(text);
});

test("a cut frame is an error and nothing else", () => {
  for (const { hex: text } of golden) {
    const whole = bytes(text);
    for (let end = 0; end < whole.length; end++) {
      try {
        decodeFrame(whole.subarray(0, end));
      } catch (error) {
        expect(error).toBeInstanceOf(FrameError);
      }
    }
  }
  expect(() => readHello(bytes("7b"))).toThrow(FrameError);
});
