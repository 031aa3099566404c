/** The workspace: which terminals there are, which is selected, how they do. */

import { computed, effect, signal, type ReadonlySignal } from "@preact/signals-core";
import type { Methods, TerminalRow } from "../model/methods";
import type { Screen, Size } from "../model/screen";
import type { Work } from "../model/stage";
import {
  changed,
  inOrder,
  instead,
  neighbour,
  selectedAfterClosing,
  without,
  withRows,
  type End,
  tabOf,
  type Tab,
} from "../model/tabs";
import { CallError, LOST, type CallClient, type Callable } from "../net/calls";
import { recallHere, rememberHere } from "../net/storage";
import type { TerminalClient, TerminalEvents } from "../net/terminal";

const NOT_LISTED = "the terminals could not be listed";

/** Of what the name of a terminal consists: 32 letters and digits. */
const ID_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";

/** A terminal on screen: its emulator and its connection. */
export interface Attached {
  screen: Screen;
  client: TerminalClient;
}

/** What lies over the terminals: a file. */
export interface Cover {
  /** What the window is called meanwhile. */
  readonly name: ReadonlySignal<string>;
  /** Takes the keyboard. */
  focus(): void;
}

/** Owns the list of terminals and their connections. */
export class Workspace {
  #calls: CallClient;
  #project: string | null = null;
  #measured: (measure: () => Size) => void = () => {};
  #measure = new Promise<() => Size>((resolve) => (this.#measured = resolve));
  #tabs = signal<readonly Tab[]>([]);
  #selected = signal<string | null>(null);
  #attached = signal<ReadonlyMap<string, Attached>>(new Map());
  #isLoaded = signal(false);
  /** The terminal that was asked for as the first one, until the server has it. */
  #first: string | null = null;
  /** The terminal that is shown by memory, until anybody says that it is there. */
  #recalled: string | null = null;
  #isMaking = signal(false);
  #wasDrawn = signal(false);
  #problem = signal<string | null>(null);
  /** Where terminals were started that did not start at home. */
  #directories = new Map<string, string>();

  /** The tabs, in their order. */
  readonly tabs: ReadonlySignal<readonly Tab[]> = this.#tabs;
  /** The selected terminal's id. */
  readonly selected: ReadonlySignal<string | null> = this.#selected;
  /** Whether a new terminal has been asked for. */
  readonly isMaking: ReadonlySignal<boolean> = this.#isMaking;
  /** Why the last thing asked for did not happen, in a sentence. */
  readonly problem: ReadonlySignal<string | null> = this.#problem;
  /** The terminal that waits for a yes before it is killed, and perhaps started again. */
  readonly confirming = signal<{ id: string; verb: "kill" | "restart" } | null>(null);
  /** What lies over the terminals; `null` while the selected one is in front. */
  readonly cover = signal<Cover | null>(null);
  /** The terminal that a person can see; `null` while something lies over it. */
  readonly lookedAt = computed(() => (this.cover.value === null ? this.#selected.value : null));
  /** The selected tab. */
  readonly tab = computed(() => this.#tabs.value.find((tab) => tab.id === this.#selected.value) ?? null);
  /** What is on screen for the selected tab. */
  readonly current = computed(() => this.#attached.value.get(this.#selected.value ?? "") ?? null);
  /** Whether the selected terminal refuses typing, because too much waits. */
  readonly typingPaused = computed(() => this.current.value?.client.typingPaused.value ?? false);
  /** How far the workspace is. */
  readonly work = computed<Work>(() => this.#work());

  constructor(calls: CallClient) {
    this.#calls = calls;
    effect(() => {
      const client = this.current.value?.client;
      if (client?.drawn.value || client?.link.value === "over") this.#wasDrawn.value = true;
    });
  }

  /** Says how the size of a terminal that is still to be made is found. */
  measureWith(measure: () => Size): void {
    this.#measured(measure);
  }

  /**
   * Lets what will be shown first be built while the connection is being made;
   * it is asked for when requests reach the server.
   *
   * Whoever was here before has terminals, most likely: the last one comes
   * while they are listed.
   */
  prepare(): void {
    if (this.#isLoaded.value || this.#tabs.value.length > 0) return;
    const remembered = recallHere("tab");
    if (remembered === null) this.#begin();
    else this.#recall(remembered);
  }

  /** Requests reach the server again, or no longer (`null`). */
  async reach(project: string | null): Promise<void> {
    this.#project = project;
    for (const { client } of this.#attached.value.values()) client.gate(project !== null);
    if (project !== null) await this.#load();
  }

  /** What is on screen for a terminal; `null` before it was first selected. */
  attached(id: string): Attached | null {
    return this.#attached.value.get(id) ?? null;
  }

  /** Connects a screen to its terminal; `connect` makes the connection. */
  attach(id: string, screen: Screen, connect: (events: TerminalEvents) => TerminalClient): TerminalClient {
    const client = connect({
      isFirst: () => this.#first === id,
      began: (program) => this.#began(id, program),
      ended: (end) => this.#ended(id, end),
    });
    this.#attached.value = new Map(this.#attached.value).set(id, { screen, client });
    client.gate(this.#project !== null);
    client.start();
    return client;
  }

  /** Disconnects a screen; the terminal goes on. */
  detach(id: string): void {
    if (id === this.#first) this.#takeBack();
    const rest = new Map(this.#attached.value);
    rest.get(id)?.client.stop();
    rest.delete(id);
    this.#attached.value = rest;
  }

  /** Shows a terminal; the view then gives it the keyboard. */
  select(id: string | null): void {
    this.#selected.value = id;
    this.confirming.value = null;
    this.cover.value = null;
    if (id !== null) rememberHere("tab", id);
  }

  /** Shows the terminal `step` tabs to the right. */
  step(step: number): void {
    this.select(neighbour(this.#tabs.value, this.#selected.value, step));
  }

  /** Gives the keyboard to what is in front. */
  focus(): void {
    if (this.cover.value) this.cover.value.focus();
    else this.current.value?.screen.focus();
  }

  /** Takes what a program calls its terminal. */
  titled(id: string, title: string): void {
    this.#tabs.value = changed(this.#tabs.value, id, { title });
  }

  /** Makes a terminal, sized to the window, at home or in a directory, and shows it. */
  async open(directory?: string): Promise<void> {
    if (this.#isMaking.value) return;
    this.#isMaking.value = true;
    await this.#attempt("no terminal could be opened", async () => {
      const row = await this.#make(directory);
      this.#tabs.value = [...this.#tabs.value, tabOf(row)];
      this.select(row.id);
    });
    this.#isMaking.value = false;
  }

  /** Ends a terminal and what runs in it; closes the tab of one that has ended. */
  async kill(id: string): Promise<void> {
    this.confirming.value = null;
    const tab = this.#tabs.value.find((one) => one.id === id);
    if (tab?.end) return this.#close(id);
    await this.#attempt("the terminal was not ended", async () => {
      await this.#killNow(id);
      this.#close(id);
    });
  }

  /** Puts a new terminal in the place of one, which is ended if it still runs. */
  async restart(id: string): Promise<void> {
    this.confirming.value = null;
    if (this.#isMaking.value) return;
    this.#isMaking.value = true;
    await this.#attempt("the terminal was not started again", async () => {
      const isOver = this.#tabs.value.find((one) => one.id === id)?.end != null;
      if (!isOver) await this.#killNow(id);
      const row = await this.#make(this.#directories.get(id));
      this.#tabs.value = instead(this.#tabs.value, id, tabOf(row));
      this.select(row.id);
    });
    this.#isMaking.value = false;
  }

  /** Asks before it starts a terminal again that still runs. */
  askToRestart(id: string): void {
    const tab = this.#tabs.value.find((one) => one.id === id);
    if (tab?.end) void this.restart(id);
    else this.#ask(id, "restart");
  }

  /** Asks before it kills a terminal that still runs. */
  askToKill(id: string): void {
    const tab = this.#tabs.value.find((one) => one.id === id);
    if (tab?.end) this.#close(id);
    else this.#ask(id, "kill");
  }

  /** Does again what failed at first: listing, or opening a terminal. */
  retry(): Promise<void> {
    return this.#isLoaded.value ? this.open() : this.#load();
  }

  /** Says, in a sentence, why something did not happen. */
  report(problem: string): void {
    this.#problem.value = problem;
  }

  /** Forgets the last problem; the button that did it leaves the page. */
  dismissProblem(): void {
    this.#problem.value = null;
    this.focus();
  }

  async #load(): Promise<void> {
    await this.#attempt(NOT_LISTED, async () => {
      this.prepare();
      if (this.#first === null) await this.#refresh();
    });
  }

  async #refresh(): Promise<void> {
    const terminals = await this.#list();
    const isFirst = !this.#isLoaded.value;
    this.#isLoaded.value = true;
    this.#tabs.value = isFirst
      ? inOrder(this.#tabs.value, terminals)
      : withRows(this.#tabs.value, terminals, this.#drawn());
    if (terminals.some((row) => row.id === this.#recalled)) this.#recalled = null;
    if (isFirst && this.#tabs.value.length === 0) return this.open();
    this.#selectSensibly();
  }

  /** Shows a terminal that was there when this window was last. */
  #recall(id: string): void {
    this.#recalled = id;
    this.#tabs.value = [tabOf({ id, title: "" })];
    this.#selected.value = id;
  }

  /** What was shown by memory is gone: what the server lists takes its place. */
  #forget(id: string): void {
    this.#recalled = null;
    this.#tabs.value = without(this.#tabs.value, id);
    this.#selected.value = null;
    if (!this.#isLoaded.value) return;
    if (this.#tabs.value.length === 0) void this.open();
    else this.#selectSensibly();
  }

  /** Asks for a terminal as the first one of all, without listing them before. */
  #begin(): void {
    const id = newId();
    this.#isLoaded.value = true;
    this.#first = id;
    this.#tabs.value = [tabOf({ id, title: "" })];
    this.#selected.value = id;
  }

  #began(id: string, program: string): void {
    if (id === this.#recalled) this.#recalled = null;
    if (id !== this.#first) return;
    this.#first = null;
    this.#tabs.value = changed(this.#tabs.value, id, { program });
    rememberHere("tab", id);
  }

  /** The first terminal was never made: it is as if none had been asked for. */
  #takeBack(): void {
    this.#first = null;
    this.#isLoaded.value = false;
    this.#selected.value = null;
    this.#tabs.value = [];
  }

  /** There are terminals already: theirs are shown instead of the one asked for. */
  #stepBack(): void {
    this.#takeBack();
    void this.#attempt(NOT_LISTED, () => this.#refresh());
  }

  async #list(): Promise<TerminalRow[]> {
    return (await this.#call("terminal.list", {})).terminals;
  }

  #selectSensibly(): void {
    const has = (id: string | null) => this.#tabs.value.some((tab) => tab.id === id);
    if (has(this.#selected.value)) return;
    const remembered = recallHere("tab");
    const cover = this.cover.value;
    this.select(has(remembered) ? remembered : (this.#tabs.value[0]?.id ?? null));
    this.cover.value = cover;
  }

  async #make(directory: string | undefined): Promise<TerminalRow> {
    const row = await this.#call("terminal.new", { ...(await this.#measure)(), cwd: directory });
    if (directory !== undefined) this.#directories.set(row.id, directory);
    return row;
  }

  #ask(id: string, verb: "kill" | "restart"): void {
    const asked = this.confirming.value;
    const isAgain = asked?.id === id && asked.verb === verb;
    this.confirming.value = isAgain ? null : { id, verb };
  }

  async #killNow(id: string): Promise<void> {
    await this.#call("terminal.kill", { id }).catch((error: unknown) => {
      if (!(error instanceof CallError && error.code === 404)) throw error;
    });
  }

  #drawn(): ReadonlySet<string> {
    return new Set(this.#attached.value.keys());
  }

  #close(id: string): void {
    const next = selectedAfterClosing(this.#tabs.value, id, this.#selected.value);
    this.#tabs.value = without(this.#tabs.value, id);
    this.select(next);
    // The button that closed it leaves the page, and would take the keyboard along.
    this.focus();
  }

  #ended(id: string, end: End): void {
    const isFirst = id === this.#first;
    if (isFirst && (("refused" in end && end.refused.code === "others") || "gone" in end)) return this.#stepBack();
    if (isFirst) this.#first = null;
    if (id === this.#recalled && "gone" in end) return this.#forget(id);
    this.#tabs.value = changed(this.#tabs.value, id, { end });
  }

  async #attempt(what: string, attempt: () => Promise<void>): Promise<void> {
    try {
      this.#problem.value = null;
      await attempt();
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      // Listing comes again with the connection; the page already says it is away.
      if (error.code === LOST && !this.#isMaking.value) return;
      this.#problem.value = `${what}: ${error.message}`;
    }
  }

  #call<M extends Callable>(method: M, request: Methods[M]["request"]): Promise<Methods[M]["reply"]> {
    if (this.#project === null) return Promise.reject(new CallError(LOST, "the server is out of reach"));
    return this.#calls.call(this.#project, method, request);
  }

  #work(): Work {
    const client = this.current.value?.client;
    if (client?.link.value === "away") return "away";
    if (this.#wasDrawn.value) return "usable";
    return this.#problem.value !== null ? "failed" : "opening";
  }
}

/** A name for a terminal, as the server makes them: eight letters and digits. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => ID_LETTERS[byte % ID_LETTERS.length]).join("");
}
