import { expect, test } from "vitest";
import { codeInText, connectCommand, takeCode } from "./link-code";

test.each([
  ["http://localhost:6060/?auth_token=Zk3", "Zk3", "/"],
  ["http://gpu1.localhost:6060/#auth_token=Zk3", "Zk3", "/"],
  ["http://localhost:6060/?a=1&auth_token=Zk3&b=2#c", "Zk3", "/?a=1&b=2#c"],
  ["http://localhost:6060/?auth_token=a%2Bb", "a+b", "/"],
  ["http://localhost:6060/?auth_token=old#auth_token=new", "new", "/"],
  ["http://localhost:6060/?auth_token=", null, "/"],
  ["http://localhost:6060/x?y=1#z", null, "/x?y=1#z"],
])("the code leaves the address %s", (href, code, clean) => {
  expect(takeCode(href)).toEqual({ code, clean });
});

test.each([
  [" http://localhost:6060/?auth_token=Zk3_-x ", "Zk3_-x"],
  ["auth_token=Zk3", "Zk3"],
  ["Zk3abcdef", "Zk3abcdef"],
  ["http://localhost:6060/", null],
  ["two words", null],
  ["", null],
])("the code in the pasted text %j is %j", (text, code) => {
  expect(codeInText(text)).toBe(code);
});

test("the command to type can be pasted into a shell", () => {
  expect(connectCommand("local")).toBe("cocalc-plus serve");
  expect(connectCommand("me@gpu1.example.org:2222")).toBe("cocalc-plus ssh me@gpu1.example.org:2222");
  expect(connectCommand("me@[::1]:22")).toBe("cocalc-plus ssh 'me@[::1]:22'");
});
