import { expect, test } from "vitest";
import { labelOf, readTyped, type Kind } from "./site-settings";

test("what is typed becomes a value of its kind or is refused beside the field", () => {
  const port: Kind = { type: "number", least: 0, most: 65535 };
  expect(readTyped(port, " 6060 ")).toEqual({ value: 6060 });
  expect(readTyped(port, "")).toEqual({ value: null });
  for (const text of ["65536", "-1", "1.5", "0x10", "1e3", "many"]) {
    expect(readTyped(port, text)).toEqual({ problem: "a whole number from 0 to 65535" });
  }
  expect(readTyped({ type: "text", most: 3 }, "äöü")).toEqual({ value: "äöü" });
  expect(readTyped({ type: "text", most: 3 }, "four")).toEqual({ problem: "at most 3 characters" });
  expect(readTyped({ type: "path" }, "a/b")).toEqual({ problem: "an absolute path" });
  expect(readTyped({ type: "choice", of: ["a"] }, "a")).toEqual({ value: "a" });
});

test("a key reads as words", () => {
  expect(["terminal_font_size", "nats_port", "tls_cert"].map(labelOf)).toEqual(["Terminal font size", "NATS port", "TLS cert"]);
});
