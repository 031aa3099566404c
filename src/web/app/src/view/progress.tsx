/** What is shown until the workspace is usable: progress, or why not. */

import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import type { App } from "../actions/app";
import type { Stage } from "../model/stage";
import { CommandBox } from "./command-box";
import { Cover } from "./cover";
import { PhaseList } from "./phase-list";
import { ReconnectingWords } from "./reconnecting";
import { Sentence } from "./sentence";

const LEADS: Record<Exclude<Stage, "signin" | "ready">, string> = {
  connecting: "Connecting to",
  reconnecting: "Reconnecting to",
  "needs-auth": "Waiting for you to sign in to",
  failed: "Could not connect to",
  stopped: "Stopped:",
  gone: "The server does not start on",
};

/** The page before the workspace. */
export function Progress({ app }: { app: App }) {
  const stage = app.stage.value;
  const isLong = useRef(false);
  const status = app.session.seen.value?.status;
  // Before an answer, and beside a server that is there, it is most likely a blink.
  if (status && status.state !== "ready") isLong.current = true;
  if (stage === "signin" || stage === "ready") return null;
  const hasNoTerminal = stage === "failed" && app.workspace.problem.value !== null;
  return (
    <Cover lead={hasNoTerminal ? "No terminal on" : LEADS[stage]} name={app.target.value} isBrief={!isLong.current}>
      <Body app={app} stage={stage} />
    </Cover>
  );
}

function Body({ app, stage }: { app: App; stage: Stage }) {
  const seen = app.session.seen.value;
  if (stage === "reconnecting") return <ReconnectingWords app={app} isLarge />;
  const phases = seen && <PhaseList seen={seen} upload={app.session.upload.value} />;
  if (stage === "connecting") return <Steps>{phases}</Steps>;
  const problem = app.workspace.problem.value;
  if (problem !== null) return <WorkProblem app={app} problem={problem} />;
  const status = seen?.status;
  if (!status || !("hint" in status)) return null;
  return (
    <>
      <p class={`cover-why cover-why-${stage}`} role="alert">
        <Sentence text={status.why} startsLine />
      </p>
      {status.phases.length > 0 && <Steps>{phases}</Steps>}
      {status.hint !== "" && (
        <div class="next-step">
          <p>Next, type this in a terminal on this computer:</p>
          <CommandBox command={status.hint} />
          {stage !== "failed" && <p class="aside">This page goes on by itself when it works.</p>}
        </div>
      )}
      {stage === "failed" && status.hint !== app.command.value && (
        <div class="next-step">
          <p>Then connect again:</p>
          <CommandBox command={app.command.value} />
        </div>
      )}
    </>
  );
}

function Steps({ children }: { children: ComponentChildren }) {
  return (
    <div class="steps" aria-live="polite">
      {children}
    </div>
  );
}

function WorkProblem({ app, problem }: { app: App; problem: string }) {
  return (
    <>
      <p class="cover-why cover-why-failed" role="alert">
        <Sentence text={problem} startsLine />
      </p>
      <button type="button" class="primary" onClick={() => void app.workspace.retry()}>
        Try again
      </button>
    </>
  );
}
