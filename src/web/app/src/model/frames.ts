/**
 * Terminal frames, as one binary WebSocket message each.
 *
 * The layout is that of `src/protocol/terminal.rs`: `kind: u8`, then a body
 * with big-endian integers. Both sides read `tests/golden/terminal-frames.json`.
 */

/** The newest version of the terminal protocol that this page speaks; it speaks 1 too. */
export const VERSION = 2;

/** The most bytes put into one Data frame; a longer paste becomes several. */
export const MAX_DATA_BYTES = 64 * 1024;

/** How the program in a terminal ended: `{"code":0}` or `{"signal":9}`. */
export interface Exit {
  code?: number;
  signal?: number;
}

/** Why a connection is refused: `{"code":"gone","message":"…"}`. */
export interface Refused {
  code: string;
  message: string;
}

/**
 * What the holder tells this page of the terminal's size and of who looks:
 * `{"cols":80,"rows":24,"layout":3,"clients":2,"leads":true,"sized_by":"smallest"}`.
 */
export interface View {
  cols: number;
  rows: number;
  /** Changes with the size; a resume needs the same one. */
  layout: number;
  /** How many pages are attached. */
  clients: number;
  /** Whether this page's emulator answers what programs ask. */
  leads: boolean;
  /** Whose window the size comes from; a word that this page does not know counts as `other`. */
  sized_by: "smallest" | "you" | "other";
}

/** Whose window is to set the size: the smallest of all, or this page's. */
export type SizeWish = "smallest" | "mine";

/** The page's first frame; `resume` is the output position already drawn. */
export interface ClientHello {
  version: number;
  client: string;
  cols: number;
  rows: number;
  resume?: number;
  /** The layout of the last View that was drawn; goes with `resume`. */
  layout?: number;
}

/** What the page uses of the holder's answer. */
export interface HolderHello {
  version: number;
  id: string;
  title: string;
  /** Bytes of output since the terminal began. */
  output_seq: number;
  /** Bytes of input taken from this page's client id. */
  input_seq: number;
}

/** One frame, in either direction; positions count bytes and are exact. */
export type Frame =
  | { kind: "hello"; bytes: Uint8Array }
  | { kind: "replay"; seq: bigint; clear: boolean; last: boolean; whole: boolean; bytes: Uint8Array }
  | { kind: "data"; seq: bigint; bytes: Uint8Array }
  | { kind: "ack"; seq: bigint }
  | { kind: "resize"; cols: number; rows: number }
  | { kind: "exit"; exit: Exit }
  | { kind: "refused"; refused: Refused }
  | { kind: "kill" }
  | { kind: "view"; view: View }
  | { kind: "history" }
  | { kind: "size"; size: SizeWish }
  | { kind: "unknown"; number: number };

/** Thrown by `decodeFrame` for bytes that are no frame. */
export class FrameError extends Error {}

const KIND = { hello: 1, replay: 2, data: 3, ack: 4, resize: 5, exit: 6, refused: 7, kill: 8, view: 9, history: 10, size: 11 } as const;
const CLEAR = 1;
const LAST = 2;
const WHOLE = 4;
const MINE = 1;

/** Encodes kind and body as one WebSocket message. */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  switch (frame.kind) {
    case "hello":
      return join(KIND.hello, 0, frame.bytes).bytes;
    case "replay": {
      const { bytes, view } = join(KIND.replay, 9, frame.bytes);
      view.setBigUint64(1, frame.seq);
      view.setUint8(9, (frame.clear ? CLEAR : 0) | (frame.last ? LAST : 0) | (frame.whole ? WHOLE : 0));
      return bytes;
    }
    case "data": {
      const { bytes, view } = join(KIND.data, 8, frame.bytes);
      view.setBigUint64(1, frame.seq);
      return bytes;
    }
    case "ack": {
      const { bytes, view } = join(KIND.ack, 8);
      view.setBigUint64(1, frame.seq);
      return bytes;
    }
    case "resize": {
      const { bytes, view } = join(KIND.resize, 4);
      view.setUint16(1, frame.cols);
      view.setUint16(3, frame.rows);
      return bytes;
    }
    case "exit":
      return join(KIND.exit, 0, jsonBytes(frame.exit)).bytes;
    case "refused":
      return join(KIND.refused, 0, jsonBytes(frame.refused)).bytes;
    case "kill":
      return join(KIND.kill, 0).bytes;
    case "view":
      return join(KIND.view, 0, jsonBytes(frame.view)).bytes;
    case "history":
      return join(KIND.history, 0).bytes;
    case "size":
      return join(KIND.size, 0, Uint8Array.of(frame.size === "mine" ? MINE : 0)).bytes;
    case "unknown":
      return join(frame.number, 0).bytes;
  }
}

/** Decodes one WebSocket message; throws `FrameError` when it is cut short. */
export function decodeFrame(message: Uint8Array): Frame {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (view.byteLength === 0) throw new FrameError("an empty terminal frame");
  const kind = view.getUint8(0);
  switch (kind) {
    case KIND.hello:
      return { kind: "hello", bytes: message.subarray(1) };
    case KIND.replay: {
      need(view, 10, kind);
      const flags = view.getUint8(9);
      return {
        kind: "replay",
        seq: view.getBigUint64(1),
        clear: (flags & CLEAR) !== 0,
        last: (flags & LAST) !== 0,
        whole: (flags & WHOLE) !== 0,
        bytes: message.subarray(10),
      };
    }
    case KIND.data:
      need(view, 9, kind);
      return { kind: "data", seq: view.getBigUint64(1), bytes: message.subarray(9) };
    case KIND.ack:
      need(view, 9, kind);
      return { kind: "ack", seq: view.getBigUint64(1) };
    case KIND.resize:
      need(view, 5, kind);
      return { kind: "resize", cols: view.getUint16(1), rows: view.getUint16(3) };
    case KIND.exit:
      return { kind: "exit", exit: jsonBody<Exit>(message, kind) };
    case KIND.refused:
      return { kind: "refused", refused: jsonBody<Refused>(message, kind) };
    case KIND.kill:
      return { kind: "kill" };
    case KIND.view:
      return { kind: "view", view: jsonBody<View>(message, kind) };
    case KIND.history:
      return { kind: "history" };
    case KIND.size:
      need(view, 2, kind);
      return { kind: "size", size: view.getUint8(1) === MINE ? "mine" : "smallest" };
    default:
      return { kind: "unknown", number: kind };
  }
}

/** Makes the page's hello frame. */
export function helloFrame(hello: ClientHello): Frame {
  return { kind: "hello", bytes: jsonBytes(hello) };
}

/** Reads the JSON of a holder's hello; throws `FrameError` when it is none. */
export function readHello(bytes: Uint8Array): HolderHello {
  return parse<HolderHello>(bytes, KIND.hello);
}

function join(kind: number, head: number, tail: Uint8Array = new Uint8Array()) {
  const bytes = new Uint8Array(1 + head + tail.length);
  bytes[0] = kind;
  bytes.set(tail, 1 + head);
  return { bytes, view: new DataView(bytes.buffer) };
}

function need(view: DataView, length: number, kind: number): void {
  if (view.byteLength < length) throw new FrameError(`a terminal frame of kind ${kind} is cut short`);
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function jsonBody<T>(message: Uint8Array, kind: number): T {
  return parse<T>(message.subarray(1), kind);
}

function parse<T>(bytes: Uint8Array, kind: number): T {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as T;
  } catch {
    throw new FrameError(`a terminal frame of kind ${kind} holds no valid JSON`);
  }
}
