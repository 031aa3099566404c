import { expect, test } from "vitest";
import { AWAY_LIMIT_BYTES, NOTHING_TYPED, agree, pieces, taken, typeInto, type Input } from "./input";

const encode = (text: string) => new TextEncoder().encode(text);

function typed(...texts: string[]): Input {
  return texts.reduce<Input>((input, text) => typeInto(input, encode(text), AWAY_LIMIT_BYTES)!, NOTHING_TYPED);
}

function rest(input: Input): string {
  return pieces(input, 2)
    .map((piece) => new TextDecoder().decode(piece.bytes))
    .join("");
}

test("exactly what the holder did not take is sent again", () => {
  const input = typed("abc", "de", "f");
  for (let count = 0; count <= 6; count++) {
    const again = agree(input, count);
    expect(rest(again)).toBe("abcdef".slice(count));
    expect(again.base).toBe(count);
    expect(again.next).toBe(6);
  }
});

test("acknowledged bytes are never sent again, even when the holder forgot the page", () => {
  const again = agree(taken(typed("abc", "de"), 4), 0);
  expect(rest(again)).toBe("e");
  expect(again.base).toBe(0);
  expect(again.next).toBe(1);
});

test("an old acknowledgement changes nothing", () => {
  const input = taken(typed("abc"), 2);
  expect(taken(input, 1)).toBe(input);
});

test("pieces carry consecutive positions and respect the size", () => {
  const all = pieces(taken(typed("abc", "defg"), 1), 2);
  expect(all.map((piece) => piece.seq)).toEqual([1, 3, 5]);
  expect(pieces(typed("a", "b", "x".repeat(2000), "c"), 65536).map((piece) => piece.seq)).toEqual([0, 2, 2002]);
  expect(all.every((piece) => piece.bytes.length <= 2)).toBe(true);
});

test("what does not fit is refused whole", () => {
  const full = typeInto(NOTHING_TYPED, new Uint8Array(AWAY_LIMIT_BYTES), AWAY_LIMIT_BYTES)!;
  expect(typeInto(full, encode("x"), AWAY_LIMIT_BYTES)).toBeNull();
  expect(typeInto(taken(full, 1), encode("x"), AWAY_LIMIT_BYTES)).not.toBeNull();
});
