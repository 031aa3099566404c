/**
 * What a project answers, as `src/protocol/methods` defines it.
 *
 * Generated: `UPDATE_GENERATED=1 cargo test --test generated`.
 */

/**
 * Asks what environment a program gets that the server starts now:
 * `{"names":["PATH"]}`.
 *
 * The reply waits for a capture under way, 8 s at the longest.
 */
export type AskEnvironment = {
  /** The variables to tell; without it all. */
  names?: Array<string> | null,
};

/** Asks for something new and empty: `{"path":"~/new","kind":"directory"}`. */
export type Create = {
  /** Its path; missing parents are made. */
  path: string,
  /** `Kind::File` or `Kind::Directory`. */
  kind: Kind,
};

/**
 * One name:
 * `{"name":"a.txt","kind":"file","size":5,"mtime":1795248000000,"mode":420,"link":null,"readable":true}`.
 */
export type Entry = {
  /** The last part of its path, as path text. */
  name: string,
  /** What it is, a link itself. */
  kind: Kind,
  /** Its length in bytes. */
  size: number,
  /** When its content changed, in milliseconds since 1970. */
  mtime: number,
  /** Its permission bits as a number: `0o644` is 420. */
  mode: number,
  /** Where it leads, of a symbolic link. */
  link: Link | null,
  /** Whether this user may read it, or what it leads to. */
  readable: boolean,
};

/** Where the environment of programs comes from. */
export type EnvironmentSource = "server" | "login-shell";

/**
 * What went wrong with a login shell:
 * `{"message":"the startup files of bash did not end within 5 s: …","hint":"bash -lixc true"}`.
 */
export type EnvironmentWarning = {
  /** A sentence without a full stop. */
  message: string,
  /** The command that shows where, or an empty string. */
  hint: string,
};

/** How the program in the terminal ended: `{"code":0}` or `{"signal":9}`. */
export type Exit = {
  /** The exit status, if it exited. */
  code?: number | null,
  /** The signal's number, if a signal ended it. */
  signal?: number | null,
};

/** What a watched file is now: `{"hash":"9f86…","mtime":1795248000000,"size":4}`. */
export type FileState = {
  /** The content's SHA-256; `null` above 32 MiB, or when it is unreadable. */
  hash: string | null,
  /** In milliseconds since 1970. */
  mtime: number,
  /** In bytes. */
  size: number,
};

/** Several things in a trash: `{"ids":["/home/u/.local/share/Trash/info/a.trashinfo"]}`. */
export type Ids = {
  /** From `Trashed`. */
  ids: Array<string>,
};

/**
 * How far a job is:
 * `{"state":"running","unit":"bytes","done":512,"total":1024,"paths":[],"error":null}`.
 */
export type Job = {
  /** Where it stands. */
  state: JobState,
  /** What is counted. */
  unit: JobUnit,
  /** How much is done. */
  done: number,
  /** Of how much; grows while it is being counted. */
  total: number,
  /** What a copy or move has made, complete, in the order of the request. */
  paths: Array<string>,
  /** Why it failed; a job that was cancelled has 499. */
  error: Refusal | null,
};

/** Asks after a job, or ends it: `{"id":"k3f9a2","cancel":true}`. */
export type JobRequest = {
  /** Which. */
  id: string,
  /** Whether it shall stop; what it has made of the entry under way goes. */
  cancel: boolean,
};

/** Where a job stands. */
export type JobState = "running" | "done" | "failed";

/** What a job counts. */
export type JobUnit = "bytes" | "entries";

/** Asks to end a terminal and what runs in it: `{"id":"t7f3a"}`. */
export type KillTerminal = {
  /** The terminal's id. */
  id: string,
};

/** What kind of thing a name is. */
export type Kind = "file" | "directory" | "symlink" | "fifo" | "socket" | "char" | "block";

/** Where a symbolic link leads: `{"to":"../b","kind":"directory"}`. */
export type Link = {
  /** The link's own text, as path text. */
  to: string,
  /** What is there; `null` when it leads nowhere, or in a circle. */
  kind: Kind | null,
};

/** Asks for a new terminal: `{"cols":80,"rows":24,"cwd":"/data"}`. */
export type NewTerminal = {
  /** Width in cells, 1 to 1000. */
  cols: number,
  /** Height in cells, 1 to 1000. */
  rows: number,
  /**
   * The directory to start in, absolute path text as `files` has
   * it; without it the home.
   */
  cwd?: string | null,
};

/** No words: `{}`. */
export type Nothing = Record<symbol, never>;

/** Several paths: `{"paths":["/a"]}`. */
export type Paths = {
  /** As path text. */
  paths: Array<string>,
};

/** A path: `{"path":"~/a.txt"}`. */
export type Place = {
  /** As path text. */
  path: string,
};

/**
 * The environment of programs: `{"source":"login-shell","shell":"/bin/bash",`
 * `"variables":{"PATH":"/home/u/bin:/usr/bin:/bin"}}`.
 *
 * Names, values and the shell are path text, because they may be any bytes.
 */
export type ProgramEnvironment = {
  /** Who says so. */
  source: EnvironmentSource,
  /** The login shell, if it does. */
  shell?: string | null,
  /** Why it is not what an interactive login of the user gives. */
  warning?: EnvironmentWarning | null,
  /** The variables that were asked for and are set. */
  variables: { [key in string]: string },
};

/** Why a call or an HTTP request was refused: `{"code":404,"message":"…"}`. */
export type Refusal = {
  /** An HTTP status. */
  code: number,
  /** A sentence for a person; details are in the server's log only. */
  message: string,
  /** A word by which a page decides, where the code does not suffice. */
  reason?: string | null,
};

/**
 * Gives something another path on the same file system:
 * `{"from":"/a","to":"/b","overwrite":false}`.
 */
export type Rename = {
  /** The old path. */
  from: string,
  /** The new path. */
  to: string,
  /** Whether a file at the new path may be replaced. */
  overwrite: boolean,
};

/** What came back from a trash: `{"restored":[{"path":"/a","entry":…}]}`. */
export type Restored = {
  /** In the order of the request. */
  restored: Array<RestoredItem>,
};

/** One thing that came back. */
export type RestoredItem = {
  /** Where it is again. */
  path: string,
  /** What it is. */
  entry: Entry,
};

/** A job was started: `{"job":"k3f9a2"}`. */
export type Started = {
  /** To ask after it. */
  job: string,
};

/**
 * One terminal:
 * `{"id":"t7f3a","title":"bash","pid":4711,"started_at":1795248000000,"label":"vim a.py",`
 * `"cwd":"/home/u","cols":80,"rows":24,"clients":1}`.
 */
export type TerminalRow = {
  /** The terminal's id: `[a-z0-9]`, at most 16. */
  id: string,
  /** The name of the program that it runs. */
  title: string,
  /** That program's process id. */
  pid: number,
  /** When it began, in milliseconds since 1970. */
  started_at: number,
  /** What the program calls its terminal (OSC 0 or 2), if it does. */
  label?: string | null,
  /** Where the program says it works (OSC 7), if it does. */
  cwd?: string | null,
  /** Width in cells. */
  cols: number,
  /** Height in cells. */
  rows: number,
  /** How many clients show it. */
  clients: number,
  /** How the program ended, if it has and nobody was told yet. */
  exit?: Exit | null,
};

/** The terminals of a project, oldest first: `{"terminals":[…]}`. */
export type Terminals = {
  /** One row a terminal. */
  terminals: Array<TerminalRow>,
};

/** Asks to copy or move: `{"from":["/a","/b"],"to_dir":"/c"}`. */
export type Transfer = {
  /** What. */
  from: Array<string>,
  /** Into which directory. */
  to_dir: string,
};

/**
 * What went into a trash, as far as it got:
 * `{"trashed":[{"path":"/a","id":"…"}],"error":null}`.
 */
export type Trashed = {
  /** In the order of the request. */
  trashed: Array<TrashedItem>,
  /** Why the next one did not, when some did; the rest was not tried. */
  error: Refusal | null,
};

/** One thing in a trash. */
export type TrashedItem = {
  /** Where it was. */
  path: string,
  /** By which it is restored; good as long as the trash keeps it. */
  id: string,
};

/**
 * What is told of a watched path, spelled as it was asked for; one of the other fields is set.
 *
 * ```text
 * {"path":P,"watching":true}                 from now on nothing is missed
 * {"path":P,"changed":[Entry…],"removed":["a"]}
 * {"path":P,"again":true}                    too much at once: list again
 * {"path":P,"gone":true}                     no such directory any more; the watch has ended
 * {"path":P,"polling":true,"why":"…"}        looked at every 2 s instead
 * {"path":P,"file":{"hash":"9f86…","mtime":1795248000000,"size":4}}, null when there is none
 * {"path":P,"error":{"code":403,"message":"…"}}   it cannot be watched
 * ```
 */
export type WatchNews = {
  /** What was asked for. */
  path: string, } & ({
  /** As they are now. */
  changed: Array<Entry>,
  /** Names that are not there any more. */
  removed: Array<string>, } | {
  /** `null` when there is none, or it is no regular file. */
  file: FileState | null, } | {
  /** Always true. */
  polling: boolean,
  /** A sentence for a person. */
  why: string, } | {
  /** Always true. */
  watching: boolean, } | {
  /** Always true. */
  again: boolean, } | {
  /** Always true. */
  gone: boolean, } | {
  /** Why. */
  error: Refusal, });

/** What is asked and answered. */
export interface Methods {
  /** Lists the terminals, oldest first. */
  "terminal.list": { request: Nothing; reply: Terminals; replies: "one" };
  /** Starts a terminal with a login shell. */
  "terminal.new": { request: NewTerminal; reply: TerminalRow; replies: "one" };
  /** Ends a terminal and what runs in it; 404 when there is none. */
  "terminal.kill": { request: KillTerminal; reply: Nothing; replies: "one" };
  /** Tells what environment a program gets that is started now. */
  "environment": { request: AskEnvironment; reply: ProgramEnvironment; replies: "one" };
  /** Tells where the home directory is. */
  "files.home": { request: Nothing; reply: Place; replies: "one" };
  /** Describes what is at a path, a link itself; 404 when nothing is. */
  "files.stat": { request: Place; reply: Entry; replies: "one" };
  /** Makes an empty file or a directory, and the directories above it. 409 `exists` when something is there. */
  "files.create": { request: Create; reply: Entry; replies: "one" };
  /** Gives something another path on the same file system. 409 `exists` when something is there. */
  "files.rename": { request: Rename; reply: Entry; replies: "one" };
  /** Begins to copy into a directory; ask after the job with `files.job`. */
  "files.copy": { request: Transfer; reply: Started; replies: "one" };
  /** Begins to move into a directory; ask after the job with `files.job`. */
  "files.move": { request: Transfer; reply: Started; replies: "one" };
  /** Begins to delete for good; ask after the job with `files.job`. */
  "files.delete": { request: Paths; reply: Started; replies: "one" };
  /** Puts into the trash, one after the other, up to the first that does not go. 409 `no-trash` where there is none for the very first. */
  "files.trash": { request: Paths; reply: Trashed; replies: "one" };
  /** Brings back from the trash. 409 `exists` when something is there. */
  "files.restore": { request: Ids; reply: Restored; replies: "one" };
  /** Tells how far a job is, or stops it; 404 when it is not known (any more). */
  "files.job": { request: JobRequest; reply: Job; replies: "one" };
  /** Tells what changes at a directory or file from now on. List when the first news has come: what changed before that is told to nobody. */
  "files.watch": { request: Place; reply: WatchNews; replies: "many" };
}

/** The name of a method. */
export type MethodName = keyof Methods;

/** The methods that change nothing: who lost the reply asks again. */
export const READS: ReadonlySet<MethodName> = new Set<MethodName>([
  "terminal.list",
  "environment",
  "files.home",
  "files.stat",
  "files.watch",
]);
