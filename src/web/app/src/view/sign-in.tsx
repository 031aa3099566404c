/** The page for a browser that is not signed in. */

import { useState } from "preact/hooks";
import type { App, OutReason } from "../actions/app";
import { signInWith } from "../actions/enter";
import { codeInText } from "../model/link-code";
import { CommandBox } from "./command-box";
import { Cover } from "./cover";

const REASONS: Record<OutReason, string> = {
  "no-code": "This browser is not signed in here yet.",
  "code-failed": "This link was used already, or it is too old. A link works once, for ten minutes.",
  expired: "This browser is no longer signed in here.",
};

/** Says what to type, and takes a fresh link. */
export function SignIn({ app }: { app: App }) {
  return (
    <Cover lead="Sign in to" name={app.target.value}>
      <p class="cover-why">{REASONS[app.outReason.value]}</p>
      <div class="next-step">
        <p>Type this in a terminal on this computer, and open the link that it prints:</p>
        <CommandBox command={app.command.value} />
      </div>
      <PasteForm app={app} />
    </Cover>
  );
}

function PasteForm({ app }: { app: App }) {
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget as HTMLFormElement).get("link") ?? "");
    const code = codeInText(text);
    if (code === null) return setProblem("That is neither a link with a code nor a code.");
    setBusy(true);
    setProblem(await attempt(app, code));
    setBusy(false);
  };
  return (
    <form class="paste-form" onSubmit={submit}>
      <label for="link">Or paste a fresh link here</label>
      <div class="field">
        <input
          id="link"
          name="link"
          type="text"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          placeholder={`${location.origin}/?auth_token=…`}
          aria-describedby="link-problem"
          aria-invalid={problem !== null}
        />
        <button type="submit" class="primary" disabled={isBusy}>
          Sign in
        </button>
      </div>
      <p id="link-problem" class="field-problem" role="alert">
        {problem}
      </p>
    </form>
  );
}

async function attempt(app: App, code: string): Promise<string | null> {
  try {
    return (await signInWith(app, code)) ? null : "This link was used already, or it is too old.";
  } catch {
    return "Nobody answers: the connection program on this computer is not running.";
  }
}
