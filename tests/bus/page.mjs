/**
 * What the JavaScript client reports of a broker, run in a page.
 *
 * `reportOf({ url, token, protocols, inboxPrefix })` gives an object with a
 * member for each behaviour, as `behaviours.py` prints it. The subjects are
 * those that a page may use at ours.
 */
import { headers as newHeaders, RequestError, wsconnect } from "@nats-io/nats-core";

/** How long a behaviour may take, in milliseconds. */
const DEADLINE_MS = 20_000;

/** How many messages a queue group shares, and how many requests run at once. */
const MANY = 200;

const LARGE = 900_000;

/** Subscribes and keeps what comes; it is complete after a `flush`. */
function hear(client, subject, options = {}) {
  const heard = [];
  const subscription = client.subscribe(subject, { ...options, callback: (_, message) => heard.push(message) });
  return { heard, subscription, texts: () => heard.map((message) => message.string()) };
}

/** Answers each request. */
function serve(client, subject, answer, options = {}) {
  client.subscribe(subject, { ...options, callback: (_, message) => answer(message) });
}

async function flush(...clients) {
  for (const client of clients) await client.flush();
}

const numbers = (count) => Array.from({ length: count }, (_, number) => number);
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const isSame = (one, other) => one.length === other.length && one.every((value, at) => value === other[at]);
const fields = (message) => Object.fromEntries(message.headers.keys().map((key) => [key, message.headers.get(key)]));

const behaviours = {
  "publish and subscribe": async (connect) => {
    const [a, b] = [await connect(), await connect()];
    const { heard } = hear(a, "public.plain");
    await flush(a);
    for (const payload of ["hello", "", Uint8Array.from(numbers(256))]) b.publish("public.plain", payload);
    await flush(b, a);
    return heard.map((message) => [message.subject, message.reply ?? "", hex(message.data)]);
  },

  order: async (connect) => {
    const [a, b] = [await connect(), await connect()];
    const { texts } = hear(a, "public.ordered.>");
    await flush(a);
    for (const number of numbers(5000)) b.publish(`public.ordered.${number % 3}`, String(number));
    await flush(b, a);
    return isSame(texts().map(Number), numbers(5000));
  },

  "request and reply": async (connect) => {
    const [a, b] = [await connect(), await connect()];
    serve(a, "public.service", (message) => message.respond(`re: ${message.string()}`));
    await flush(a);
    return (await b.request("public.service", "hi", { timeout: DEADLINE_MS })).string();
  },

  headers: async (connect) => {
    const [a, b] = [await connect(), await connect()];
    const { heard } = hear(a, "public.with.headers");
    serve(a, "public.echo", (message) => message.respond("y", { headers: message.headers }));
    await flush(a);
    b.publish("public.with.headers", "x", { headers: headersOf({ One: "1", Two: "a b" }) });
    b.publish("public.with.headers", "", { headers: headersOf({ "Empty-Payload": "yes" }) });
    const asked = { timeout: DEADLINE_MS, headers: headersOf({ Three: "3" }) };
    const reply = await b.request("public.echo", "x", asked);
    return [...heard, reply].map((message) => [fields(message), message.string()]);
  },

  "queue group": async (connect) => {
    const [a, b, c] = [await connect(), await connect(), await connect()];
    const members = [a, a, b].map((client) => hear(client, "public.work", { queue: "q" }));
    const plain = hear(b, "public.work");
    await flush(a, b);
    for (const number of numbers(MANY)) c.publish("public.work", String(number));
    await flush(c, a, b);
    const shares = members.map(({ texts }) => texts().map(Number));
    return {
      "each once": isSame(shares.flat().sort((one, other) => one - other), numbers(MANY)),
      "nobody left out": shares.every((share) => share.length > 0),
      plain: plain.heard.length,
    };
  },

  wildcards: async (connect) => {
    const [a, b] = [await connect(), await connect()];
    const patterns = ["w.*", "w.>", "w.*.c", "*.b", "w.b"].map((pattern) => `public.${pattern}`);
    const heard = patterns.map((pattern) => [pattern, hear(a, pattern)]);
    await flush(a);
    for (const subject of ["w", "w.b", "w.b.c", "w.b.c.d", "x.b", "W.b"]) b.publish(`public.${subject}`, subject);
    await flush(b, a);
    return Object.fromEntries(heard.map(([pattern, { texts }]) => [pattern, texts()]));
  },

  "drain subscription": async (connect) => {
    const [a, b] = [await connect(), await connect()];
    const { subscription, texts } = hear(a, "public.drained");
    await flush(a);
    for (const number of numbers(10)) b.publish("public.drained", String(number));
    await flush(b);
    await subscription.drain();
    b.publish("public.drained", "late");
    await flush(b, a);
    return texts();
  },

  "drain connection": async (connect) => {
    const [a, b] = [await connect(), await connect()];
    const { texts } = hear(a, "public.last.words");
    await flush(a);
    b.publish("public.last.words", "bye");
    await b.drain();
    await flush(a);
    return [...texts(), b.isClosed()];
  },

  flush: async (connect) => {
    const [a, b] = [await connect(), await connect()];
    const { heard } = hear(a, "public.flushed");
    await flush(a);
    b.publish("public.flushed", "x");
    await flush(b, a);
    return heard.length;
  },

  "no responders": async (connect) => {
    const a = await connect();
    try {
      await a.request("public.nobody.hears", "x", { timeout: DEADLINE_MS });
    } catch (error) {
      if (error instanceof RequestError && error.isNoResponders()) return "no responders";
      throw error;
    }
    return "an answer";
  },

  "unsubscribe after": async (connect) => {
    const [a, b] = [await connect(), await connect()];
    const { texts } = hear(a, "public.thrice", { max: 3 });
    await flush(a);
    for (const number of numbers(5)) b.publish("public.thrice", String(number));
    await flush(b, a);
    return texts();
  },

  "large message": async (connect) => {
    const [a, b] = [await connect(), await connect()];
    const { heard } = hear(a, "public.large");
    await flush(a);
    const payload = Uint8Array.from(numbers(LARGE), (number) => (number * 7) % 251);
    b.publish("public.large", payload);
    await flush(b, a);
    return [heard[0].data.length, isSame(heard[0].data, payload)];
  },

  "parallel requests": async (connect) => {
    const [a, b] = [await connect(), await connect()];
    const double = (message) => message.respond(String(2 * Number(message.string())));
    for (const client of [a, b]) serve(client, "public.double", double, { queue: "workers" });
    await flush(a, b);
    const ask = (number) => a.request("public.double", String(number), { timeout: DEADLINE_MS });
    const replies = await Promise.all(numbers(MANY).map(ask));
    const answers = replies.map((reply) => Number(reply.string()));
    return isSame(answers, numbers(MANY).map((number) => 2 * number));
  },

  "no echo": async (connect) => {
    const [a, b] = [await connect({ noEcho: true }), await connect()];
    const { texts } = hear(a, "public.echoed");
    a.publish("public.echoed", "own");
    await flush(a);
    b.publish("public.echoed", "other");
    await flush(b, a);
    return texts().join();
  },

  greeting: async (connect) => (await connect()).info.max_payload,

  "too large": async (connect) => {
    const a = await connect();
    try {
      a.publish("public.large", new Uint8Array(a.info.max_payload + 1));
    } catch {
      return "refused";
    }
    return "sent";
  },
};

function headersOf(values) {
  const made = newHeaders();
  for (const [name, value] of Object.entries(values)) made.set(name, value);
  return made;
}

/** Runs one behaviour with connections of its own. */
async function ask(behaviour, { url, token, protocols, inboxPrefix }) {
  const clients = [];
  const connect = async (options = {}) => {
    const wsFactory = () => ({ socket: new WebSocket(url, protocols), encrypted: false });
    const usual = { servers: url, token, inboxPrefix, wsFactory, reconnect: false, timeout: DEADLINE_MS };
    const client = await wsconnect({ ...usual, ...options });
    clients.push(client);
    return client;
  };
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("it takes too long")), DEADLINE_MS);
  });
  try {
    return await Promise.race([behaviour(connect), late]);
  } finally {
    clearTimeout(timer);
    for (const client of clients) await client.close();
  }
}

globalThis.reportOf = async (broker) => {
  const report = {};
  for (const [name, behaviour] of Object.entries(behaviours)) {
    report[name] = await ask(behaviour, broker).catch((error) => `FAILED: ${error.name}: ${error.message}`);
  }
  return report;
};
