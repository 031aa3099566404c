/**
 * A server without anything behind it, for looking at the page alone:
 * `import { serve } from "./fake-server.mjs"`, or
 * `node e2e/fake-server.mjs DIST [PORT]`.
 *
 * It speaks version 2 of the terminal protocol (`src/protocol/terminal.rs`).
 * Its terminals hold lines and echo what is typed; a few words that are typed
 * do something, see `WORDS`. A skipped backlog, a second browser and a holder
 * that dies are functions of `Terminal`. Not for real use: nobody is asked who
 * they are, and a screen is only the last lines.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { pathToFileURL } from "node:url";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const POLICY =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
  "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self' ws://localhost:*";

const text = (bytes) => Buffer.from(bytes).toString();

/** One red square of 24 × 24 pixels. */
const SIXEL = `\x1bPq"1;1;24;24#1;2;90;10;10${"#1!24~-".repeat(4)}\x1b\\`;
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** What typed lines do; anything else is answered with itself. */
const WORDS = {
  bell: () => "\x07",
  link: () => "\x1b]8;;https://example.org/a/long/path?with=query\x1b\\declared link\x1b]8;;\x1b\\ and https://example.com/written\r\n",
  copy: () => `\x1b]52;c;${Buffer.from("from the program").toString("base64")}\x1b\\`,
  open: () => `\x1b]7337;open;${Buffer.from("/home/u/notes.md").toString("base64")}\x1b\\`,
  sixel: () => `${SIXEL}\r\n`,
  iterm: () => `\x1b]1337;File=inline=1;size=${Buffer.from(PNG, "base64").length};width=10;height=4:${PNG}\x1b\\\r\n`,
  ask: () => "\x1b[c\x1b[6n",
  bracket: () => "\x1b[?2004h",
  unbracket: () => "\x1b[?2004l",
};

/** One terminal: its output, and the browsers that show it. */
export class Terminal {
  constructor(id) {
    this.id = id;
    this.output = "";
    this.clients = new Set();
    this.layout = 1;
    this.size = { cols: 80, rows: 24 };
    this.others = null;
    this.sizer = null;
    this.typed = "";
    this.line = "";
    this.version = 2;
    /** Whether a browser with a size leads; `false`: somebody else does. */
    this.leads = true;
    /** The wait before an answer to History, in milliseconds. */
    this.historyMs = 0;
    /** What browsers sent: a kind, a hello or a size each. */
    this.log = [];
    this.print("$ ");
  }

  /** Sends output to everybody. */
  print(more) {
    const seq = Buffer.byteLength(this.output);
    this.output += more;
    for (const client of this.clients) client.data(seq, more);
  }

  /** Prints `count` numbered lines. */
  lines(count, word = "line") {
    this.print(Array.from({ length: count }, (_, at) => `${word} ${at}\r\n`).join("") + "$ ");
  }

  /** Output that every browser gets as a screen only, as if all were behind. */
  skip(more) {
    this.output += more;
    for (const client of this.clients) client.replay(false);
  }

  /** Another browser with a window of this size comes; `null`: it goes. */
  other(size) {
    this.others = size;
    this.settle(true);
  }

  take(bytes) {
    const typed = text(bytes);
    this.typed += typed;
    for (const char of typed) {
      if (char === "\r") this.enter();
      else if (char >= " ") {
        this.line += char;
        this.print(char);
      }
    }
  }

  enter() {
    const line = this.line;
    this.line = "";
    const [word, count] = line.split(" ");
    if (word === "lines") this.print("\r\n"), this.lines(Number(count));
    else if (word === "exit") this.end({ code: Number(count ?? 0) });
    else if (word === "kill") this.end({ signal: Number(count) });
    else this.print(`\r\n${WORDS[word]?.() ?? `${line}\r\n`}$ `);
  }

  end(exit) {
    for (const client of this.clients) client.send(6, Buffer.from(JSON.stringify(exit)));
  }

  settle(isChanged = false) {
    const wishes = [...this.clients].map((client) => client.wish).filter((wish) => wish.cols > 0);
    if (this.others) wishes.push(this.others);
    const least = (name) => Math.min(...wishes.map((wish) => wish[name]));
    const wanted = this.sizer?.wish ?? (wishes.length ? { cols: least("cols"), rows: least("rows") } : this.size);
    const isOther = wanted.cols !== this.size.cols || wanted.rows !== this.size.rows;
    if (isOther) this.layout++;
    this.size = { cols: wanted.cols, rows: wanted.rows };
    for (const client of this.clients) {
      if (isOther || isChanged) client.view();
      if (isOther) client.replay(false);
    }
  }
}

class Client {
  constructor(socket, terminal) {
    this.socket = socket;
    this.terminal = terminal;
    this.wish = { cols: 0, rows: 0 };
    this.taken = 0;
  }

  send(kind, body = Buffer.alloc(0)) {
    this.socket.send(Buffer.concat([Buffer.from([kind]), body]));
  }

  data(seq, more) {
    this.send(3, Buffer.concat([u64(seq), Buffer.from(more)]));
  }

  view() {
    const { terminal } = this;
    if (terminal.version < 2) return;
    const sizedBy = terminal.sizer ? (terminal.sizer === this ? "you" : "other") : "smallest";
    const clients = terminal.clients.size + (terminal.others ? 1 : 0);
    const view = { ...terminal.size, layout: terminal.layout, clients, leads: terminal.leads && this.wish.cols > 0, sized_by: sizedBy };
    this.send(9, Buffer.from(JSON.stringify(view)));
  }

  replay(isWhole) {
    const { output, size } = this.terminal;
    const lines = output.split("\r\n");
    const shown = (isWhole ? lines : lines.slice(-size.rows)).join("\r\n").replace(/\x07/g, "");
    const half = Math.floor(shown.length / 2);
    const flags = isWhole ? 4 : 0;
    const seq = u64(Buffer.byteLength(output));
    this.send(2, Buffer.concat([seq, Buffer.from([flags | 1]), Buffer.from(shown.slice(0, half))]));
    this.send(2, Buffer.concat([seq, Buffer.from([flags | 2]), Buffer.from(shown.slice(half))]));
  }

  received(message) {
    const { terminal } = this;
    const [kind] = message;
    if (kind === 1) return;
    terminal.log.push(kind);
    if (kind === 3) {
      const bytes = message.subarray(9);
      this.taken += bytes.length;
      this.send(4, u64(this.taken));
      terminal.take(bytes);
    } else if (kind === 5) {
      this.wish = { cols: message.readUInt16BE(1), rows: message.readUInt16BE(3) };
      terminal.log.push(this.wish);
      terminal.settle();
      this.view();
    } else if (kind === 10) setTimeout(() => this.replay(true), terminal.historyMs);
    else if (kind === 11) {
      terminal.sizer = message[1] === 1 ? this : null;
      terminal.settle(true);
    }
  }

  /** The hello of the URL; the frame that repeats it is passed over. */
  early(json) {
    const { terminal } = this;
    const hello = JSON.parse(json);
    terminal.log.push(`hello ${json}`);
    const all = Buffer.byteLength(terminal.output);
    const answer = { version: Math.min(terminal.version, hello.version), id: terminal.id, pid: 1, title: "bash", output_seq: all };
    this.send(1, Buffer.from(JSON.stringify({ ...answer, ...terminal.size, input_seq: this.taken, started_at: 0 })));
    this.wish = { cols: hello.cols, rows: hello.rows };
    terminal.clients.add(this);
    terminal.settle();
    this.view();
    this.replay(false);
  }

  closed() {
    this.terminal.clients.delete(this);
    if (this.terminal.sizer === this) this.terminal.sizer = null;
    this.terminal.settle(true);
  }
}

/** Serves a built page; gives its address, its terminals and a way to stop. */
export async function serve(dist, port = 0) {
  const terminals = new Map();
  let made = 0;
  const add = (id = `t${++made}`) => {
    const terminal = new Terminal(id);
    terminals.set(terminal.id, terminal);
    return terminal;
  };
  const row = ({ id }) => ({ id, title: "bash", pid: 1, started_at: 0 });
  const call = (subject, payload) => {
    const verb = subject.split(".").slice(2).join(".");
    if (verb === "terminal.list") return { terminals: [...terminals.values()].map(row) };
    if (verb === "terminal.new") return row(add());
    if (verb === "terminal.kill") return terminals.get(payload.id)?.end({ signal: 1 }), terminals.delete(payload.id), {};
    if (verb === "files.stat") return { name: "notes.md", kind: "file" };
    return null;
  };
  const answer = (asked) => {
    const { id, subject, payload } = JSON.parse(asked);
    const found = call(subject, payload);
    return JSON.stringify(found ? { id, payload: found } : { id, error: { code: 404, message: "no such call" } });
  };
  const server = createServer((request, response) => {
    const path = request.url.split(/[?#]/)[0];
    response.setHeader("content-security-policy", POLICY);
    if (path === "/call") {
      let body = "";
      request.on("data", (more) => (body += more));
      return request.on("end", () => response.end(answer(body)));
    }
    if (path === "/auth/me") {
      response.setHeader("content-type", "application/json");
      return response.end(JSON.stringify({ signed_in: true, name: "local", workspace: `http://localhost:${address.port}` }));
    }
    try {
      const file = join(dist, normalize(path === "/" ? "/index.html" : path));
      const body = readFileSync(file);
      response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.on("upgrade", (request, stream) => {
    const socket = new ServerSocket(request, stream);
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    const id = pathname.slice("/terminal/".length);
    if (searchParams.get("first") && terminals.size === 0) add(id);
    const terminal = terminals.get(id);
    if (request.url === "/session") {
      const status = { target: "demo", phases: [], state: "ready", project: "demo", version: "0", ui: "" };
      socket.send(JSON.stringify(status));
    } else if (request.url === "/call") {
      socket.onmessage = (message) => socket.send(answer(text(message)));
    } else if (terminal) {
      const client = new Client(socket, terminal);
      socket.onmessage = (message) => client.received(message);
      socket.onclose = () => client.closed();
      const hello = searchParams.get("hello");
      if (hello) client.early(hello);
    } else socket.close(4004);
  });
  await new Promise((resolve) => server.listen(port, "localhost", resolve));
  const address = server.address();
  return { url: `http://localhost:${address.port}/`, terminals, add, stop: () => server.closeAllConnections() ?? server.close() };
}

/** The server's end of a WebSocket: whole messages only, no extensions. */
class ServerSocket {
  onmessage = () => {};
  onclose = () => {};
  #stream;
  #kept = Buffer.alloc(0);

  constructor(request, stream) {
    this.#stream = stream;
    const guid = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(guid).digest("base64");
    const [protocol] = (request.headers["sec-websocket-protocol"] ?? "").split(",");
    stream.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n` +
        `Sec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
    );
    stream.on("data", (chunk) => this.#read(chunk));
    stream.on("error", () => {});
    stream.on("close", () => this.onclose());
  }

  send(message) {
    const body = Buffer.from(message);
    this.#write(typeof message === "string" ? 1 : 2, body);
  }

  close(code) {
    this.#write(8, Buffer.from([code >> 8, code & 255]));
    this.#stream.end();
  }

  #write(opcode, body) {
    const head = Buffer.alloc(body.length < 126 ? 2 : body.length < 65536 ? 4 : 10);
    head[0] = 0x80 | opcode;
    head[1] = body.length < 126 ? body.length : body.length < 65536 ? 126 : 127;
    if (head[1] === 126) head.writeUInt16BE(body.length, 2);
    if (head[1] === 127) head.writeBigUInt64BE(BigInt(body.length), 2);
    if (!this.#stream.destroyed) this.#stream.write(Buffer.concat([head, body]));
  }

  #read(chunk) {
    this.#kept = Buffer.concat([this.#kept, chunk]);
    for (;;) {
      const kept = this.#kept;
      if (kept.length < 2) return;
      const short = kept[1] & 127;
      const head = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (kept.length < head + 4) return;
      const length = short === 126 ? kept.readUInt16BE(2) : short === 127 ? Number(kept.readBigUInt64BE(2)) : short;
      if (kept.length < head + 4 + length) return;
      const mask = kept.subarray(head, head + 4);
      const body = Buffer.from(kept.subarray(head + 4, head + 4 + length)).map((byte, at) => byte ^ mask[at % 4]);
      this.#kept = kept.subarray(head + 4 + length);
      const opcode = kept[0] & 15;
      if (opcode === 8) return this.#stream.end();
      if (opcode === 1 || opcode === 2) this.onmessage(body);
    }
  }
}

function u64(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [dist, port] = process.argv.slice(2);
  const { url } = await serve(dist, Number(port ?? 0));
  console.log(url);
}
