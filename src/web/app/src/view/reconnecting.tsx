/** The sentence about a connection that is away, with its countdown. */

import type { App } from "../actions/app";
import { countdown } from "../model/words";
import { useNow } from "./clock";
import { CommandBox } from "./command-box";
import { Sentence } from "./sentence";

/** How often the countdown is redrawn, in milliseconds. */
const TICK_MS = 250;

/** Says why, and when the next try is. */
export function ReconnectingWords({ app, isLarge }: { app: App; isLarge?: boolean }) {
  const now = useNow(TICK_MS);
  const seen = app.session.seen.value;
  if (app.isUnanswered.value || app.session.link.value === "lost") return <LinkLost app={app} isLarge={isLarge} />;
  if (seen?.status.state !== "reconnecting") return <p class={isLarge ? "cover-why" : ""}>Opening your terminals again.</p>;
  const left = seen.status.retry_in_ms - (now - seen.at);
  const next = left > 0 ? ` Next try in ${countdown(left)}.` : " Trying now.";
  return (
    <p class={isLarge ? "cover-why" : ""}>
      {!isLarge && <strong>Reconnecting to {app.target.value}: </strong>}
      <Sentence text={seen.status.why} startsLine={isLarge} />
      <span class="countdown">{next}</span>
    </p>
  );
}

function LinkLost({ app, isLarge }: { app: App; isLarge?: boolean }) {
  const what = app.target.value === "local" ? "The server" : "The connection program on this computer";
  if (!isLarge) {
    return (
      <p>
        {what} is not running: type <code>{app.command.value}</code>
      </p>
    );
  }
  return (
    <>
      <p class="cover-why">{what} is not running.</p>
      <div class="next-step">
        <p>Type this in a terminal on this computer:</p>
        <CommandBox command={app.command.value} />
        <p class="aside">This page goes on by itself when it runs.</p>
      </div>
    </>
  );
}
