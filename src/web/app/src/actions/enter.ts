/** How a browser comes in: the code in the URL, the right origin, the key. */

import { takeCode } from "../model/link-code";
import { delayMs } from "../model/retry";
import { fetchMe, resolves, spendCode, type Me } from "../net/auth";
import { recall, remember } from "../net/storage";
import type { App } from "./app";

/** Takes the code out of the address bar; called before anything is fetched. */
export function takeCodeFromAddress(): string | null {
  const { code, clean } = takeCode(location.href);
  if (code !== null) history.replaceState(history.state, "", clean);
  return code;
}

/** Comes in, or shows why not; goes on asking while nobody answers. */
export async function enter(app: App, code: string | null): Promise<void> {
  // Only the doorway `localhost` may lead elsewhere, where the code is spent.
  const isDoorway = location.hostname === "localhost";
  const early = code !== null && !isDoorway ? await persistently(app, () => spendCode(code)) : null;
  if (early) return app.letIn(early.status);
  const me = await persistently(app, fetchMe);
  app.name.value = recall("target") ?? me.name;
  if (await movesToWorkspace(app, me, code)) return;
  const late = code !== null && isDoorway ? await persistently(app, () => spendCode(code)) : null;
  if (late) app.letIn(late.status);
  else if (me.signed_in) app.letIn(me.status);
  else app.turnOut(code === null ? "no-code" : "code-failed");
}

/** Signs in with a pasted code; `false` when it does not work. Throws offline. */
export async function signInWith(app: App, code: string): Promise<boolean> {
  const entry = await spendCode(code);
  if (!entry) return false;
  app.door.value = "asking";
  app.letIn(entry.status);
  return true;
}

/** Hides the note about browsers without `NAME.localhost`, for good. */
export function dismissOriginNote(app: App): void {
  app.hasOriginNote.value = false;
  remember("noteSeen", "yes");
}

async function movesToWorkspace(app: App, me: Me, code: string | null): Promise<boolean> {
  const isDoorway = location.hostname === "localhost" && me.workspace !== location.origin;
  if (!isDoorway) return false;
  if (await resolves(me.workspace)) {
    location.replace(code === null ? `${me.workspace}/` : `${me.workspace}/#auth_token=${encodeURIComponent(code)}`);
    return true;
  }
  app.hasOriginNote.value = recall("noteSeen") === null;
  return false;
}

async function persistently<T>(app: App, ask: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      const answer = await ask();
      app.isUnanswered.value = false;
      return answer;
    } catch {
      app.isUnanswered.value = true;
      await new Promise((resolve) => setTimeout(resolve, delayMs(failures, Math.random())));
    }
  }
}
