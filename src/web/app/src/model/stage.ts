/** Which of its faces the page shows: the value of `<html data-state>`. */

import type { Status } from "./status";

/** What `<html data-state>` can be. */
export type Stage = "connecting" | "ready" | "reconnecting" | "needs-auth" | "failed" | "stopped" | "gone" | "signin";

/** Whether this browser may come in. */
export type Door = "asking" | "out" | "in";

/** How the `/session` WebSocket itself does. */
export type Link = "opening" | "open" | "lost";

/** How far the workspace is. */
export type Work = "opening" | "usable" | "away" | "failed";

/** Everything that the stage depends on. */
export interface StageInputs {
  door: Door;
  link: Link;
  status: Status | null;
  work: Work;
  /** Whether the workspace has ever been usable in this page's life. */
  wasUsable: boolean;
}

/**
 * Decides the stage.
 *
 * `ready` means usable: the session is ready and a terminal is drawn. A final
 * word (failed, stopped, needs-auth) stays when the program that said it goes
 * away, because it said so on purpose.
 */
export function stageOf({ door, link, status, work, wasUsable }: StageInputs): Stage {
  if (door === "out") return "signin";
  const isFinal = status !== null && ["failed", "stopped", "gone", "needs-auth"].includes(status.state);
  if (link === "lost" && !isFinal) return "reconnecting";
  if (door === "asking" || status === null) return wasUsable ? "reconnecting" : "connecting";
  if (status.state !== "ready") return status.state === "connecting" && wasUsable ? "reconnecting" : status.state;
  if (work === "usable") return "ready";
  if (work === "failed") return "failed";
  return wasUsable ? "reconnecting" : "connecting";
}
