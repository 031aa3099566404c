/** The steps of a connect as a list that ticks. */

import type { SeenStatus } from "../net/session";
import { bytesPerSecond, type Sample } from "../model/speed";
import { PHASE_NAMES, type Phase, type PhaseName } from "../model/status";
import { countdown, duration, megabytes, phaseLabel, rate } from "../model/words";
import { useNow } from "./clock";
import { CrossIcon, DoneIcon } from "./icons";

/** How often running times are redrawn, in milliseconds. */
const TICK_MS = 100;

/** Steps that every connect has, shown before their turn comes. */
const CERTAIN: readonly PhaseName[] = ["attach", "start"];

interface Step {
  name: PhaseName;
  phase: Phase | null;
}

/** Shows the steps, their times and the upload's progress. */
export function PhaseList({ seen, upload }: { seen: SeenStatus; upload: readonly Sample[] }) {
  const now = useNow(TICK_MS);
  const isRunning = seen.status.state === "connecting";
  const since = isRunning ? Math.max(0, now - seen.at) : 0;
  return (
    <ol class="phases">
      {steps(seen.status.phases, isRunning).map(({ name, phase }) => (
        <li key={name} data-phase={name} class={`phase phase-${phase?.state ?? "pending"}`}>
          <span class="phase-icon">
            {phase?.state === "done" && <DoneIcon />}
            {phase?.state === "failed" && <CrossIcon />}
            {phase?.state === "active" && <span class="spinner" />}
          </span>
          <span class="phase-label">{phaseLabel(name, phase?.state ?? "pending")}</span>
          {phase && <time class="phase-time">{duration(phase.ms + (phase.state === "active" ? since : 0))}</time>}
          {phase?.state === "active" && name === "authenticate" && (
            <p class="phase-detail">If ssh asks for something, answer in the terminal where you typed the command.</p>
          )}
          {name === "upload" && phase && phase.state !== "done" && <Upload phase={phase} samples={upload} />}
        </li>
      ))}
    </ol>
  );
}

function Upload({ phase, samples }: { phase: Phase; samples: readonly Sample[] }) {
  const done = phase.done_bytes ?? 0;
  const total = phase.total_bytes ?? 0;
  if (total === 0) return null;
  const speed = phase.state === "active" ? bytesPerSecond(samples) : null;
  const left = speed === null ? null : ((total - done) * 1000) / speed;
  return (
    <div class="phase-detail upload">
      <progress max={total} value={done} aria-label="Upload" />
      <p>
        <span>
          {megabytes(done)} of {megabytes(total)} MB
        </span>
        {speed !== null && <span>{rate(speed)}</span>}
        {left !== null && left > 0 && <span>{countdown(left)} left</span>}
      </p>
    </div>
  );
}

function steps(phases: readonly Phase[], isRunning: boolean): Step[] {
  return PHASE_NAMES.flatMap((name) => {
    const phase = phases.find((one) => one.name === name) ?? null;
    return phase || (isRunning && CERTAIN.includes(name)) ? [{ name, phase }] : [];
  });
}
