/**
 * One terminal's stream, from the page's side: a pure state machine.
 *
 * ```text
 * closed ──opened──▶ greeting ──hello──▶ live ◀──last chunk── replaying
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
 * An *epoch* is the life of one screen: a replay begins the next one, and what the emulator reports about an earlier epoch no longer counts.
 */

import type { Exit, Frame, HolderHello, Refused } from "./frames";
import { MAX_DATA_BYTES } from "./frames";
import { AWAY_LIMIT_BYTES, LIVE_LIMIT_BYTES, NOTHING_TYPED, agree, pieces, taken, typeInto, type Input } from "./input";

/** The holder hears of drawn output at most once in so many bytes. */
export const ACK_EVERY_BYTES = 16 * 1024;

/** Where a terminal's stream stands. */
export interface Stream {
  phase: "closed" | "greeting" | "replaying" | "live" | "ended" | "gone" | "refused";
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
}

/** What can happen to it. */
export type StreamEvent =
  | { type: "opened" }
  | { type: "closed" }
  | { type: "gone" }
  | { type: "hello"; hello: HolderHello }
  | { type: "frame"; frame: Frame }
  | { type: "typed"; bytes: Uint8Array }
  /** The emulator drew a write; `position` is `null` inside a replay. */
  | { type: "parsed"; epoch: number; position: number | null };

/** What to do then. */
export type StreamEffect =
  | { type: "greet"; resume: number | null }
  | { type: "send"; frame: Frame }
  | { type: "clear" }
  | { type: "write"; bytes: Uint8Array; epoch: number; position: number | null; replay: boolean }
  | { type: "reopen" }
  | { type: "end"; why: { exit: Exit } | { refused: Refused } | { gone: true } };

/** A terminal that has never been connected. */
export const FRESH: Stream = {
  phase: "closed",
  epoch: 0,
  received: null,
  parsed: null,
  acked: 0,
  queued: 0,
  input: NOTHING_TYPED,
  typingPaused: false,
};

/** Decides what follows an event. */
export function streamStep(state: Stream, event: StreamEvent): [Stream, StreamEffect[]] {
  if (isOver(state) && event.type !== "parsed") return [state, []];
  switch (event.type) {
    case "opened":
      return [
        { ...state, phase: "greeting", acked: state.parsed ?? 0 },
        [{ type: "greet", resume: state.parsed }],
      ];
    case "closed":
      return [{ ...state, phase: "closed" }, []];
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

function greeted(state: Stream, hello: HolderHello): [Stream, StreamEffect[]] {
  if (state.phase !== "greeting") return [state, []];
  const input = agree(state.input, hello.input_seq);
  const next: Stream = { ...state, phase: "live", input, typingPaused: false };
  return [next, pieces(input, MAX_DATA_BYTES).map(sendPiece)];
}

function typed(state: Stream, bytes: Uint8Array): [Stream, StreamEffect[]] {
  const connected = isConnected(state);
  const input = typeInto(state.input, bytes, connected ? LIVE_LIMIT_BYTES : AWAY_LIMIT_BYTES);
  if (input === null) return [{ ...state, typingPaused: true }, []];
  const fresh = { base: state.input.next, next: input.next, chunks: [bytes] };
  return [{ ...state, input }, connected ? pieces(fresh, MAX_DATA_BYTES).map(sendPiece) : []];
}

function parsed(state: Stream, epoch: number, position: number | null): [Stream, StreamEffect[]] {
  if (epoch !== state.epoch) return [state, []];
  return acknowledge({ ...state, queued: state.queued - 1, parsed: position ?? state.parsed });
}

function acknowledge(next: Stream): [Stream, StreamEffect[]] {
  const behind = (next.parsed ?? 0) - next.acked;
  const worthSaying = behind >= ACK_EVERY_BYTES || (behind > 0 && next.queued === 0);
  if (!worthSaying || !isConnected(next)) return [next, []];
  const seq = next.parsed ?? 0;
  return [{ ...next, acked: seq }, [{ type: "send", frame: { kind: "ack", seq: BigInt(seq) } }]];
}

function framed(state: Stream, frame: Frame): [Stream, StreamEffect[]] {
  if (!isConnected(state)) return frame.kind === "refused" ? refused(state, frame.refused) : [state, []];
  switch (frame.kind) {
    case "replay":
      return replayed(state, frame);
    case "data":
      return received(state, Number(frame.seq), frame.bytes);
    case "ack": {
      const input = taken(state.input, Number(frame.seq));
      return [{ ...state, input, typingPaused: false }, []];
    }
    case "exit":
      return [{ ...state, phase: "ended" }, [{ type: "end", why: { exit: frame.exit } }]];
    case "refused":
      return refused(state, frame.refused);
    default:
      return [state, []];
  }
}

function replayed(state: Stream, frame: Frame & { kind: "replay" }): [Stream, StreamEffect[]] {
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
  };
  const write: StreamEffect = { type: "write", bytes: frame.bytes, epoch, position, replay: true };
  return [next, frame.clear ? [{ type: "clear" }, write] : [write]];
}

function received(state: Stream, seq: number, bytes: Uint8Array): [Stream, StreamEffect[]] {
  const expected = state.received ?? (seq === 0 ? 0 : null);
  if (state.phase === "replaying" || expected === null || seq > expected) {
    return [{ ...state, phase: "closed" }, [{ type: "reopen" }]];
  }
  const fresh = bytes.subarray(expected - seq);
  if (fresh.length === 0) return acknowledge(state);
  const position = expected + fresh.length;
  return [
    { ...state, received: position, queued: state.queued + 1 },
    [{ type: "write", bytes: fresh, epoch: state.epoch, position, replay: false }],
  ];
}

function refused(state: Stream, why: Refused): [Stream, StreamEffect[]] {
  if (why.code === "gone") return [{ ...state, phase: "gone" }, [{ type: "end", why: { gone: true } }]];
  return [{ ...state, phase: "refused" }, [{ type: "end", why: { refused: why } }]];
}

function sendPiece(piece: { seq: number; bytes: Uint8Array }): StreamEffect {
  return { type: "send", frame: { kind: "data", seq: BigInt(piece.seq), bytes: piece.bytes } };
}
