#!/usr/bin/env python3
"""A small parley server, written from docs/protocol.md to be read beside it, as parley.py is a client.

It registers, lists, introduces and tells who comes and goes; it reflects, and carries packets over UDP and over the
control link. It keeps nothing on disk, speaks no TLS, and of the limits of §1.6 it has only those without which it would
be held up: whoever wants to let strangers in uses the real one.

    python3 server.py --host 127.0.0.1 --port 9090

Needs what parley.py needs. "§" stands for a rule of docs/protocol.md.
"""
import argparse, hmac, ipaddress, json, os, re, selectors, socket, struct, sys, time, unicodedata
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from parley import Record, Violation, b64, fingerprint, unb64

LINE, IDLE, REGISTER, HOLD, QUEUE = 4096, 45, 10, 60, 96 * 1024
COOKIE, STUN_REQUEST, STUN_SUCCESS = 0x2112A442, 0x0001, 0x0101
ENVELOPE, PROOF, MAX_ENVELOPE = 5, 7, 1217
now = time.monotonic


class Refusal(Exception):
    def __init__(self, tag, message, **more):
        self.body = {"_tag": tag, "message": message, **more}


# Nicknames (§1.3) -----------------------------------------------------------------------------------------------------

BETWEEN = "-.'’·‐\u058a\u05f3\u05f4\u0f0b\u30a0\u30fb"
TAKEN_BY_PROGRAMS = ("you me myself everybody everyone nobody others all root admin administrator operator moderator "
                     "server system parley").split()
# A few rows of the table of UTS 39; a real server takes all of it.
CONFUSABLE = str.maketrans("аеорсухіјѕһԁɡοαυνρικ01|", "aeopcyxijshdgoauvpikol" + "l")


def is_emoji(char):
    return "\U0001f300" <= char <= "\U0001faff"


def columns(text):
    width = 0
    for char in text:
        if not unicodedata.category(char).startswith("M"):
            width += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return width


def nickname(text):
    """The nickname in NFC, or what is wrong with it."""
    nick = unicodedata.normalize("NFC", text)
    if any(unicodedata.category(char) == "Cs" for char in nick):
        raise Refusal("NickInvalid", "that is no text", reason="no text")
    good = nick and columns(nick) <= 32 and len(nick.encode()) <= 128
    base = ""
    for char in nick:
        kind = unicodedata.category(char)
        if kind[0] == "M":  # §1.3-5: on Latin, Greek and Cyrillic only marks of their own, which strike nothing out
            own = "\u0300" <= char <= "\u036f" and char not in "\u0305\u0332\u0333\u0334\u0335\u0336\u0337\u0338\u033f"
            good = good and kind != "Me" and (own or not re.match("LATIN|GREEK|CYRILLIC", unicodedata.name(base, "")))
        else:
            base = char
            good = good and (kind[0] in "LN" or char in "_" + BETWEEN or is_emoji(char))
            good = good and not "\u02b0" <= char <= "\u02ff"
    good = good and nick[0] not in BETWEEN and unicodedata.category(nick[0])[0] != "M"
    good = good and nick[-1] not in "'’·\u058a‐\u30a0" and not is_fingerprint(nick)
    if not good:
        raise Refusal("NickInvalid", "that cannot be a nickname", reason="letters, numbers, - . ' and _; 32 columns")
    if key(nick) in map(key, TAKEN_BY_PROGRAMS):
        raise Refusal("NickReserved", "that nickname is kept for the server and for programs")
    return nick


def is_fingerprint(text):
    return re.fullmatch("[0-9]{30}", text.replace(" ", "")) is not None


def key(text):
    """§1.3-8"""
    return unicodedata.normalize("NFKC", text).casefold().translate(CONFUSABLE)


def looks(text):
    """§1.3-9: what it looks like as it is written."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) != "Mn" and c not in "'’")
    text = bare.replace("I", "l").translate(CONFUSABLE).casefold()
    return text.replace("w", "vv").replace("d", "cl").replace("ii", "ll")


# Lines (§1.1) ---------------------------------------------------------------------------------------------------------

def parse(line):
    """The object on a line; it nests four deep at most (§1.1-6)."""
    depth, quoted, escaped = 0, False, False
    for char in line.decode("utf-8"):
        if quoted:
            escaped, quoted = not escaped and char == "\\", escaped or char != '"'
        elif char == '"':
            quoted = True
        else:
            depth += (char in "[{") - (char in "]}")
            if depth > 4:
                raise ValueError("too deep")
    value = json.loads(line)
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


def field(request, name, kind, otherwise=None):
    value = request.get(name)
    if value is None and name not in request and otherwise is not Ellipsis:
        return otherwise
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Refusal("Malformed", "%s is not what it should be" % name)
    return value


def texts(request, name, most, otherwise=None):
    values = field(request, name, list, otherwise)
    if values is not None and (len(values) > most or not all(isinstance(one, str) for one in values)):
        raise Refusal("Malformed", "%s is a list of at most %d texts" % (name, most))
    return values


def octets(request, name):
    text = field(request, name, str)
    if text is not None and not re.fullmatch("[A-Za-z0-9_-]+", text):
        raise Refusal("Malformed", "%s is not base64url" % name)
    return text


def usable(text):
    """§3.4-16, as far as a server sees it; what cannot be read is left to who gets it (§1.2-18)."""
    host, _, port = text.rpartition(":")
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return True
    address = getattr(address, "ipv4_mapped", None) or address
    broadcast = address == ipaddress.ip_address("255.255.255.255")
    reserved = address.version == 4 and address >= ipaddress.ip_address("240.0.0.0")
    return port != "0" and not (address.is_multicast or address.is_unspecified or broadcast or reserved)


# A session ------------------------------------------------------------------------------------------------------------

class Session:
    def __init__(self, server, sock, source):
        self.server, self.sock, self.address = server, sock, endpoint(source)
        self.challenge, self.input, self.output = os.urandom(32), b"", b""
        self.unreadable, self.ending, self.began, self.heard = 0, False, now(), now()
        self.nick = self.identity = self.record = None
        self.endpoints, self.private, self.since = [], False, 0
        self.watched, self.watches_all = set(), False
        self.say(_tag="Welcome", protocol=1, server="parley-example", challenge=b64(self.challenge),
                 limits={"line": LINE, "idleMs": IDLE * 1000, "registerMs": REGISTER * 1000},
                 now=int(time.time() * 1000), udp=server.ports, relay=True)

    # What others see

    @property
    def shown_address(self):
        return "" if self.private else self.address

    @property
    def print(self):
        return fingerprint(self.identity) if self.identity else ""

    def half(self, channel, candidates=None):
        """What the other side of a channel is told of this one (§1.2-17)."""
        if candidates is None:
            candidates = [] if self.private else self.endpoints
        other = channel.other(self)
        half = {"nick": self.nick, "address": self.shown_address, "candidates": [one for one in candidates if usable(one)],
                "channel": b64(channel.name), "pairKey": b64(channel.pair_key),
                "relay": {"token": b64(channel.side(other).token)}}
        return {**half, "record": self.record} if self.record else half

    # Lines

    def say(self, **message):
        if not self.ending:
            self.output += (json.dumps(message, separators=(",", ":"), ensure_ascii=False) + "\n").encode()
            if len(self.output) > QUEUE:
                self.output, self.ending = b"", True

    def read(self, data):
        self.heard, self.input = now(), self.input + data
        while not self.ending and b"\n" in self.input:
            line, self.input = self.input.split(b"\n", 1)
            if len(line) > LINE:
                return self.end(_tag="TooLarge", message="a line has at most %d bytes" % LINE)
            line = line[:-1] if line.endswith(b"\r") else line
            if line:
                self.hear(line)
        if len(self.input) > LINE:
            self.end(_tag="TooLarge", message="a line has at most %d bytes" % LINE)

    def end(self, **message):
        self.say(**message)
        self.ending = True

    def hear(self, line):
        ident = {}
        try:
            try:
                request = parse(line)
            except (ValueError, RecursionError):
                raise Refusal("Malformed", "that is no message")
            value = request.get("id")
            if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53:
                ident = {"id": value}
            tag = field(request, "_tag", str, ...)
            act = REQUESTS.get(tag)
            if act is None:
                raise Refusal("Unsupported", "this server does not know that request")
            if not ident and (tag not in ("Exit", "Relay") or "id" in request):
                raise Refusal("Malformed", "a request has an id")
            reply = act(self, request)
            if reply:
                self.say(**{"_tag": reply.pop("_tag"), **ident, **reply})
            if tag == "Exit":
                self.ending = True
        except Refusal as refusal:
            self.say(**{"_tag": refusal.body["_tag"], **ident, **refusal.body})
            if refusal.body["_tag"] == "Malformed":
                self.unreadable += 1
                self.ending = self.unreadable == 5 or self.ending
        self.server.tell()

    # Requests (§1.2); what cannot be read is malformed before anything else is wrong with it (§1.2-8)

    def registered(self):
        if self.nick is None:
            raise Refusal("NotRegistered", "register first")

    def on_ping(self, _):
        return {"_tag": "Pong"}

    def on_exit(self, request):
        if field(request, "mood", str) not in (None, "direct", "lan", "relay", "failed"):
            raise Refusal("Malformed", "there is no such mood")
        self.server.leave(self, holds=False)
        return {"_tag": "Bye"}

    def on_register(self, request):
        wanted, endpoints = field(request, "nick", str, ...), texts(request, "endpoints", 8, [])
        private = field(request, "private", bool, False)
        given = {name: octets(request, name) for name in ("identity", "record", "proof", "resume")}
        identity = self.proven(request, given, nick := nickname(wanted))
        holder = self.server.claim(self, nick, identity, given["resume"])
        if identity != self.identity:
            self.server.drop_channels(self)
        self.identity, self.record = identity, given["record"]
        self.endpoints, self.private = endpoints, private
        self.nick, self.since = nick, self.since or int(time.time() * 1000)
        self.server.changed = True
        return {"_tag": "Registered", "nick": nick, "lease": IDLE * 1000, "observed": self.address,
                "resume": holder.resume}

    def proven(self, request, given, nick):
        """The identity, its record and proof verified (§1.5-4 to 12), or none."""
        name = field(request, "server", str)
        parts = [given["identity"], given["record"], given["proof"]]
        if not any(parts) and name is None:
            return None
        if not all(parts):
            raise Refusal("Unauthorized", "identity, record and proof go together")
        if name is None:  # §1.5-11
            raise Refusal("Unauthorized", "a proof without the name of a server is taken from nobody")
        if name not in self.server.names:
            raise Refusal("NotThisServer", "this server is not called %s" % name)
        try:
            identity, record, proof = map(unb64, parts)
            if Record(record).identity != identity or key(Record(record).nick) != key(nick):
                raise Violation("the record is another one's")
            head = b"parley proof v2" + self.challenge + struct.pack(">HB", len(name.encode()), 0)
            Ed25519PublicKey.from_public_bytes(identity).verify(proof, head + name.encode() + record)
        except (Violation, ValueError, InvalidSignature):
            raise Refusal("Unauthorized", "record and proof are not good")
        return identity

    def on_list(self, request):
        limit = field(request, "limit", int, 100)
        if not 1 <= limit <= 1000:
            raise Refusal("Malformed", "limit is from 1 to 1000")
        part, after = field(request, "match", str, "").lower(), field(request, "after", str, "").lower()
        self.registered()
        found = sorted((one for one in self.server.here() if part in one.nick.lower()), key=lambda one: one.nick.lower())
        rest = [one for one in found if one.nick.lower() > after]
        page = rest[:min(limit, 80)]  # 80 longest entries fit into a line of 16,384 bytes (§1.1-3)
        clients = [{"nick": one.nick, "address": one.shown_address, "fingerprint": one.print, "since": one.since}
                   for one in page]
        return {"_tag": "Clients", "clients": clients, **({"next": page[-1].nick} if len(rest) > len(page) else {})}

    def on_query(self, request):
        wanted = field(request, "nick", str, ...)
        self.registered()
        other = self.server.find(wanted)
        if other is self:
            raise Refusal("NotAccepting", "that is you")
        if other is None:
            raise Refusal("NoSuchPeer", "nobody here has that nickname")
        channel = self.server.channel(self, other)
        other.say(_tag="Incoming", **self.half(channel))
        return {"_tag": "Peer", **other.half(channel)}

    def on_update(self, request):
        endpoints, private = texts(request, "endpoints", 8, ...), field(request, "private", bool, False)
        self.registered()
        self.endpoints, self.private = endpoints, private
        return {"_tag": "Updated"}

    def on_tell(self, request):
        endpoints, channel = texts(request, "endpoints", 8, ...), self.channel_of(request)
        self.registered()
        if channel is None:
            raise Refusal("NoSuchPeer", "there is no such channel")
        channel.other(self).say(_tag="Incoming", **self.half(channel, endpoints))
        return {"_tag": "Updated"}

    def on_relay(self, request):
        packet, channel = octets(request, "packet"), self.channel_of(request)
        if packet is not None and channel is not None and len(unb64(packet)) <= 1200:
            channel.side(self).source = None  # §2.2-3: reached the way it spoke last
            self.server.carry(channel, channel.other(self), unb64(packet))

    def channel_of(self, request):
        channel = self.server.channels.get(unb64(octets(request, "channel") or ""))
        return channel if channel and self in channel.sessions else None

    def on_watch(self, request):
        nicks = texts(request, "nicks", 24)
        self.registered()
        if nicks is None:
            self.watches_all = True
            return {"_tag": "Watching", "version": self.server.version}
        if not nicks:
            raise Refusal("Malformed", "there are no nicks")
        added = {watch_key(nick) for nick in nicks}
        if len(self.watched | added) > 128:
            raise Refusal("Busy", "128 nicknames are watched at most")
        self.watched |= added
        here = [brief(one) for one in self.server.here() if added & watch_keys(one.nick, one.print)]
        return {"_tag": "Watching", "version": self.server.version, "here": here}

    def on_unwatch(self, request):
        nicks = texts(request, "nicks", 24)
        self.registered()
        if nicks is None:
            self.watches_all = False
        self.watched -= {watch_key(nick) for nick in nicks or []}
        return {"_tag": "Unwatched"}


REQUESTS = {tag: getattr(Session, "on_" + tag.lower()) for tag in
            "Ping Exit Register List Query Update Tell Relay Watch Unwatch".split()}


def brief(one):
    return {"nick": one.nick, **({"fingerprint": one.print} if one.identity else {})}


def watch_key(nick):
    return nick.replace(" ", "") if is_fingerprint(nick) else key(nick)


def watch_keys(nick, print_):
    return {key(nick), print_.replace(" ", "")} - {""}


def endpoint(source):
    return ("[%s]:%d" if ":" in source[0] else "%s:%d") % source[:2]


# The relay (§2.2) -----------------------------------------------------------------------------------------------------

class Side:
    """One end of a channel: where it was heard last by UDP, and whether that was proven."""

    def __init__(self):
        self.token, self.source, self.heard, self.proven, self.asked, self.nonce = os.urandom(8), None, 0, -60, -60, b""


class Channel:
    def __init__(self, one, other):
        self.name, self.pair_key, self.sessions = os.urandom(8), os.urandom(32), (one, other)
        self.sides = {one: Side(), other: Side()}

    def other(self, session):
        return self.sessions[self.sessions[0] is session]

    def side(self, session):
        return self.sides[session]


class Holder:
    """Who has a nickname (§1.4); without a session it is held until `until`."""

    def __init__(self, nick, identity, session):
        self.nick, self.identity, self.session, self.until = nick, identity, session, 0
        self.resume = b64(os.urandom(16))


# The server -----------------------------------------------------------------------------------------------------------

class Server:
    def __init__(self, host, port, names):
        self.selector, self.sessions = selectors.DefaultSelector(), set()
        self.holders, self.channels, self.told, self.version, self.changed = [], {}, {}, 0, False
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.tcp = socket.create_server((host, port), family=family, backlog=128)
        port = self.tcp.getsockname()[1]
        self.udp = [self.bind(family, host, port), self.bind(family, host, 0)]
        self.ports = [one.getsockname()[1] for one in self.udp]
        self.names = {"%s:%d" % (name, port) for name in ("127.0.0.1", "[::1]", "localhost", socket.gethostname().lower())}
        self.names |= {endpoint((host, port))} | set(names)  # §1.5-9
        for one in [self.tcp, *self.udp]:
            one.setblocking(False)
            self.selector.register(one, selectors.EVENT_READ)
        print("listening on %s" % endpoint((host, port)), flush=True)

    def bind(self, family, host, port):
        one = socket.socket(family, socket.SOCK_DGRAM)
        one.bind((host, port))
        return one

    # Who is here

    def here(self):
        return [one.session for one in self.holders if one.session]

    def find(self, nick):
        return next((one.session for one in self.holders if one.session and key(one.nick) == key(nick)), None)

    def claim(self, session, nick, identity, resume):
        """The nickname becomes the session's (§1.3-10, §1.4), which lets its former one go."""
        self.holders = [one for one in self.holders if one.session or now() < one.until]
        for one in self.holders:
            if one.session is session or (key(one.nick) != key(nick) and looks(one.nick) != looks(nick)):
                continue
            owns = identity == one.identity if one.identity else resume is not None and hmac.compare_digest(resume, one.resume)
            if not owns or key(one.nick) != key(nick):
                raise Refusal("NickTaken", "somebody has that nickname, or one that looks like it",
                              suggestions=self.suggestions(nick))
            if one.session:
                one.session.end(_tag="Replaced")
                self.leave(one.session, holds=True)
        holder = Holder(nick, identity, session)
        self.holders = [one for one in self.holders if one.session is not session and key(one.nick) != key(nick)]
        self.holders.append(holder)
        return holder

    def suggestions(self, nick):
        free = lambda name: columns(name) <= 32 and not any(
            key(one.nick) == key(name) or looks(one.nick) == looks(name) for one in self.holders)
        return [name for name in ("%s-%d" % (nick, number) for number in range(2, 12)) if free(name)][:3]

    def leave(self, session, holds):
        for one in self.holders:
            if one.session is session:
                one.session, one.until = None, now() + (HOLD if holds else 0)
        session.nick, self.changed = None, True
        self.drop_channels(session)

    def drop_channels(self, session):  # §1.6-12
        self.channels = {name: one for name, one in self.channels.items() if session not in one.sessions}

    def channel(self, one, other):  # §1.6-11
        for channel in self.channels.values():
            if one in channel.sessions and other in channel.sessions:
                return channel
        channel = Channel(one, other)
        self.channels[channel.name] = channel
        return channel

    def tell(self):
        """Tells who watches what has changed (§1.2-24 to 29, 33)."""
        if not self.changed:
            return
        self.changed = False
        here = {one: (one.nick, one.print) for one in self.here()}
        gone = [(one, was) for one, was in self.told.items() if here.get(one) != was]
        come = [(one, is_) for one, is_ in here.items() if self.told.get(one) != is_]
        for tag, changes in (("Left", gone), ("Joined", come)):
            for one, (nick, print_) in changes:
                self.version += 1
                for watcher in [w for w in self.sessions if w.watches_all]:
                    watcher.say(_tag=tag, version=self.version, nick=nick, address=one.shown_address, fingerprint=print_)
        for watcher in [one for one in self.sessions if one.watched]:
            came = [one for one, (nick, print_) in come if watcher.watched & watch_keys(nick, print_)]
            names = {key(one.nick) for one in came}
            went = [nick for _, (nick, print_) in gone
                    if watcher.watched & watch_keys(nick, print_) and key(nick) not in names]
            if came or went:
                watcher.say(_tag="Presence", here=[brief(one) for one in came], gone=went)
        self.told = here

    # UDP (§2)

    def datagram(self, sock, data, source):
        if len(data) >= 20 and struct.unpack(">HHI", data[:8])[::2] == (STUN_REQUEST, COOKIE):  # §2.1-2: before the type
            if len(data) == 20 + struct.unpack(">H", data[2:4])[0]:
                sock.sendto(reflection(data[8:20], source), source)
        elif sock is self.udp[0] and data[:1] == bytes([ENVELOPE]) and 17 <= len(data) <= MAX_ENVELOPE:
            channel = self.channels.get(data[1:9])
            for session in channel.sessions if channel else ():
                if hmac.compare_digest(channel.side(session).token, data[9:17]):
                    self.envelope(channel, session, data[17:], source)

    def envelope(self, channel, session, packet, source):
        side = channel.side(session)
        if side.source != source:
            side.source, side.proven, side.asked = source, -60, -60
        side.heard = now()
        if packet[:1] == bytes([PROOF]):  # §2.2-6; carried to nobody
            if side.nonce and packet[1:] == side.nonce and now() - side.asked < 10:
                side.proven, side.nonce = now(), b""
            return
        if now() - side.proven > 15 and now() - side.asked > 0.2:  # §2.2-5
            side.asked, side.nonce = now(), os.urandom(8)
            self.udp[0].sendto(bytes([ENVELOPE]) + channel.name + bytes([PROOF]) + side.nonce, source)
        if packet:
            self.carry(channel, channel.other(session), packet)

    def carry(self, channel, session, packet):
        side = channel.side(session)
        if side.source and now() - side.proven < 30 and now() - side.heard < 30:  # §2.2-3, §2.2-4
            self.udp[0].sendto(bytes([ENVELOPE]) + channel.name + packet, side.source)
        elif len(session.output) < QUEUE // 2:
            session.say(_tag="Relay", channel=b64(channel.name), packet=b64(packet))

    # Sockets

    def run(self):
        while True:
            for event, mask in self.selector.select(0.5):
                if event.fileobj is self.tcp:
                    self.accept()
                elif event.fileobj in self.udp:
                    self.datagram(event.fileobj, *event.fileobj.recvfrom(65536))
                elif mask & selectors.EVENT_READ:
                    self.receive(event.data)
            for session in list(self.sessions):
                self.serve(session)

    def accept(self):
        sock, source = self.tcp.accept()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = Session(self, sock, source)
        self.sessions.add(session)
        self.selector.register(sock, selectors.EVENT_READ, session)

    def receive(self, session):
        try:
            data = session.sock.recv(65536)
        except OSError:
            data = b""
        if data and not session.ending:
            session.read(data)
        elif not data:
            self.close(session)

    def serve(self, session):
        """Writes what waits, and ends what is over."""
        late = now() - session.heard > IDLE or (session.nick is None and now() - session.began > REGISTER)
        if late and not session.ending:
            session.end(_tag="NotRegistered", message="you were silent for too long")
        try:
            if session.output:
                session.output = session.output[session.sock.send(session.output):]
        except BlockingIOError:
            pass
        except OSError:
            return self.close(session)
        if session.ending and not session.output:
            self.close(session)

    def close(self, session):
        if session in self.sessions:
            self.sessions.discard(session)
            self.selector.unregister(session.sock)
            session.sock.close()
            if session.nick is not None:
                self.leave(session, holds=True)
            self.tell()


def reflection(transaction, source):
    """A success response with XOR-MAPPED-ADDRESS (RFC 8489 §14.2)."""
    address = ipaddress.ip_address(source[0].split("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    mask = struct.pack(">I", COOKIE) + transaction
    masked = bytes(a ^ b for a, b in zip(address.packed, mask))
    value = struct.pack(">xBH", 1 if len(masked) == 4 else 2, source[1] ^ (COOKIE >> 16)) + masked
    return struct.pack(">HHI", STUN_SUCCESS, 4 + len(value), COOKIE) + transaction + struct.pack(">HH", 0x0020, len(value)) + value


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="a small parley server")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9090)
    parser.add_argument("--name", action="append", default=[], help="HOST:PORT that clients know this server by")
    options = parser.parse_args()
    try:
        Server(options.host, options.port, options.name).run()
    except KeyboardInterrupt:
        sys.exit(0)
