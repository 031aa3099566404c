import { expect, test } from "vitest";
import { lookForImage } from "./images";

const look = (text: string) => lookForImage(new TextEncoder().encode(text));

test("images of both kinds are found, and the question for them", () => {
  for (const text of ["\x1bPq#0", "ls\r\n\x1bP0;1;8q", "\x1b]1337;File=name=a:AA", "\x1b[?1;1;0S", "\x1b[1m\x1bPq"]) {
    expect(look(text), JSON.stringify(text)).toBe("found");
  }
});

test("what only looks like one is not found", () => {
  const texts = ["", "plain", "\x1b[?25h\x1b[?2026l", "\x1b]0;title\x07", "\x1bP+q544e\x1b\\", "\x1bP$qm\x1b\\", "\x1b[5S"];
  for (const text of [...texts, "\x1b]1337;CurrentDir=/\x07"]) expect(look(text), JSON.stringify(text)).toBe(0);
  expect(look(`\x1bP${"1;".repeat(60)}q`)).toBe(0);
});

test("every cut before the end is kept back, so that the first image is whole", () => {
  for (const text of ["\x1bP0;1q", "\x1b]1337;File=", "\x1b[?2;1S"]) {
    for (let end = 1; end < text.length; end++) expect(look(`ab${text.slice(0, end)}`)).toBe(end);
  }
});
