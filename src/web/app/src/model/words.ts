/** How quantities and steps read on screen. */

import type { Exit, View } from "./frames";
import type { Found } from "./screen";
import type { Phase, PhaseName } from "./status";
import type { End } from "./tabs";

/** `0.4 s`, `9.8 s`, `12 s`, `1 min 05 s`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/** Whole seconds of a countdown, never below one: `4 s`. */
export function countdown(ms: number): string {
  return duration(Math.max(1, Math.ceil(ms / 1000)) * 1000).replace(".0 s", " s");
}

/** Megabytes of 10^6 bytes, one decimal: `3.1`. */
export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

/** A rate: `1.2 MB/s`, `340 kB/s`. */
export function rate(bytesPerSecond: number): string {
  if (bytesPerSecond >= 1e6) return `${megabytes(bytesPerSecond)} MB/s`;
  return `${Math.round(bytesPerSecond / 1e3)} kB/s`;
}

const PHASE_WORDS: Record<PhaseName, { pending: string; active: string; done: string; failed: string }> = {
  authenticate: { pending: "Sign in", active: "Signing in", done: "Signed in", failed: "Signing in failed" },
  attach: {
    pending: "Start a shell",
    active: "Starting a shell",
    done: "Shell started",
    failed: "Starting a shell failed",
  },
  upload: {
    pending: "Upload cocalc-plus",
    active: "Uploading cocalc-plus",
    done: "cocalc-plus uploaded",
    failed: "The upload failed",
  },
  install: { pending: "Install", active: "Checking and installing", done: "Installed", failed: "Installing failed" },
  start: {
    pending: "Start the server",
    active: "Starting the server",
    done: "Server is up",
    failed: "The server did not start",
  },
};

/** A step's label: `Signing in`. */
export function phaseLabel(name: PhaseName, state: Phase["state"] | "pending"): string {
  return PHASE_WORDS[name][state];
}

/** The signals that end programs, by their number on Linux. */
const SIGNALS: Record<number, string> = {
  1: "SIGHUP, hang-up",
  2: "SIGINT, interrupt",
  3: "SIGQUIT, quit",
  4: "SIGILL, illegal instruction",
  6: "SIGABRT, abort",
  7: "SIGBUS, bus error",
  8: "SIGFPE, arithmetic error",
  9: "SIGKILL, killed",
  11: "SIGSEGV, segmentation fault",
  13: "SIGPIPE, broken pipe",
  15: "SIGTERM, asked to end",
};

/** What happened to a terminal, behind its program's name: `exited with status 0`. */
export function endWords(end: End): string {
  if ("exit" in end) return exitWords(end.exit);
  if ("gone" in end) return "no longer runs here. How it ended is not known.";
  if (end.refused.code !== "killed") return `cannot be shown: ${end.refused.message}`;
  return "ended: the process that kept this terminal was killed, and its programs with it. Their exit status is not known.";
}

/** How a program ended: `exited with status 0`, `was ended by signal 9 (SIGKILL, killed)`. */
export function exitWords(exit: Exit): string {
  if (typeof exit.signal === "number") {
    const name = SIGNALS[exit.signal];
    return `was ended by signal ${exit.signal}${name ? ` (${name})` : ""}`;
  }
  return typeof exit.code === "number" ? `exited with status ${exit.code}` : "ended";
}

/** Where a search stands: `3 of 17`, `no match`, `more than 1000`. */
export function foundWords(found: Found | null): string {
  if (found === null) return "";
  if (found.count === 0) return "no match";
  return found.index < 0 ? `${found.count}+` : `${found.index + 1} of ${found.count}`;
}

/** Whose size a terminal has: `80 × 24: the smallest of 2 browsers`. */
export function sizeWords(view: View): string {
  const size = `${view.cols} × ${view.rows}`;
  if (view.sized_by === "you") return `${size}: your size, for ${view.clients} browsers`;
  if (view.sized_by === "smallest") return `${size}: the smallest of ${view.clients} browsers`;
  return `${size}: the size of another browser`;
}
