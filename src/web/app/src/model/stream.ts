/**
 * One terminal's stream, from the page's side: a pure state machine.
 *
 * ```text
 * closed ──opening─▶ greeting ──hello──▶ live ◀──last chunk── replaying
 *    ▲                                    └──────replay──────────▲
 *    └── closed (any time); then again with `resume`, if a screen stands
 * exit ▶ ended, refused `gone` or close 4004 ▶ gone, other refusals ▶ refused
 * ```
 *
 * Output positions: `received` is where the next byte from the wire belongs,
 * `parsed` is how far the emulator has drawn. A reconnect asks for everything
 * above `parsed`; what the emulator already holds in its queue comes twice and
 * is cut off. A hole is never drawn: the connection is opened again instead.
 *
 * An *epoch* is the life of one screen: a replay begins the next one, and what
 * the emulator reports about an earlier epoch no longer counts. So does a View
 * with another layout, after which nothing can be resumed until the replay
 * that follows it has been drawn.
 *
 * **History** (version 2). A replay holds the screen only, unless it is whole:
 *
 * ```text
 * whole ──replay of the screen──▶ lacking ──history──▶ asked ──whole replay──▶ drawing
 *   ▲                                                    ▲                        │
 *   └─────────── drawn, and the view restored ───────────┼────────────────────────┤
 *                                                        └── closed meanwhile ────┘
 * ```
 *
 * Whoever *reads* (has scrolled up, or waits for history to do so) must not
 * lose the place. Meanwhile a replay of the screen, which would clear the
 * scrollback below the reader's eyes, is *held* with all that follows it,
 * undrawn and unacknowledged: the holder then sends no more than its window. A
 * later replay takes its place.
 *
 * ```text
 * drawing live ──replay while reading──▶ held ──back at the end, or a key──▶ what is held is drawn
 *                                        │  ▲
 *              past the top, search:     │  └── a replay while history is asked for or drawn
 *              History, whose whole replay is drawn at once, and the view restored
 * ```
 *
 * So a flood under a reader costs one replay, history is fetched only when
 * somebody looks for it, and one can scroll up out of a flood.
 */

import type { Exit, Frame, HolderHello, Refused, SizeWish, View } from "./frames";
import { MAX_DATA_BYTES } from "./frames";
import { AWAY_LIMIT_BYTES, LIVE_LIMIT_BYTES, NOTHING_TYPED, agree, pieces, taken, typeInto, type Input } from "./input";

/** The holder hears of drawn output at most once in so many bytes. */
export const ACK_EVERY_BYTES = 16 * 1024;

/** How much of the scrollback the emulator has. */
export type History = "whole" | "lacking" | "asked" | "drawing";

/** Where a terminal's stream stands. */
export interface Stream {
  phase: "closed" | "greeting" | "replaying" | "live" | "ended" | "gone" | "refused";
  /** The version that both sides agreed on; 1 before the first hello. */
  version: number;
  epoch: number;
  /** Where the next byte belongs; `null` until a screen stands. */
  received: number | null;
  /** How far the emulator has drawn; `null` until a screen stands. */
  parsed: number | null;
  /** The position last acknowledged. */
  acked: number;
  /** Writes that the emulator has not reported as drawn. */
  queued: number;
  input: Input;
  /** Whether typed bytes were refused since the terminal went away. */
  typingPaused: boolean;
  /** The last View; `null` in version 1. */
  view: View | null;
  /** Whose window this page wants to set the size; said again after a reconnect. */
  size: SizeWish;
  history: History;
  /** Whether the person has scrolled up. */
  isReading: boolean;
  /** Frames that wait until the person no longer reads; at most the holder's window. */
  held: readonly Frame[] | null;
}

/** What can happen to it. */
export type StreamEvent =
  | { type: "opening" }
  | { type: "closed" }
  | { type: "gone" }
  | { type: "hello"; hello: HolderHello }
  | { type: "frame"; frame: Frame }
  | { type: "typed"; bytes: Uint8Array }
  /** The emulator drew a write; `position` is `null` inside a replay. */
  | { type: "parsed"; epoch: number; position: number | null }
  /** The emulator shows a whole replay, at the place that was seen before. */
  | { type: "restored" }
  /** Somebody looks for what scrolled out before this page saw it. */
  | { type: "history" }
  /** The person has scrolled up, or is back at the end. */
  | { type: "reading"; isReading: boolean }
  | { type: "size"; size: SizeWish };

/** What to do then. */
export type StreamEffect =
  | { type: "greet"; resume: { position: number; layout: number | null } | null }
  | { type: "send"; frame: Frame }
  | { type: "view"; view: View }
  /** Reset; `keepsView` remembers what is seen until `restore`. */
  | { type: "clear"; keepsView: boolean }
  | { type: "write"; bytes: Uint8Array; epoch: number; position: number | null; replay: boolean }
  | { type: "restore" }
  | { type: "reopen" }
  | { type: "end"; why: { exit: Exit } | { refused: Refused } | { gone: true } };

type Step = [Stream, StreamEffect[]];

/** What still counts when nothing more will come. */
const STILL: readonly StreamEvent["type"][] = ["parsed", "restored", "reading"];

/** A terminal that has never been connected. */
export const FRESH: Stream = {
  phase: "closed",
  version: 1,
  epoch: 0,
  received: null,
  parsed: null,
  acked: 0,
  queued: 0,
  input: NOTHING_TYPED,
  typingPaused: false,
  view: null,
  size: "smallest",
  history: "whole",
  isReading: false,
  held: null,
};

/** Decides what follows an event. */
export function streamStep(state: Stream, event: StreamEvent): Step {
  if (isOver(state) && !STILL.includes(event.type)) return [state, []];
  switch (event.type) {
    case "opening":
      return opening(state);
    case "closed":
      return [closed(state), []];
    case "gone":
      return [{ ...state, phase: "gone" }, [{ type: "end", why: { gone: true } }]];
    case "hello":
      return greeted(state, event.hello);
    case "typed":
      return typed(state, event.bytes);
    case "parsed":
      return parsed(state, event.epoch, event.position);
    case "frame":
      return framed(state, event.frame);
    case "history":
      return asked(state);
    case "restored":
      return state.history === "drawing" ? released({ ...state, history: "whole" }) : [state, []];
    case "reading":
      return released({ ...state, isReading: event.isReading });
    case "size":
      return sized(state, event.size);
  }
}

/** Whether nothing more will come. */
export function isOver(state: Stream): boolean {
  return state.phase === "ended" || state.phase === "gone" || state.phase === "refused";
}

/** Whether typed bytes go out at once. */
export function isConnected(state: Stream): boolean {
  return state.phase === "live" || state.phase === "replaying";
}

function opening(state: Stream): Step {
  const layout = state.view?.layout ?? null;
  const resume = state.parsed === null ? null : { position: state.parsed, layout };
  return [{ ...state, phase: "greeting", acked: state.parsed ?? 0 }, [{ type: "greet", resume }]];
}

function closed(state: Stream): Stream {
  return { ...state, phase: "closed", held: null, history: state.history === "drawing" ? "asked" : state.history };
}

function greeted(state: Stream, hello: HolderHello): Step {
  if (state.phase !== "greeting") return [state, []];
  const input = agree(state.input, hello.input_seq);
  const effects: StreamEffect[] = pieces(input, MAX_DATA_BYTES).map(sendPiece);
  const next: Stream = { ...state, phase: "live", version: hello.version, input, typingPaused: false };
  if (hello.version < 2) return [{ ...next, view: null, history: "whole" }, effects];
  if (state.size === "mine") effects.push({ type: "send", frame: { kind: "size", size: "mine" } });
  if (state.history === "asked") effects.push({ type: "send", frame: { kind: "history" } });
  return [next, effects];
}

function typed(state: Stream, bytes: Uint8Array): Step {
  const connected = isConnected(state);
  const input = typeInto(state.input, bytes, connected ? LIVE_LIMIT_BYTES : AWAY_LIMIT_BYTES);
  if (input === null) return [{ ...state, typingPaused: true }, []];
  const fresh = { base: state.input.next, next: input.next, chunks: [bytes] };
  // Whoever types wants to see it, and no longer what history was asked for.
  const [next, effects] = state.isReading ? [state, []] : drawHeld(state);
  return [{ ...next, input }, [...effects, ...(connected ? pieces(fresh, MAX_DATA_BYTES).map(sendPiece) : [])]];
}

function parsed(state: Stream, epoch: number, position: number | null): Step {
  if (epoch !== state.epoch) return [state, []];
  return acknowledge({ ...state, queued: state.queued - 1, parsed: position ?? state.parsed });
}

function acknowledge(next: Stream): Step {
  const behind = (next.parsed ?? 0) - next.acked;
  const worthSaying = behind >= ACK_EVERY_BYTES || (behind > 0 && next.queued === 0);
  if (!worthSaying || !isConnected(next)) return [next, []];
  const seq = next.parsed ?? 0;
  return [{ ...next, acked: seq }, [{ type: "send", frame: { kind: "ack", seq: BigInt(seq) } }]];
}

/** The end comes behind all output; whoever acknowledges it need not be told again. */
function ended(state: Stream, exit: Exit): Step {
  const last = state.held?.at(-1);
  const held = last && "seq" in last ? Number(last.seq) + (last.kind === "data" ? last.bytes.length : 0) : null;
  const seq = BigInt((held ?? state.received ?? 0) + 1);
  const effects: StreamEffect[] = [{ type: "send", frame: { kind: "ack", seq } }, { type: "end", why: { exit } }];
  // History that has not come by now never will.
  const history = state.history === "asked" ? "lacking" : state.history;
  const [next, more] = released({ ...state, phase: "ended", history });
  return [next, [...effects, ...more]];
}

function framed(state: Stream, frame: Frame): Step {
  if (!isConnected(state)) return frame.kind === "refused" ? refused(state, frame.refused) : [state, []];
  switch (frame.kind) {
    case "replay":
      return isHeldBack(state, frame) ? [hold(state, frame), []] : replayed(state, frame);
    case "data":
      return state.held ? [hold(state, frame), []] : received(state, Number(frame.seq), frame.bytes);
    case "ack": {
      const input = taken(state.input, Number(frame.seq));
      return [{ ...state, input, typingPaused: false }, []];
    }
    case "view":
      return viewed(state, frame.view);
    case "exit":
      return ended(state, frame.exit);
    case "refused":
      return refused(state, frame.refused);
    default:
      return [state, []];
  }
}

function viewed(state: Stream, view: View): Step {
  const size: SizeWish = view.sized_by === "you" ? "mine" : "smallest";
  const next: Stream = { ...state, view, size };
  const effects: StreamEffect[] = [{ type: "view", view }];
  if (view.layout === state.view?.layout) return [next, effects];
  // What is held has the old size, and what is drawn cannot be resumed.
  const held = state.held && [];
  return [{ ...next, held, epoch: state.epoch + 1, received: null, parsed: null, queued: 0 }, effects];
}

function replayed(state: Stream, frame: Frame & { kind: "replay" }): Step {
  const begins = frame.clear || state.phase !== "replaying";
  const position = frame.last ? Number(frame.seq) : null;
  const epoch = begins ? state.epoch + 1 : state.epoch;
  const next: Stream = {
    ...state,
    phase: frame.last ? "live" : "replaying",
    epoch,
    received: position,
    parsed: null,
    acked: begins ? 0 : state.acked,
    queued: begins ? 1 : state.queued + 1,
    history: historyAfter(state, frame),
    held: null,
  };
  const effects: StreamEffect[] = frame.clear ? [{ type: "clear", keepsView: frame.whole }] : [];
  effects.push({ type: "write", bytes: frame.bytes, epoch, position, replay: true });
  if (frame.whole && frame.last) effects.push({ type: "restore" });
  return [next, effects];
}

function historyAfter(state: Stream, frame: Frame & { kind: "replay" }): History {
  if (state.version < 2) return "whole";
  if (frame.whole) return "drawing";
  return state.history === "asked" ? "asked" : "lacking";
}

function isHeldBack(state: Stream, frame: Frame & { kind: "replay" }): boolean {
  if (frame.whole) return false;
  return state.held !== null || (frame.clear && keepsPlace(state) && state.version >= 2);
}

/** Whether somebody would lose the place if the terminal were cleared. */
function keepsPlace(state: Stream): boolean {
  return state.isReading || state.history === "asked" || state.history === "drawing";
}

function hold(state: Stream, frame: Frame & { kind: "replay" | "data" }): Stream {
  const isStart = frame.kind === "replay" && frame.clear;
  return { ...state, held: isStart ? [frame] : [...(state.held ?? []), frame] };
}

function released(state: Stream): Step {
  return keepsPlace(state) ? [state, []] : drawHeld(state);
}

function drawHeld(state: Stream): Step {
  if (state.held === null) return [state, []];
  const effects: StreamEffect[] = [];
  // Nothing of it is held again.
  let drawn: Stream = { ...state, phase: "live", held: null, history: "lacking" };
  for (const frame of state.held) {
    const [after, more] = framed(drawn, frame);
    drawn = after;
    effects.push(...more);
  }
  // A program that ended meanwhile has still shown its last words.
  return [isOver(state) ? { ...drawn, phase: state.phase } : drawn, effects];
}

function asked(state: Stream): Step {
  if (state.history !== "lacking" || state.version < 2) return [state, []];
  const next: Stream = { ...state, history: "asked" };
  if (!isConnected(state)) return [next, []];
  // What is held was taken, and will never be drawn: the holder's window opens.
  const end = endOf(state.held ?? []);
  const effects: StreamEffect[] = end === null ? [] : [{ type: "send", frame: { kind: "ack", seq: end } }];
  return [next, [...effects, { type: "send", frame: { kind: "history" } }]];
}

function endOf(frames: readonly Frame[]): bigint | null {
  const last = frames.at(-1);
  if (last?.kind === "replay" && last.last) return last.seq;
  return last?.kind === "data" ? last.seq + BigInt(last.bytes.length) : null;
}

function sized(state: Stream, size: SizeWish): Step {
  const canSend = isConnected(state) && state.version >= 2;
  return [{ ...state, size }, canSend ? [{ type: "send", frame: { kind: "size", size } }] : []];
}

function received(state: Stream, seq: number, bytes: Uint8Array): Step {
  const expected = state.received ?? (seq === 0 ? 0 : null);
  if (state.phase === "replaying" || expected === null || seq > expected) {
    return [closed(state), [{ type: "reopen" }]];
  }
  const fresh = bytes.subarray(expected - seq);
  if (fresh.length === 0) return acknowledge(state);
  const position = expected + fresh.length;
  return [
    { ...state, received: position, queued: state.queued + 1 },
    [{ type: "write", bytes: fresh, epoch: state.epoch, position, replay: false }],
  ];
}

function refused(state: Stream, why: Refused): Step {
  if (why.code === "gone") return [{ ...state, phase: "gone" }, [{ type: "end", why: { gone: true } }]];
  return [{ ...state, phase: "refused" }, [{ type: "end", why: { refused: why } }]];
}

function sendPiece(piece: { seq: number; bytes: Uint8Array }): StreamEffect {
  return { type: "send", frame: { kind: "data", seq: BigInt(piece.seq), bytes: piece.bytes } };
}
