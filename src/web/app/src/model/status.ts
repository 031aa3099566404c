/**
 * What `/session` tells of the connection; the shapes of
 * `src/protocol/session.rs`, read leniently.
 */

/** The steps of a connect, in their order. */
export const PHASE_NAMES = ["authenticate", "attach", "upload", "install", "start"] as const;

/** One step's name. */
export type PhaseName = (typeof PHASE_NAMES)[number];

/** One step of a connect. */
export interface Phase {
  name: PhaseName;
  state: "active" | "done" | "failed";
  /** How long it had taken, in milliseconds, when this was sent. */
  ms: number;
  done_bytes?: number;
  total_bytes?: number;
}

/** Where a connection stands, with what belongs to it. */
export type Standing =
  | { state: "connecting" }
  | { state: "ready"; project: string; version: string; ui: string; run?: string; restarted?: string }
  | { state: "reconnecting"; why: string; attempt: number; retry_in_ms: number }
  | { state: "needs-auth" | "failed" | "stopped" | "gone"; why: string; hint: string };

/** Everything that a page needs to know of its connection. */
export type Status = Standing & { target: string; phases: Phase[] };

/** Whether ssh has let us in; what follows is the server's part. */
export function isLoggedIn(status: Status): boolean {
  return status.state === "ready" || status.phases.some((phase) => phase.name !== "authenticate");
}

const STATES = ["connecting", "ready", "reconnecting", "needs-auth", "failed", "stopped", "gone"];

/**
 * Reads one message of `/session`.
 *
 * `null` for a message or a state that this page does not know, which is then
 * ignored; steps that it does not know are left out.
 */
export function parseStatus(text: string): Status | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return readStatus(value);
}

/** The same of what is JSON no longer; `null` for anything else. */
export function readStatus(value: unknown): Status | null {
  if (typeof value !== "object" || value === null) return null;
  const status = value as Partial<Status> & { phases?: Phase[] };
  if (typeof status.target !== "string" || !STATES.includes(status.state ?? "")) return null;
  const phases = (status.phases ?? []).filter((phase) => PHASE_NAMES.includes(phase.name));
  return { ...status, phases } as Status;
}
