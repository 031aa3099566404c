import { expect, test } from "vitest";
import type { Frame, HolderHello } from "./frames";
import { ACK_EVERY_BYTES, FRESH, streamStep, type Stream, type StreamEffect, type StreamEvent } from "./stream";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const hello = (input_seq = 0): StreamEvent => {
  const hello: HolderHello = { version: 1, id: "t1", title: "bash", output_seq: 0, input_seq };
  return { type: "hello", hello };
};
const frame = (frame: Frame): StreamEvent => ({ type: "frame", frame });
const data = (seq: number, text: string) => frame({ kind: "data", seq: BigInt(seq), bytes: encode(text) });
const replay = (seq: number, text: string, flags: { clear?: boolean; last?: boolean; whole?: boolean } = {}) =>
  frame({ kind: "replay", seq: BigInt(seq), clear: true, last: true, whole: false, bytes: encode(text), ...flags });

/** A page whose emulator draws everything at once, or nothing at all. */
class Page {
  state: Stream = FRESH;
  effects: StreamEffect[] = [];
  drawsAtOnce = true;

  tell(...events: StreamEvent[]): this {
    for (const event of events) {
      const [next, effects] = streamStep(this.state, event);
      this.state = next;
      this.effects.push(...effects);
      if (!this.drawsAtOnce) continue;
      for (const effect of effects) {
        if (effect.type === "write") this.tell({ type: "parsed", epoch: effect.epoch, position: effect.position });
      }
    }
    return this;
  }

  since(): StreamEffect[] {
    return this.effects.splice(0);
  }

  drawn(): string {
    return this.effects.flatMap((effect) => (effect.type === "write" ? [decode(effect.bytes)] : [])).join("");
  }

  sent(): string {
    return this.effects
      .flatMap((effect) => (effect.type === "send" && effect.frame.kind === "data" ? [decode(effect.frame.bytes)] : []))
      .join("");
  }

  acks(): number[] {
    return this.effects.flatMap((effect) =>
      effect.type === "send" && effect.frame.kind === "ack" ? [Number(effect.frame.seq)] : [],
    );
  }

  resumesAt(): number | null | undefined {
    return this.effects.flatMap((effect) => (effect.type === "greet" ? [effect.resume] : [])).at(-1);
  }
}

const attached = () => new Page().tell({ type: "opened" }, hello(), replay(10, "0123456789"));

test("a first visit asks for no resume, clears, draws and acknowledges", () => {
  const page = attached();
  expect(page.effects.map((effect) => effect.type)).toEqual(["greet", "clear", "write", "send"]);
  expect(page.resumesAt()).toBeNull();
  expect(page.acks()).toEqual([10]);
  expect(page.state.phase).toBe("live");
});

test("a reconnect resumes where the emulator is, and draws nothing twice", () => {
  const page = attached();
  page.drawsAtOnce = false;
  page.tell(data(10, "abc"), data(13, "de"), { type: "parsed", epoch: 1, position: 13 }, { type: "closed" });
  page.since();
  page.tell({ type: "opened" }, hello(), data(13, "defg"));
  expect(page.resumesAt()).toBe(13);
  expect(page.drawn()).toBe("fg");
});

test("output that came twice is acknowledged again, so that the window never closes", () => {
  const page = attached();
  page.drawsAtOnce = false;
  page.tell(data(10, "abc"), { type: "closed" }, { type: "opened" });
  page.tell({ type: "parsed", epoch: 1, position: 13 }, hello());
  page.since();
  page.tell(data(10, "abc"));
  expect(page.drawn()).toBe("");
  expect(page.acks()).toEqual([13]);
});

test("a hole opens the connection again and draws nothing of what follows", () => {
  const page = attached();
  page.since();
  page.tell(data(11, "b"), data(12, "c"));
  expect(page.effects).toEqual([{ type: "reopen" }]);
  page.tell({ type: "closed" }, { type: "opened" });
  expect(page.resumesAt()).toBe(10);
});

test("a connection lost inside a replay asks for a whole one", () => {
  const page = attached();
  page.tell(replay(20, "half", { last: false }), { type: "closed" }, { type: "opened" });
  expect(page.resumesAt()).toBeNull();
});

test("what the emulator reports about an older screen does not count", () => {
  const page = attached();
  page.drawsAtOnce = false;
  page.tell(data(10, "old"), replay(500, "new", { last: false }));
  page.tell({ type: "parsed", epoch: 1, position: 13 });
  expect(page.state.parsed).toBeNull();
});

test("several replay chunks clear once and end where live output continues", () => {
  const page = new Page().tell({ type: "opened" }, hello());
  page.tell(replay(9, "a", { last: false }), replay(9, "b", { clear: false, last: false }));
  page.tell(replay(9, "c", { clear: false }), data(9, "d"));
  expect(page.effects.filter((effect) => effect.type === "clear")).toHaveLength(1);
  expect(page.drawn()).toBe("abcd");
  expect(page.state.received).toBe(10);
});

test("a flood is acknowledged once in 16 KiB while the emulator has work left", () => {
  const page = attached();
  page.drawsAtOnce = false;
  page.since();
  const piece = "x".repeat(1024);
  for (let at = 0; at < 64; at++) page.tell(data(10 + at * 1024, piece));
  for (let at = 1; at <= 64; at++) page.tell({ type: "parsed", epoch: 1, position: 10 + at * 1024 });
  expect(page.acks()).toEqual([1, 2, 3, 4].map((n) => 10 + n * ACK_EVERY_BYTES));
});

test("keys typed while away are sent once, in order, when the terminal is back", () => {
  const page = attached();
  page.tell({ type: "typed", bytes: encode("a") }, { type: "typed", bytes: encode("b") });
  page.tell(frame({ kind: "ack", seq: 1n }), { type: "closed" }, { type: "typed", bytes: encode("c") });
  expect(page.sent()).toBe("ab");
  page.since();
  page.tell({ type: "opened" });
  expect(page.sent()).toBe("");
  page.tell(hello(2), { type: "typed", bytes: encode("d") });
  expect(page.sent()).toBe("cd");
});

test("keys typed before the first connection are not lost", () => {
  const page = new Page().tell({ type: "typed", bytes: encode("ls\n") }, { type: "opened" }, hello());
  expect(page.sent()).toBe("ls\n");
});

test("typing pauses visibly when too much waits, and goes on afterwards", () => {
  const page = attached();
  page.tell({ type: "closed" }, { type: "typed", bytes: new Uint8Array(65536) }, { type: "typed", bytes: encode("x") });
  expect(page.state.typingPaused).toBe(true);
  page.tell({ type: "opened" }, hello(0));
  expect(page.state.typingPaused).toBe(false);
});

test("a large paste into a live terminal is not refused", () => {
  const page = attached();
  page.tell({ type: "typed", bytes: new Uint8Array(1 << 20) });
  expect(page.state.typingPaused).toBe(false);
  expect(page.sent()).toHaveLength(1 << 20);
});

test("an exit and a refusal end it, whatever follows", () => {
  const ended = attached().tell(frame({ kind: "exit", exit: { code: 3 } }), data(10, "late"), { type: "closed" });
  expect(ended.state.phase).toBe("ended");
  expect(ended.effects.at(-1)).toEqual({ type: "end", why: { exit: { code: 3 } } });
  const refused = { code: "version", message: "reload the page" };
  const page = new Page().tell({ type: "opened" }, frame({ kind: "refused", refused }));
  expect(page.effects.at(-1)).toEqual({ type: "end", why: { refused } });
});

test("frames of an unknown kind are ignored", () => {
  const page = attached();
  page.since();
  expect(page.tell(frame({ kind: "unknown", number: 99 })).effects).toEqual([]);
});
