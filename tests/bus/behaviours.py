"""What the Python client reports of a broker: `python behaviours.py URL TOKEN`.

Prints one JSON object, a member for each behaviour. It holds nothing that
chance decides, so that the objects of two brokers can be compared, and also
that of the JavaScript client, by `page.mjs`.
"""

import asyncio
import json
import sys

import nats
from nats.errors import Error, NoRespondersError

# How long a behaviour may take, in seconds.
DEADLINE = 20

# How many messages a queue group shares, and how many requests run at once.
MANY = 200

LARGE = 900_000


async def publish_and_subscribe(connect):
    """Payloads arrive whole: text, none, every byte."""
    a, b = await connect(), await connect()
    subscription = await a.subscribe("plain")
    await flushed(a)
    for payload in [b"hello", b"", bytes(range(256))]:
        await b.publish("plain", payload)
    heard = [await subscription.next_msg(DEADLINE) for _ in range(3)]
    return [[m.subject, m.reply, m.data.hex()] for m in heard]


async def order(connect):
    """The messages of one publisher arrive in order."""
    a, b = await connect(), await connect()
    subscription = await a.subscribe("ordered.>")
    await flushed(a)
    for number in range(5000):
        await b.publish(f"ordered.{number % 3}", str(number).encode())
    heard = [int((await subscription.next_msg(DEADLINE)).data) for _ in range(5000)]
    return heard == list(range(5000))


async def request_and_reply(connect):
    """An answer comes back, with the request's payload."""
    a, b = await connect(), await connect()

    async def answer(message):
        await message.respond(b"re: " + message.data)

    await a.subscribe("service", cb=answer)
    await flushed(a)
    reply = await b.request("service", b"hi", timeout=DEADLINE)
    return reply.data.decode()


async def headers(connect):
    """Headers arrive beside the payload, also those of an answer."""
    a, b = await connect(), await connect()
    subscription = await a.subscribe("with.headers")
    await flushed(a)
    await b.publish("with.headers", b"x", headers={"One": "1", "Two": "a b"})
    await b.publish("with.headers", b"", headers={"Empty-Payload": "yes"})
    heard = [await subscription.next_msg(DEADLINE) for _ in range(2)]

    async def answer(message):
        await a.publish(message.reply, b"y", headers=message.headers)

    await a.subscribe("echo", cb=answer)
    await flushed(a)
    reply = await b.request("echo", b"x", timeout=DEADLINE, headers={"Three": "3"})
    return [[dict(m.headers), m.data.decode()] for m in [*heard, reply]]


async def queue_group(connect):
    """One member gets each message, a plain subscriber all."""
    a, b, c = await connect(), await connect(), await connect()
    members = [await client.subscribe("work", queue="q") for client in (a, a, b)]
    plain = await b.subscribe("work")
    await flushed(a, b)
    for number in range(MANY):
        await c.publish("work", str(number).encode())
    await flushed(c, a, b)
    shares = [await everything(member) for member in members]
    shared = sorted(int(payload) for share in shares for payload in share)
    return {
        "each once": shared == list(range(MANY)),
        "nobody left out": all(shares),
        "plain": len(await everything(plain)),
    }


async def wildcards(connect):
    """Which subjects each pattern hears."""
    a, b = await connect(), await connect()
    patterns = ["w.*", "w.>", "w.*.c", "*.b", "w.b"]
    subscriptions = [await a.subscribe(pattern) for pattern in patterns]
    await flushed(a)
    for subject in ["w", "w.b", "w.b.c", "w.b.c.d", "x.b", "W.b"]:
        await b.publish(subject, subject.encode())
    await flushed(b, a)
    heard = [[p.decode() for p in await everything(s)] for s in subscriptions]
    return dict(zip(patterns, heard))


async def drain_subscription(connect):
    """What was on its way is still handled, what comes later is not."""
    a, b = await connect(), await connect()
    heard = []

    async def note(message):
        heard.append(message.data.decode())

    subscription = await a.subscribe("drained", cb=note)
    await flushed(a)
    for number in range(10):
        await b.publish("drained", str(number).encode())
    await flushed(b)
    await subscription.drain()
    await b.publish("drained", b"late")
    await flushed(b, a)
    return heard


async def drain_connection(connect):
    """What was published before arrives, and the connection closes."""
    a, b = await connect(), await connect()
    subscription = await a.subscribe("last.words")
    await flushed(a)
    await b.publish("last.words", b"bye")
    await b.drain()
    return [(await subscription.next_msg(DEADLINE)).data.decode(), b.is_closed]


async def flush(connect):
    """After it, another client's message is there."""
    a, b = await connect(), await connect()
    subscription = await a.subscribe("flushed")
    await flushed(a)
    await b.publish("flushed", b"x")
    await flushed(b, a)
    return subscription.pending_msgs


async def no_responders(connect):
    """A request that nobody hears fails at once, as its own error."""
    a = await connect()
    try:
        await a.request("nobody.hears", b"x", timeout=DEADLINE)
    except NoRespondersError:
        return "no responders"
    return "an answer"


async def unsubscribe_after(connect):
    """A subscription with a maximum ends by itself."""
    a, b = await connect(), await connect()
    subscription = await a.subscribe("thrice")
    await subscription.unsubscribe(limit=3)
    await flushed(a)
    for number in range(5):
        await b.publish("thrice", str(number).encode())
    await flushed(b, a)
    return [payload.decode() for payload in await everything(subscription)]


async def large_message(connect):
    """900 kB arrive whole."""
    a, b = await connect(), await connect()
    subscription = await a.subscribe("large")
    await flushed(a)
    payload = bytes(number * 7 % 251 for number in range(LARGE))
    await b.publish("large", payload)
    heard = (await subscription.next_msg(DEADLINE)).data
    return [len(heard), heard == payload]


async def parallel_requests(connect):
    """Each of many requests at once gets its own answer."""
    a, b = await connect(), await connect()

    async def double(message):
        await message.respond(str(2 * int(message.data)).encode())

    await a.subscribe("double", cb=double, queue="workers")
    await b.subscribe("double", cb=double, queue="workers")
    await flushed(a, b)
    asked = [a.request("double", str(n).encode(), timeout=DEADLINE) for n in range(MANY)]
    answers = [int(reply.data) for reply in await asyncio.gather(*asked)]
    return answers == [2 * number for number in range(MANY)]


async def no_echo(connect):
    """A client without echo does not hear itself."""
    a, b = await connect(no_echo=True), await connect()
    subscription = await a.subscribe("echoed")
    await a.publish("echoed", b"own")
    await flushed(a)
    await b.publish("echoed", b"other")
    return (await subscription.next_msg(DEADLINE)).data.decode()


async def greeting(connect):
    """What the client has read in the broker's INFO."""
    a = await connect()
    return a.max_payload


async def too_large(connect):
    """The client knows the limit, and sends no more than that."""
    a = await connect()
    try:
        await a.publish("large", bytes(a.max_payload + 1))
    except Error:
        return "refused"
    return "sent"


async def flushed(*clients):
    """Waits until the broker has dealt with what each has sent, in turn.

    Twice, because a client's PING overtakes what it has queued to send.
    """
    for client in clients:
        await client.flush(DEADLINE)
        await client.flush(DEADLINE)


async def everything(subscription):
    """The payloads that have arrived."""
    count = subscription.pending_msgs
    return [(await subscription.next_msg(DEADLINE)).data for _ in range(count)]


BEHAVIOURS = [
    publish_and_subscribe,
    order,
    request_and_reply,
    headers,
    queue_group,
    wildcards,
    drain_subscription,
    drain_connection,
    flush,
    no_responders,
    unsubscribe_after,
    large_message,
    parallel_requests,
    no_echo,
    greeting,
    too_large,
]


async def ask(behaviour, url, token):
    """Runs one behaviour with connections of its own."""
    clients = []

    async def connect(**options):
        wanted = {"token": token, "allow_reconnect": False, "connect_timeout": DEADLINE}
        wanted["error_cb"] = ignore
        client = await nats.connect(url, **{**wanted, **options})
        clients.append(client)
        return client

    try:
        return await asyncio.wait_for(behaviour(connect), DEADLINE)
    finally:
        for client in clients:
            if not client.is_closed:
                await client.close()


async def ignore(_error):
    """Errors are raised too; their text would mix with the report."""


async def main(url, token):
    report = {}
    for behaviour in BEHAVIOURS:
        name = behaviour.__name__.replace("_", " ")
        try:
            report[name] = await ask(behaviour, url, token)
        except Exception as error:
            report[name] = f"FAILED: {type(error).__name__}: {error}"
    print(json.dumps(report))


asyncio.run(main(*sys.argv[1:]))
