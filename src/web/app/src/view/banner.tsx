/** The thin line at the terminals when something is to be said. */

import type { App } from "../actions/app";
import { dismissOriginNote } from "../actions/enter";
import type { Stage } from "../model/stage";
import { CommandBox } from "./command-box";
import { CrossIcon } from "./icons";
import { ReconnectingWords } from "./reconnecting";
import { Sentence } from "./sentence";

const FINAL_WORDS: Partial<Record<Stage, string>> = { stopped: "Stopped", gone: "Server gone", "needs-auth": "Sign-in needed" };

/**
 * Says that the connection is away.
 *
 * It lies over the terminal, because one that changed its height whenever the
 * network does would redraw every program; and at that end of the terminal
 * where the cursor is not.
 */
export function Banner({ app }: { app: App }) {
  const stage = app.stage.value;
  const isLow = app.workspace.cover.value !== null || app.workspace.current.value?.screen.isCursorHigh();
  const place = isLow ? "banner-low" : "banner-high";
  if (stage === "reconnecting") return <Away app={app} place={place} />;
  const status = app.session.seen.value?.status;
  if (stage === "ready" || !status || !("hint" in status)) return null;
  return <Final app={app} place={place} why={status.why} hint={status.hint} />;
}

/** Says, above the terminals, what a person then dismisses. */
export function Notice({ app }: { app: App }) {
  const problem = app.workspace.problem.value;
  if (problem !== null) return <Problem app={app} problem={problem} />;
  const restarted = app.restart.sentence.value;
  if (restarted !== null) return <Restarted app={app} sentence={restarted} />;
  if (app.hasOriginNote.value) return <OriginNote app={app} />;
  const warning = app.environment.warning.value;
  return warning === null ? null : <EnvironmentWarning app={app} {...warning} />;
}

function Away({ app, place }: { app: App; place: string }) {
  const isPaused = app.workspace.typingPaused.value;
  return (
    <div class={`banner banner-away ${place}`} role="status">
      <span class="spinner" />
      <div class="banner-text">
        <ReconnectingWords app={app} />
        {isPaused && (
          <p>
            <strong>Typing is paused</strong>: 64 KiB wait to be sent.
          </p>
        )}
      </div>
    </div>
  );
}

function Final({ app, place, why, hint }: { app: App; place: string; why: string; hint: string }) {
  return (
    <div class={`banner banner-final ${place}`} role="alert">
      <div class="banner-text">
        <p>
          <strong>{FINAL_WORDS[app.stage.value] ?? "Not connected"}:</strong> <Sentence text={why} />
          {hint !== "" && " To go on, type:"}
        </p>
      </div>
      {hint !== "" && <CommandBox command={hint} />}
    </div>
  );
}

function Problem({ app, problem }: { app: App; problem: string }) {
  return (
    <div class="banner banner-final" role="alert">
      <div class="banner-text">
        <p>
          <Sentence text={problem} startsLine />
        </p>
      </div>
      <Dismiss onClick={() => app.workspace.dismissProblem()} />
    </div>
  );
}

function OriginNote({ app }: { app: App }) {
  return (
    <div class="banner" role="note">
      <div class="banner-text">
        <p>
          This browser does not find <code>{app.name.value}.localhost</code>, so apps on addresses of their own are not
          available, and cookies are shared with other servers on this computer. Chrome, Edge and Firefox do find it.
        </p>
      </div>
      <Dismiss onClick={() => dismissOriginNote(app)} />
    </div>
  );
}

function Restarted({ app, sentence }: { app: App; sentence: string }) {
  const dismiss = () => {
    app.restart.dismiss();
    // The button that did it leaves the page.
    app.workspace.focus();
  };
  return (
    <div class="banner" role="status">
      <div class="banner-text">
        <p>
          <Sentence text={sentence} startsLine />
        </p>
      </div>
      <Dismiss onClick={dismiss} />
    </div>
  );
}

function EnvironmentWarning({ app, message, hint }: { app: App; message: string; hint: string }) {
  const dismiss = () => {
    app.environment.dismiss();
    // The button that did it leaves the page.
    app.workspace.focus();
  };
  return (
    <div class="banner" role="status">
      <div class="banner-text">
        <p>
          <Sentence text={message} startsLine />
          {hint !== "" && " In a terminal, this shows where:"}
        </p>
      </div>
      {hint !== "" && <CommandBox command={hint} />}
      <Dismiss onClick={dismiss} />
    </div>
  );
}

function Dismiss({ onClick }: { onClick: () => void }) {
  return (
    <button type="button" class="bar-button" aria-label="Dismiss" title="Dismiss" onClick={onClick}>
      <CrossIcon />
    </button>
  );
}
