/** The whole page's state in one object: the door, the session, the workspace. */

import { computed, effect, signal, untracked } from "@preact/signals-core";
import { connectCommand } from "../model/link-code";
import { readOlder, readOwn, settingsOf, type Settings } from "../model/settings";
import { stageOf, type Door } from "../model/stage";
import type { Status } from "../model/status";
import { onKeyChange } from "../net/auth";
import { Bus } from "../net/bus";
import { CallClient } from "../net/calls";
import { reloadIfOutdated } from "../net/page-version";
import { SessionClient } from "../net/session";
import { recall, remember } from "../net/storage";
import { Bells } from "./bells";
import { ClipboardGrant } from "./clipboard-grant";
import { EnvironmentNote } from "./environment";
import { FilesDoor } from "./files/door";
import { PasteGuard } from "./paste-guard";
import { RestartNote } from "./restart-note";
import { SiteSettings } from "./site-settings";
import { Workspace } from "./workspace";

/** Why this browser stands outside. */
export type OutReason = "no-code" | "code-failed" | "expired";

/** Everything that actions act on and views show. */
export class App {
  /** Whether this browser may come in. */
  readonly door = signal<Door>("asking");
  /** Why it may not. */
  readonly outReason = signal<OutReason>("no-code");
  /** Whether the question has gone unanswered so far. */
  readonly isUnanswered = signal(false);
  /** Whether the note about browsers without `NAME.localhost` is shown. */
  readonly hasOriginNote = signal(false);
  /** The name to show before the session tells the target. */
  readonly name = signal(recall("target") ?? location.hostname.replace(/\.localhost$/, ""));
  /** Whether the palette is open. */
  readonly isPaletteOpen = signal(false);
  /** Whether the system prefers dark. */
  readonly isSystemDark = signal(false);
  /** What a person set in this browser. */
  readonly own = signal<Partial<Settings>>(readKept());
  /** Whether the workspace has been usable in this page's life. */
  readonly wasUsable = signal(false);

  readonly session = new SessionClient(() => this.turnOut("expired"));
  readonly restart = new RestartNote(this.session.ready);
  readonly bus = new Bus();
  readonly calls = new CallClient(this.bus);
  readonly workspace = new Workspace(this.calls);
  readonly files = new FilesDoor(this);
  /** The settings that every browser is told. */
  readonly siteSettings = new SiteSettings(this.calls);
  /** What holds for the page's looks. */
  readonly settings = computed(() => settingsOf(this.own.value, this.siteSettings.site.value));
  readonly bells = new Bells(this.settings, this.workspace.lookedAt);
  readonly clipboardGrant = new ClipboardGrant();
  readonly pasteGuard = new PasteGuard(this);
  readonly environment = new EnvironmentNote(this.calls);
  /** The terminal in which the search is open. */
  readonly searching = signal<string | null>(null);

  /** The target in the person's own spelling, as far as known. */
  readonly target = computed(() => this.session.seen.value?.status.target ?? this.name.value);
  /** What the workspace is called. */
  readonly title = computed(() => this.settings.value.siteName || this.target.value);
  /** The command that connects again. */
  readonly command = computed(() => connectCommand(this.target.value));
  /** Whether the page is dark. */
  readonly isDark = computed(() => {
    const { theme } = this.settings.value;
    return theme === "auto" ? this.isSystemDark.value : theme === "dark";
  });
  /** Which face the page shows. */
  readonly stage = computed(() =>
    stageOf({
      door: this.door.value,
      link: this.isUnanswered.value ? "lost" : this.session.link.value,
      status: this.session.seen.value?.status ?? null,
      work: this.workspace.work.value,
      wasUsable: this.wasUsable.value,
    }),
  );

  constructor() {
    const project = computed(() => this.session.ready.value?.project ?? null);
    effect(() => {
      const reached = project.value;
      untracked(() => this.#follow(reached));
    });
    effect(() => reloadIfOutdated(this.session.ready.value?.ui ?? ""));
    effect(() => {
      if (this.stage.value === "ready") this.wasUsable.value = true;
    });
    effect(() => {
      if (!this.wasUsable.value) return;
      this.session.follow();
      this.calls.start();
      const reached = project.value;
      if (reached === null) return;
      untracked(() => {
        void this.environment.look(reached);
        void this.siteSettings.look();
      });
    });
    // Another tab has signed this browser in, after this one was turned out.
    onKeyChange(() => {
      if (this.door.value === "out") this.letIn();
    });
    effect(() => remember("own", JSON.stringify(this.own.value)));
  }

  /** Lets this browser in: the session begins. */
  letIn(status: Status | null = null): void {
    this.isUnanswered.value = false;
    this.door.value = "in";
    this.session.start(status);
  }

  /** Shows the sign-in page. */
  turnOut(reason: OutReason): void {
    this.isUnanswered.value = false;
    this.outReason.value = reason;
    this.door.value = "out";
    this.session.stop();
  }

  #follow(project: string | null): void {
    this.calls.gate(project !== null);
    void this.workspace.reach(project);
  }
}

/** Reads what this browser kept, in the words of today or of an older page. */
function readKept(): Partial<Settings> {
  const own = recall("own");
  return own === null ? readOlder(recall("settings")) : readOwn(own);
}
