import { expect, test } from "vitest";
import type { Frame, HolderHello, View } from "./frames";
import { ACK_EVERY_BYTES, FRESH, streamStep, type Stream, type StreamEffect, type StreamEvent } from "./stream";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const hello = (input_seq = 0, version = 1): StreamEvent => {
  const hello: HolderHello = { version, id: "t1", title: "bash", output_seq: 0, input_seq };
  return { type: "hello", hello };
};
const frame = (frame: Frame): StreamEvent => ({ type: "frame", frame });
const data = (seq: number, text: string) => frame({ kind: "data", seq: BigInt(seq), bytes: encode(text) });
const replay = (seq: number, text: string, flags: { clear?: boolean; last?: boolean; whole?: boolean } = {}) =>
  frame({ kind: "replay", seq: BigInt(seq), clear: true, last: true, whole: false, bytes: encode(text), ...flags });

const view = (layout: number, change: Partial<View> = {}) =>
  frame({
    kind: "view",
    view: { cols: 80, rows: 24, layout, clients: 1, leads: true, sized_by: "smallest", ...change },
  });
const whole = (seq: number, text: string, flags: { clear?: boolean; last?: boolean } = {}) =>
  replay(seq, text, { whole: true, ...flags });
const read = (isReading: boolean): StreamEvent => ({ type: "reading", isReading });

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
        if (effect.type === "restore") this.tell({ type: "restored" });
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

  resumes(): { position: number; layout: number | null } | null | undefined {
    return this.effects.flatMap((effect) => (effect.type === "greet" ? [effect.resume] : [])).at(-1);
  }

  resumesAt(): number | null | undefined {
    const resume = this.resumes();
    return resume ? resume.position : resume;
  }

  kinds(): string {
    return this.effects.map((effect) => (effect.type === "send" ? effect.frame.kind : effect.type)).join(" ");
  }
}

const attached = () => new Page().tell({ type: "opening" }, hello(), replay(10, "0123456789"));

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
  page.tell({ type: "opening" }, hello(), data(13, "defg"));
  expect(page.resumesAt()).toBe(13);
  expect(page.drawn()).toBe("fg");
});

test("output that came twice is acknowledged again, so that the window never closes", () => {
  const page = attached();
  page.drawsAtOnce = false;
  page.tell(data(10, "abc"), { type: "closed" }, { type: "opening" });
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
  page.tell({ type: "closed" }, { type: "opening" });
  expect(page.resumesAt()).toBe(10);
});

test("a connection lost inside a replay asks for a whole one", () => {
  const page = attached();
  page.tell(replay(20, "half", { last: false }), { type: "closed" }, { type: "opening" });
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
  const page = new Page().tell({ type: "opening" }, hello());
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
  page.tell({ type: "opening" });
  expect(page.sent()).toBe("");
  page.tell(hello(2), { type: "typed", bytes: encode("d") });
  expect(page.sent()).toBe("cd");
});

test("keys typed before the first connection are not lost", () => {
  const page = new Page().tell({ type: "typed", bytes: encode("ls\n") }, { type: "opening" }, hello());
  expect(page.sent()).toBe("ls\n");
});

test("typing pauses visibly when too much waits, and goes on afterwards", () => {
  const page = attached();
  page.tell({ type: "closed" }, { type: "typed", bytes: new Uint8Array(65536) }, { type: "typed", bytes: encode("x") });
  expect(page.state.typingPaused).toBe(true);
  page.tell({ type: "opening" }, hello(0));
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
  expect(ended.effects.at(-2)).toEqual({ type: "send", frame: { kind: "ack", seq: 11n } });
  const refused = { code: "version", message: "reload the page" };
  const page = new Page().tell({ type: "opening" }, frame({ kind: "refused", refused }));
  expect(page.effects.at(-1)).toEqual({ type: "end", why: { refused } });
});

test("frames of an unknown kind are ignored", () => {
  const page = attached();
  page.since();
  expect(page.tell(frame({ kind: "unknown", number: 99 })).effects).toEqual([]);
});

const second = () => new Page().tell({ type: "opening" }, hello(0, 2), view(3), replay(10, "0123456789"));

test("a View reaches the emulator in the order of the bytes", () => {
  const page = second();
  page.since();
  page.tell(data(10, "ab"), view(4, { cols: 100 }), replay(12, "again"), data(12, "c"));
  expect(page.kinds()).toBe("write ack view clear write ack write ack");
});

test("a reconnect tells the layout that was drawn", () => {
  const page = second().tell({ type: "closed" }, { type: "opening" });
  expect(page.resumes()).toEqual({ position: 10, layout: 3 });
  page.since();
  page.tell(hello(0, 2), view(3), data(10, "x"));
  expect(page.kinds()).toBe("view write ack");
});

test("a size that changed is resumed only after its replay was drawn", () => {
  const page = second();
  page.drawsAtOnce = false;
  page.tell(data(10, "ab"), view(4), { type: "parsed", epoch: 1, position: 12 }, { type: "closed" }, { type: "opening" });
  expect(page.resumes()).toBeNull();
  page.drawsAtOnce = true;
  page.tell(hello(0, 2), view(4), replay(12, "ab"), { type: "closed" }, { type: "opening" });
  expect(page.resumes()).toEqual({ position: 12, layout: 4 });
});

test("a View of the same layout disturbs nothing", () => {
  const page = second();
  page.since();
  page.tell(view(3, { leads: false, clients: 2 }), data(10, "x"));
  expect(page.kinds()).toBe("view write ack");
});

test("history is asked for once, and only when it is lacking", () => {
  const page = new Page().tell({ type: "opening" }, hello(0, 2), view(1), data(0, "x"));
  page.since();
  expect(page.tell({ type: "history" }).kinds()).toBe("");
  page.tell(replay(500, "screen"));
  page.since();
  page.tell({ type: "history" }, { type: "history" });
  expect(page.kinds()).toBe("history");
  expect(page.state.history).toBe("asked");
});

test("a whole replay keeps the view and makes the history whole when it is drawn", () => {
  const page = second().tell({ type: "history" });
  page.since();
  page.tell(whole(10, "lines", { last: false }));
  expect(page.state.history).toBe("drawing");
  page.tell(whole(10, "screen", { clear: false }), data(10, "x"));
  expect(page.effects.filter((effect) => effect.type === "clear")).toEqual([{ type: "clear", keepsView: true }]);
  expect(page.kinds()).toBe("clear write write restore ack write ack");
  expect(page.state.history).toBe("whole");
});

test("history that was lost on the way is asked for again", () => {
  const page = second().tell({ type: "history" }, whole(10, "half", { last: false }), { type: "closed" });
  page.since();
  page.tell({ type: "opening" }, hello(0, 2), view(3), replay(10, "screen"), whole(10, "all"));
  expect(page.kinds()).toBe("greet history view clear write restore ack");
  expect(page.state.history).toBe("whole");
});

test("a reader keeps the place while a flood is skipped, and sees its end when back there", () => {
  const page = second().tell(read(true), data(10, "drawn"));
  page.since();
  page.tell(replay(500, "old"), data(500, "x"), replay(900, "ne", { last: false }), replay(900, "w", { clear: false }));
  page.tell(data(900, "er"));
  expect(page.kinds()).toBe("");
  page.tell(read(false), data(902, "!"));
  expect(page.drawn()).toBe("newer!");
  expect(page.acks()).toEqual([902, 903]);
});

test("history can be looked for in the middle of a flood", () => {
  const page = second();
  page.tell(replay(500, "screen"));
  page.since();
  page.drawsAtOnce = false;
  page.tell({ type: "history" }, replay(600, "s"), whole(700, "all"), replay(800, "s"), data(800, "t"));
  expect(page.drawn()).toBe("all");
  page.tell({ type: "parsed", epoch: page.state.epoch, position: 700 }, read(true), { type: "restored" });
  expect(page.state.history).toBe("whole");
  page.tell(read(false));
  expect(page.drawn()).toBe("allst");
  expect(page.state.history).toBe("lacking");
});

test("whoever types is not kept waiting for history", () => {
  const page = second().tell({ type: "history" }, replay(500, "held"));
  page.since();
  page.tell({ type: "typed", bytes: encode("x") });
  expect(page.drawn()).toBe("held");
  expect(page.sent()).toBe("x");
});

test("a reader who looks further up gets the history at once", () => {
  const page = second().tell(read(true), replay(500, "held"), data(500, "abc"));
  page.since();
  page.tell({ type: "history" }, data(503, "d"), whole(504, "all"), data(504, "e"));
  expect(page.drawn()).toBe("alle");
  expect(page.kinds()).toBe("ack history clear write restore ack write ack");
  expect(page.acks()).toEqual([503, 504, 505]);
});

test("a program that ended before its history came has shown its last words", () => {
  const exit = frame({ kind: "exit", exit: { code: 0 } });
  const page = second().tell({ type: "history" }, replay(500, "held"));
  page.since();
  page.tell(exit);
  expect(page.drawn()).toBe("held");
  expect(page.state.held).toBe(null);
});

test("what is held of another size is forgotten", () => {
  const page = second().tell(read(true), replay(500, "old"), view(4, { cols: 60 }));
  page.since();
  page.tell(replay(600, "new"), read(false));
  expect(page.drawn()).toBe("new");
});

test("a connection lost while something is held resumes at what is drawn", () => {
  const page = second().tell(read(true), replay(500, "held"), { type: "closed" }, { type: "opening" });
  expect(page.resumes()).toEqual({ position: 10, layout: 3 });
  page.tell(hello(0, 2), view(3), replay(600, "held again"));
  page.since();
  expect(page.tell(read(false)).drawn()).toBe("held again");
});

test("the last words of a program are shown to a reader who comes back", () => {
  const page = second().tell(read(true), replay(500, "bye"), frame({ kind: "exit", exit: { code: 0 } }));
  expect(page.since().at(-2)).toEqual({ type: "send", frame: { kind: "ack", seq: 501n } });
  expect(page.tell(read(false)).drawn()).toBe("bye");
  expect(page.state.phase).toBe("ended");
});

test("a first version's holder gets no new frame, and nothing is held", () => {
  const page = attached().tell({ type: "history" }, { type: "size", size: "mine" }, read(true), replay(99, "again"));
  expect(page.kinds()).toBe("greet clear write ack clear write ack");
  expect(page.tell({ type: "closed" }, { type: "opening" }).resumes()).toEqual({ position: 99, layout: null });
});

test("the wish to set the size survives a reconnect, until another page sets it", () => {
  const page = second().tell({ type: "size", size: "mine" }, view(4, { sized_by: "you" }), replay(10, "x"));
  page.tell({ type: "closed" });
  page.since();
  expect(page.tell({ type: "opening" }, hello(0, 2)).kinds()).toBe("greet size");
  page.tell(view(5, { sized_by: "other" }), replay(10, "x"), { type: "closed" });
  page.since();
  expect(page.tell({ type: "opening" }, hello(0, 2)).kinds()).toBe("greet");
});
