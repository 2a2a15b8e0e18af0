#!/usr/bin/env python3
"""A small parley client, written from docs/protocol.md to be read beside it.

It registers, asks for people and answers them, talks over UDP or over the server's relay, and knows what arrived. It
has no files, no local network and no measuring of paths: who needs those uses the real one. Commands come in and events
go out as docs/json.md says:

    python3 parley.py --nick alice --server localhost:9090 --home /tmp/alice
    {"cmd":"query","nick":"bob"}
    {"cmd":"send","to":"bob","text":"hello"}

Needs Python 3.9 and `cryptography` (Debian: python3-cryptography). "§" stands for a rule of docs/protocol.md.
"""
import argparse, base64, hashlib, json, os, select, socket, struct, sys, time, unicodedata
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

OPEN, HS1, HS2, DATA, RETRY, HS1_COOKIE = 0, 1, 2, 3, 4, 8
PAD, PING, PONG, ACK, STREAM, MAX_DATA, CANDIDATES, CONSENT, RESET, BYE = range(10)
TEXT, DELIVERED = 1, 2
ASKED_LIMIT, FIRST_LIMIT = 262144, 49152  # §3.5-15
CREDIT_MESSAGES, CREDIT_BYTES = 16, 32768  # §3.5-11
WINDOW = 16  # packets under way: in place of the congestion control of §3.3-8
WEEK = 7 * 24 * 3600 * 1000


# Bytes ----------------------------------------------------------------------------------------------------------------

class Violation(Exception):
    """What ends a connection with BYE 1 (§6.4)."""


def blake2b(size, *parts, key=b""):
    return hashlib.blake2b(b"".join(parts), digest_size=size, key=key).digest()


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def varint(value):
    for size, (limit, mark) in {1: (1 << 6, 0), 2: (1 << 14, 0x40), 4: (1 << 30, 0x80), 8: (1 << 62, 0xC0)}.items():
        if value < limit:
            data = bytearray(value.to_bytes(size, "big"))
            data[0] |= mark
            return bytes(data)
    raise ValueError(value)


class Reader:
    """Takes bytes from the front; raises `Violation` where there are none."""

    def __init__(self, data):
        self.data, self.at = data, 0

    @property
    def left(self):
        return len(self.data) - self.at

    def take(self, size):
        if size > self.left:
            raise Violation("cut")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def varint(self):
        size = 1 << (self.take(1)[0] >> 6)
        self.at -= 1
        return self.number(size) & ((1 << (8 * size - 2)) - 1)

    def endpoint(self):
        size = self.number(1)
        if size == 0:
            return None
        if size not in (4, 16):
            raise Violation("no address")
        address = socket.inet_ntop(socket.AF_INET if size == 4 else socket.AF_INET6, self.take(size))
        port = self.number(2)
        if port == 0:
            raise Violation("no port")
        return address, port


def public(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


# Identity (§1.5) ------------------------------------------------------------------------------------------------------

class Identity:
    def __init__(self, home):
        path = os.path.join(home, "identity")
        os.makedirs(home, exist_ok=True)
        if not os.path.exists(path):
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(os.urandom(64))
        with open(path, "rb") as file:
            secret = file.read(64)
        self.sign = Ed25519PrivateKey.from_private_bytes(secret[:32])
        self.static = X25519PrivateKey.from_private_bytes(secret[32:])
        self.public, self.static_public = public(self.sign), public(self.static)

    def record(self, nick):
        name, now = nick.encode(), int(time.time() * 1000)
        body = bytes([1, len(name)]) + name + self.public + self.static_public + struct.pack(">QQ", now, now + WEEK)
        return body + self.sign.sign(b"parley record v1" + body)

    def proof(self, challenge, server, record):
        name = server.encode()
        head = b"parley proof v2" + challenge + struct.pack(">HB", len(name), 0)
        return self.sign.sign(head + name + record)


class Record:
    """Somebody else's record, its signature verified."""

    def __init__(self, data):
        reader = Reader(data)
        if reader.number(1) != 1:
            raise Violation("no record of version 1")
        self.nick = reader.take(reader.number(1)).decode()
        self.identity, self.static = reader.take(32), reader.take(32)
        self.sequence, self.expiry = reader.number(8), reader.number(8)
        signature = reader.take(64)
        if reader.left:
            raise Violation("something behind the record")
        try:
            Ed25519PublicKey.from_public_bytes(self.identity).verify(signature, b"parley record v1" + data[:-64])
        except InvalidSignature:
            raise Violation("the record is not signed by its identity")
        self.bytes = data


def fingerprint(identity):
    digest = blake2b(32, b"parley fingerprint v1", identity)
    return " ".join("%05d" % (int.from_bytes(digest[5 * i:5 * i + 5], "big") % 100000) for i in range(6))


def nick_key(nick):
    """§1.3-11: without the table of confusables, fewer nicknames are the same."""
    return unicodedata.normalize("NFC", nick).casefold()


# Handshake (§3.2) -----------------------------------------------------------------------------------------------------

class Noise:
    """Noise_IK_25519_ChaChaPoly_BLAKE2b, revision 34."""

    def __init__(self, prologue, responder_static):
        self.h = self.ck = b"Noise_IK_25519_ChaChaPoly_BLAKE2b".ljust(64, b"\0")
        self.key, self.nonce = None, 0
        self.mix_hash(prologue)
        self.mix_hash(responder_static)

    def mix_hash(self, data):
        self.h = blake2b(64, self.h, data)

    def mix_key(self, secret, public_key):
        shared = secret.exchange(X25519PublicKey.from_public_bytes(public_key))
        self.ck, self.key = self.hkdf(shared)
        self.key, self.nonce = self.key[:32], 0

    def hkdf(self, data):
        def hmac(key, *parts):
            key = key.ljust(128, b"\0")
            inner = blake2b(64, bytes(b ^ 0x36 for b in key), *parts)
            return blake2b(64, bytes(b ^ 0x5C for b in key), inner)
        secret = hmac(self.ck, data)
        first = hmac(secret, b"\1")
        return first, hmac(secret, first, b"\2")

    def seal(self, plain):
        sealed = ChaCha20Poly1305(self.key).encrypt(nonce(self.nonce), plain, self.h)
        self.nonce += 1
        self.mix_hash(sealed)
        return sealed

    def open(self, sealed):
        plain = ChaCha20Poly1305(self.key).decrypt(nonce(self.nonce), sealed, self.h)
        self.nonce += 1
        self.mix_hash(sealed)
        return plain

    def split(self):
        first, second = self.hkdf(b"")
        return first[:32], second[:32]


def nonce(counter):
    return bytes(4) + struct.pack("<Q", counter)


def mac1(pair_key, receiver_static, packet):
    return blake2b(16, packet, key=blake2b(32, b"parley mac1 v1", pair_key, receiver_static))


class Payload:
    """What both messages carry (§3.2-3)."""

    def __init__(self, data):
        reader = Reader(data)
        self.attempt, self.connection, self.peer_connection = reader.number(4), reader.take(8), reader.take(8)
        self.consent = bool(reader.number(1) & 1)
        reader.number(4)
        self.credit_messages, self.credit_bytes = reader.number(2), reader.number(4)
        self.candidates, records = [], []
        while reader.left:
            kind, value = reader.varint(), reader.take(reader.varint())
            if kind == 1:
                records.append(value)
            elif kind == 2:
                self.candidates.append(Reader(bytes([len(value) - 2 & 0xFF]) + value).endpoint())
        if len(records) != 1 or len(self.candidates) > 8:
            raise Violation("one record, and at most eight candidates")
        self.record = records[0]


# A connection (§3.3, §3.5) --------------------------------------------------------------------------------------------

class Connection:
    def __init__(self, peer, send_key, receive_key, local_index, remote_index, payload, name, consent_said):
        self.peer, self.name, self.peer_name = peer, name, payload.connection
        self.send_cipher, self.receive_cipher = ChaCha20Poly1305(send_key), ChaCha20Poly1305(receive_key)
        self.local_index, self.remote_index = local_index, remote_index
        self.counter, self.greatest, self.seen = 0, -1, set()
        self.unacked = {}  # counter: (resend at, after so long, frames that must arrive, padded)
        self.owed, self.ack_at = 0, None
        self.out, self.out_offset = b"", 0
        self.limit = ASKED_LIMIT if payload.consent else FIRST_LIMIT
        self.pieces, self.in_offset, self.in_bytes = {}, 0, b""
        self.their_credit = [payload.credit_messages, payload.credit_bytes]
        self.our_credit = [CREDIT_MESSAGES, CREDIT_BYTES]
        self.consented = payload.consent
        self.consent_said, self.confirmed, self.closed = consent_said, False, False
        self.heard = self.pinged = time.monotonic()

    def send(self, *frames, pad=False, keep=False, wait=0.5, to=None):
        plain = b"".join(frames)
        if pad:
            plain += bytes(-(len(plain) + 16) % 64)  # §3.3-5
        header = bytes([DATA]) + struct.pack(">IQ", self.remote_index, self.counter)
        self.peer.transmit(header + self.send_cipher.encrypt(nonce(self.counter), plain, header), to)
        if keep:
            self.unacked[self.counter] = (time.monotonic() + wait, wait, frames, pad)
        self.counter += 1

    def open(self, packet):
        """The frames of a packet that is authentic and new."""
        counter = int.from_bytes(packet[5:13], "big")
        if counter in self.seen or counter <= self.greatest - 2048:
            return None
        try:
            plain = self.receive_cipher.decrypt(nonce(counter), packet[13:], packet[:13])
        except InvalidTag:
            return None
        self.came({counter})
        return plain

    def came(self, counters):
        self.greatest = max(self.greatest, *counters)
        self.seen = {one for one in self.seen | counters if one > self.greatest - 2048}
        self.heard = time.monotonic()

    def handle(self, plain):
        reader, elicits, pongs = Reader(plain), False, []
        while reader.left:
            kind = reader.number(1)
            elicits |= kind in (STREAM, MAX_DATA, CANDIDATES, CONSENT, RESET)
            if kind == PING:
                pongs = [reader.take(8)]  # §3.4-3: the last one
            elif kind == PONG:
                reader.take(8), reader.endpoint()
            elif kind == ACK:
                self.acknowledged(reader)
            elif kind == STREAM:
                stream, offset, data = reader.varint(), reader.varint(), reader.take(reader.varint())
                if stream == 0:
                    self.receive(offset, data)
                elif self.peer.asked:  # §3.6-5: this client bears none
                    self.send(bytes([RESET]) + varint(stream) + varint(1), keep=True)
                else:
                    raise Violation("a stream when we have not asked")
            elif kind == MAX_DATA:
                if reader.varint() == 0:
                    self.limit = max(self.limit, reader.varint())
                else:
                    reader.varint()
            elif kind == CANDIDATES:
                count = reader.number(1)
                if count > 8:
                    raise Violation("nine candidates")
                for _ in range(count):
                    reader.endpoint()
            elif kind == CONSENT:
                self.consented = True
                self.peer.tell_mutual()
            elif kind == RESET:
                stream, _ = reader.varint(), reader.varint()
                if stream == 0 or not self.peer.asked:
                    raise Violation("there is no such stream")
            elif kind == BYE:
                reader.varint()
                self.closed = True
                self.peer.tell_gone("left")
                return
            elif kind != PAD:
                raise Violation("a frame of type %d" % kind)
        for token in pongs:
            self.send(bytes([PONG]) + token + b"\0")
        if elicits:
            self.owed += 1
            self.ack_at = self.ack_at or time.monotonic() + 0.02
            if self.owed >= 2:
                self.acknowledge()
        self.flush()

    def acknowledge(self):
        numbers, ranges = sorted(self.seen, reverse=True), []
        for number in numbers:
            if ranges and ranges[-1][0] == number + 1:
                ranges[-1][0] = number
            else:
                ranges.append([number, number])
        ranges = ranges[:32]
        frame = bytes([ACK]) + varint(ranges[0][1]) + varint(0) + varint(len(ranges) - 1)
        frame += varint(ranges[0][1] - ranges[0][0])
        for (above, _), (low, high) in zip(ranges, ranges[1:]):
            frame += varint(above - high - 2) + varint(high - low)
        self.send(frame)
        self.owed, self.ack_at = 0, None

    def acknowledged(self, reader):
        largest, _, more = reader.varint(), reader.varint(), reader.varint()
        if largest >= self.counter or more > 31:
            raise Violation("acknowledges what was not sent")
        low = largest - reader.varint()
        ranges = [(low, largest)]
        for _ in range(more):
            high = low - reader.varint() - 2
            low = high - reader.varint()
            ranges.append((low, high))
        if low < 0:
            raise Violation("acknowledges less than nothing")
        self.unacked = {n: kept for n, kept in self.unacked.items() if not any(a <= n <= b for a, b in ranges)}

    def receive(self, offset, data):
        limit = (ASKED_LIMIT if self.peer.asked else FIRST_LIMIT) + self.in_offset
        if offset + len(data) > limit:
            raise Violation("beyond the limit")
        if data:
            self.pieces[offset] = max(data, self.pieces.get(offset, b""), key=len)
        for at in sorted(self.pieces):
            if at > self.in_offset:
                break
            piece = self.pieces.pop(at)[self.in_offset - at:]
            self.in_bytes += piece
            self.in_offset += len(piece)
        while self.in_bytes:
            size = 1 << (self.in_bytes[0] >> 6)
            if len(self.in_bytes) < size:
                return
            length = Reader(self.in_bytes).varint()
            if not 1 <= length <= 65561:
                raise Violation("a record of %d bytes" % length)
            if len(self.in_bytes) < size + length:
                return
            content, self.in_bytes = self.in_bytes[size:size + length], self.in_bytes[size + length:]
            self.record(content[0], content[1:])
        if self.peer.asked and self.in_offset > self.told - ASKED_LIMIT * 3 // 4:
            self.send(self.max_data(), keep=True)

    told = ASKED_LIMIT
    before = after = None  # the connection whose keys these replace, or that replaces these

    def max_data(self):
        self.told = self.in_offset + ASKED_LIMIT
        return bytes([MAX_DATA]) + varint(0) + varint(self.told)

    def record(self, kind, body):
        reader = Reader(body)
        if kind == DELIVERED:
            self.peer.delivered(reader.take(16).hex())
        elif kind == TEXT:
            name, _ = reader.take(16), reader.varint()
            data = reader.take(reader.left)
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError:
                raise Violation("a text that is not UTF-8")
            if not text or len(data) > 65536:
                raise Violation("a text of %d bytes" % len(data))
            if name not in self.peer.shown:
                if not self.peer.asked:
                    self.our_credit[0] -= 1
                    self.our_credit[1] -= len(data)
                    if min(self.our_credit) < 0:
                        raise Violation("beyond the credit")
                self.peer.shown.append(name)
                del self.peer.shown[:-10000]
                self.peer.client.event("message", **{"from": self.peer.nick}, id=name.hex(), text=text)
            self.write(varint(17) + bytes([DELIVERED]) + name)

    def write(self, record):
        self.out += record
        self.flush()

    def offer(self, name, sequence, data):
        """Whether the text may go: by consent, or within the credit."""
        if not self.consented:
            if self.their_credit[0] < 1 or self.their_credit[1] < len(data):
                return False
            self.their_credit[0] -= 1
            self.their_credit[1] -= len(data)
        body = bytes([TEXT]) + name + varint(sequence) + data
        self.out += varint(len(body)) + body
        return True

    def flush(self):
        if not self.confirmed or self.closed:
            return
        while self.out and self.out_offset < self.limit and len(self.unacked) < WINDOW:
            data = self.out[:min(1000, self.limit - self.out_offset)]
            frame = bytes([STREAM]) + varint(0) + varint(self.out_offset) + varint(len(data)) + data
            self.out, self.out_offset = self.out[len(data):], self.out_offset + len(data)
            self.send(frame, pad=True, keep=True)

    def tick(self, now):
        if self.closed or self.after:
            return
        if self.ack_at and now >= self.ack_at:
            self.acknowledge()
        for counter, (due, wait, frames, pad) in list(self.unacked.items()):
            if now >= due:
                del self.unacked[counter]
                self.send(*frames, pad=pad, keep=True, wait=min(2 * wait, 4))
        if self.confirmed and now - self.pinged > 3:
            self.pinged = now
            self.send(bytes([PING]) + os.urandom(8))
        if self.confirmed and now - self.heard > 15:
            self.closed = True
            self.peer.tell_gone("timeout")

    def end(self, code):
        for _ in range(3):  # §3.7-1
            self.send(bytes([BYE]) + varint(code))
        self.closed = True


# A peer ---------------------------------------------------------------------------------------------------------------

class Peer:
    def __init__(self, client, nick, record):
        self.client, self.nick, self.record = client, nick, record
        self.asked, self.shown, self.outbox, self.sequence = False, [], {}, 0
        self.connections, self.address, self.mutual = [], None, False
        self.attempt, self.last_attempt, self.answered = 0, 0, None
        self.opens, self.probes, self.candidates, self.hs1, self.direct_at = [], [], [], None, 0

    @property
    def current(self):
        live = [one for one in self.connections if not one.closed and one.confirmed]
        return live[-1] if live else None

    def introduce(self, message):
        self.channel, self.pair_key = unb64(message["channel"]), unb64(message["pairKey"])
        self.relay = "relay" in message
        self.candidates += [one for one in map(endpoint_of, message["candidates"]) if one]

    def transmit(self, packet, to=None):
        if self.address and time.monotonic() - self.direct_at > 6.5:
            self.address = None  # §3.4-1: trusted no longer; the relay is there
        to = to or self.address
        if to:
            self.client.udp.sendto(packet, to)
        elif self.relay:
            self.client.say(_tag="Relay", channel=b64(self.channel), packet=b64(packet))

    def invited(self):
        """§3.1-3: opens our own NAT or firewall for them."""
        self.opens = schedule()

    def invite(self):
        if self.current:  # §3.1-4
            self.asked, self.current.consent_said = True, True
            self.current.send(bytes([CONSENT]), self.current.max_data(), keep=True)
            return self.tell_mutual()
        self.asked, self.began, self.attempt = True, time.monotonic(), self.attempt + 1
        self.noise = Noise(b"parley peer v1" + self.channel, self.record.static)
        self.ephemeral, self.index, self.own_name = X25519PrivateKey.generate(), os.urandom(4), os.urandom(8)
        noise, mine = self.noise, public(self.ephemeral)
        noise.mix_hash(mine)
        noise.mix_key(self.ephemeral, self.record.static)
        message = mine + noise.seal(self.client.identity.static_public)
        noise.mix_key(self.client.identity.static, self.record.static)
        message += noise.seal(self.payload(self.attempt, self.own_name, bytes(8)))
        packet = bytes([HS1]) + self.channel + self.index + message
        self.hs1 = packet + mac1(self.pair_key, self.record.static, packet)
        self.resends = [self.began + s for s in (0, 0.1, 0.3, 0.7, 1.5, 3, 5, 10)]

    def payload(self, attempt, name, peer_name):
        record = self.client.record
        head = struct.pack(">I", attempt) + name + peer_name
        head += struct.pack(">BIHI", 1 if self.asked else 0, 0, CREDIT_MESSAGES, CREDIT_BYTES)
        host, port = self.client.candidate
        candidate = socket.inet_aton(host) + struct.pack(">H", port)
        return head + varint(1) + varint(len(record)) + record + varint(2) + varint(len(candidate)) + candidate

    def is_theirs(self, payload):
        if payload.record[:-80] != self.record.bytes[:-80]:
            return False
        return Record(payload.record).identity == self.record.identity

    def on_hs1(self, packet, source):
        if self.answered and self.answered[0] == packet:
            return self.transmit(self.answered[1], source)  # §3.2-5
        if mac1(self.pair_key, self.client.identity.static_public, packet[:-16]) != packet[-16:]:
            return None
        if self.hs1 and self.client.identity.static_public < self.record.static:
            return None  # §3.2-16: ours goes on
        noise = Noise(b"parley peer v1" + self.channel, self.client.identity.static_public)
        message = packet[13:-16]
        noise.mix_hash(message[:32])
        noise.mix_key(self.client.identity.static, message[:32])
        static = noise.open(message[32:80])
        noise.mix_key(self.client.identity.static, static)
        payload = Payload(noise.open(message[80:]))
        if static != self.record.static or payload.attempt <= self.last_attempt or not self.is_theirs(payload):
            return None
        self.last_attempt, self.hs1 = payload.attempt, None
        ephemeral, index, name = X25519PrivateKey.generate(), os.urandom(4), os.urandom(8)
        noise.mix_hash(public(ephemeral))
        noise.mix_key(ephemeral, message[:32])
        noise.mix_key(ephemeral, static)
        rekeys = next((one for one in self.connections if one.name == payload.peer_connection and not one.closed), None)
        name = rekeys.name if rekeys else name
        reply = public(ephemeral) + noise.seal(self.payload(payload.attempt, name, payload.connection))
        head = bytes([HS2]) + packet[9:13] + index + reply
        head += mac1(self.pair_key, static, head)
        receive, send = noise.split()
        self.add(send, receive, index, packet[9:13], payload, name, rekeys)
        self.answered = (packet, head)
        if source:
            self.address, self.direct_at = source, time.monotonic()
        self.transmit(head, source)

    def on_hs2(self, packet, source):
        if mac1(self.pair_key, self.client.identity.static_public, packet[:-16]) != packet[-16:]:
            return
        noise, message = self.noise, packet[9:-16]
        noise.mix_hash(message[:32])
        noise.mix_key(self.ephemeral, message[:32])
        noise.mix_key(self.client.identity.static, message[:32])
        payload = Payload(noise.open(message[32:]))
        if not self.is_theirs(payload):
            return
        self.hs1, self.address, self.direct_at = None, source, time.monotonic()
        send, receive = noise.split()
        connection = self.add(send, receive, self.index, packet[5:9], payload, self.own_name, None)
        self.up(connection)
        connection.send(bytes([PING]) + os.urandom(8), connection.max_data(), keep=True)  # §3.2-26, §3.5-15

    def on_retry(self, packet, source):
        static = self.client.identity.static_public
        key = blake2b(32, b"parley retry v1", self.pair_key, static, self.hs1[-16:], packet[5:21])
        cookie = ChaCha20Poly1305(key).decrypt(nonce(0), packet[21:], packet[:21])
        self.transmit(bytes([HS1_COOKIE]) + self.hs1 + blake2b(16, self.hs1, key=cookie), source)

    def add(self, send, receive, index, remote_index, payload, name, rekeys):
        number = lambda four: int.from_bytes(four, "big")
        connection = Connection(self, send, receive, number(index), number(remote_index), payload, name, self.asked)
        connection.before = rekeys
        self.connections = self.connections[-3:] + [connection]
        self.candidates += [one for one in map(usable, payload.candidates) if one and one not in self.candidates]
        return connection

    def up(self, connection):
        connection.confirmed, self.probes = True, schedule()
        if connection.before:
            return self.run_on(connection, connection.before)
        print_key = fingerprint(self.record.identity)
        kind = "direct" if self.address else "relay"
        where = "%s:%d" % self.address if self.address else ""
        self.client.event("connected", peer=self.nick, fingerprint=print_key, trust="new",
                          path={"kind": kind, "address": where, "rttMs": 0})
        if self.asked and not connection.consent_said:
            connection.send(bytes([CONSENT]), connection.max_data(), keep=True)
        elif self.asked:
            connection.send(connection.max_data(), keep=True)
        self.tell_mutual()
        for name in self.outbox:
            self.outbox[name] = self.outbox[name][:2] + (False,)
        self.send_waiting()

    def run_on(self, connection, before):
        """Everything but keys and indices runs on (§3.2-6), from the first packet under the new keys."""
        came = connection.seen
        for field in ("counter", "greatest", "seen", "unacked", "out", "out_offset", "limit", "pieces", "in_offset",
                      "in_bytes", "their_credit", "our_credit", "consented", "told"):
            setattr(connection, field, getattr(before, field))
        before.after, before.unacked = connection, {}
        connection.came(came)

    def tell_gone(self, reason):
        self.client.event("disconnected", peer=self.nick, reason=reason, undelivered=len(self.outbox))

    def tell_mutual(self):
        current = self.current
        if current and self.asked and current.consented and not self.mutual:
            self.mutual = True
            self.client.event("mutual", peer=self.nick)
        self.send_waiting()

    def send_text(self, text):
        name = os.urandom(16)
        self.outbox[name] = (self.sequence, text.encode(), False)
        self.sequence += 1
        return name.hex()

    def send_waiting(self):
        current = self.current
        if not current:
            return
        for name, (sequence, data, sent) in self.outbox.items():
            if sent:
                continue
            if not current.offer(name, sequence, data):
                self.client.event("waiting", peer=self.nick, id=name.hex())
                break
            self.outbox[name] = (sequence, data, True)
        current.flush()

    def delivered(self, name):
        if self.outbox.pop(bytes.fromhex(name), None):
            self.client.event("delivered", peer=self.nick, id=name)

    def on_data(self, connection, packet, source):
        plain = connection.open(packet)
        if plain is None:
            return
        self.opens = []
        if source:
            self.address, self.direct_at = source, time.monotonic()
        if not connection.confirmed:
            self.up(connection)
        while connection.after:  # under keys that were replaced (§3.2-29)
            connection.after.came(connection.seen)
            connection = connection.after
        try:
            connection.handle(plain)
        except Violation:
            connection.end(1)

    def tick(self, now):
        while self.opens and now >= self.opens[0]:
            self.opens.pop(0)
            for one in self.candidates:
                self.client.udp.sendto(bytes([OPEN]), one)
        while self.probes and now >= self.probes[0] and self.current:
            self.probes.pop(0)
            for one in [] if self.address else self.candidates:  # §3.4-1
                self.current.send(bytes([PING]) + os.urandom(8), to=one)
        while self.hs1 and self.resends and now >= self.resends[0]:
            self.resends.pop(0)
            if self.relay:
                self.transmit(self.hs1)
            for one in self.candidates:
                self.client.udp.sendto(self.hs1, one)
        if self.hs1 and now - self.began > 15:
            self.invite()  # §3.2-14
        for connection in self.connections:
            connection.tick(now)


def endpoint_of(text):
    host, _, port = text.rpartition(":")
    try:
        return usable((host, int(port)))
    except ValueError:
        return None  # §1.2-18


def usable(endpoint):
    """§3.4-16; this client speaks IPv4."""
    host, port = endpoint
    try:
        first = socket.inet_aton(host)[0]
    except OSError:
        return None
    return endpoint if 0 < port < 65536 and 0 < first < 224 else None


def schedule():
    now = time.monotonic()
    return [now + ms / 1000 for ms in (0, 50, 150, 350, 750, 1500, 3000, 6000)]


# The client -----------------------------------------------------------------------------------------------------------

class Client:
    def __init__(self, options):
        self.nick, self.options = options.nick, options
        self.host, _, port = options.server.rpartition(":")
        self.port = int(port)
        self.identity = Identity(options.home)
        self.peers, self.known, self.pending = {}, {}, {}
        self.ids, self.rest, self.input, self.over = 1, b"", b"", False
        self.lines, self.busy = [], True  # commands are answered in order, and wait until there is a nickname
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("", 0))
        self.udp.setblocking(False)
        self.connect()

    def connect(self):
        self.tcp = socket.create_connection((self.host, self.port), 10)
        self.tcp.setblocking(True)
        self.rest, self.ping_every, self.ping_at = b"", 15, time.monotonic() + 15

    def event(self, name, **fields):
        sys.stdout.write(json.dumps({"event": name, **fields}, separators=(",", ":")) + "\n")
        sys.stdout.flush()

    def error(self, code, message, ref=None):
        self.event("error", code=code, message=message, **({} if ref is None else {"ref": ref}))

    def say(self, **message):
        self.tcp.sendall((json.dumps(message, separators=(",", ":")) + "\n").encode())

    def ask(self, then, **message):
        self.ids += 1
        self.pending[self.ids] = then
        self.say(id=self.ids, **message)

    # From the server

    def hear(self, message):
        tag, then = message.get("_tag"), None
        if "id" in message:
            then = self.pending.pop(message["id"], None)
        if then:
            return then(message)
        if tag == "Welcome":
            self.greeted(message)
        elif tag == "Incoming":
            self.incoming(message)
        elif tag == "Relay":
            self.packet(unb64(message["packet"]), None)
        elif tag == "Restarting":
            part = int.from_bytes(os.urandom(2), "big") / 65536
            self.back_at = time.monotonic() + (message["inMs"] + message["spreadMs"] * part) / 1000
        elif tag == "Replaced":
            self.over = True

    back_at = None

    def greeted(self, welcome):
        if welcome["protocol"] != 1:
            self.error("Protocol", "the server speaks another version")
            self.over = True
            return
        self.ping_every = min(15, welcome["limits"]["idleMs"] / 3000)
        self.ping_at = time.monotonic() + self.ping_every
        self.record = self.identity.record(self.nick)
        server = "%s:%d" % (self.host.lower(), self.port)
        self.hidden = welcome.get("relay", False)
        self.candidate = (self.tcp.getsockname()[0], self.udp.getsockname()[1])
        endpoints = [] if self.hidden else ["%s:%d" % self.candidate]
        self.ask(self.registered, _tag="Register", nick=self.nick, identity=b64(self.identity.public),
                 record=b64(self.record), server=server, endpoints=endpoints,
                 proof=b64(self.identity.proof(unb64(welcome["challenge"]), server, self.record)))

    def registered(self, reply):
        if reply["_tag"] != "Registered":
            self.error(reply["_tag"], reply.get("message", ""))
            self.over = True
            return
        self.busy = False
        ours = fingerprint(self.identity.public)
        self.event("registered", nick=reply["nick"], address=reply["observed"], fingerprint=ours)

    def judge(self, message):
        """The record of an introduction (§1.5-15 to 1.5-20), or a code and words against it."""
        try:
            record = Record(unb64(message.get("record", "")))
        except (Violation, ValueError) as wrong:
            return None, ("NoKey", str(wrong))
        if record.expiry < time.time() * 1000:
            return None, ("NoKey", "the record has expired")
        if nick_key(record.nick) != nick_key(message["nick"]):
            return None, ("NoKey", "the record is for %s" % record.nick)
        known = self.known.get(nick_key(record.nick))
        if known and known != record.identity:
            keys = fingerprint(known), fingerprint(record.identity)
            return None, ("KeyChanged", "%s had the key %s, and now %s" % (record.nick, *keys))
        return record, None

    def meet(self, message, record):
        peer = self.peers.get(record.identity)
        if peer is None:
            peer = self.peers[record.identity] = Peer(self, record.nick, record)
        peer.record = record
        if not peer.current:
            peer.introduce(message)
        return peer

    def incoming(self, message):
        record, wrong = self.judge(message)
        if wrong:
            return self.error(*wrong)
        peer = self.meet(message, record)
        if not peer.current:
            peer.invited()
        self.event("incoming", peer=peer.nick, fingerprint=fingerprint(record.identity), trust="new",
                   known=False, calls=1, hidden=0, answered=False)

    # From peers

    def packet(self, data, source):
        kind = data[:1] and data[0]
        try:
            if kind in (HS1, HS1_COOKIE) and len(data) <= 1200:
                data = data[1:-16] if kind == HS1_COOKIE else data
                for peer in self.peers.values():
                    if peer.channel == data[1:9]:
                        peer.on_hs1(data, source)
            elif kind in (HS2, RETRY):
                for peer in self.peers.values():
                    if peer.hs1 and peer.index == data[1:5]:
                        (peer.on_hs2 if kind == HS2 else peer.on_retry)(data, source)
            elif kind == DATA and len(data) >= 29:
                index = int.from_bytes(data[1:5], "big")
                for peer in self.peers.values():
                    for connection in peer.connections:
                        if connection.local_index == index and not connection.closed:
                            return peer.on_data(connection, data, source)
        except (Violation, InvalidTag, ValueError):
            pass  # dropped in silence: it is nobody's who was introduced (§3.2-4)

    # From the user

    def obey(self, line):
        try:
            command = json.loads(line)
            name, ref = command["cmd"], command.get("ref")
        except (ValueError, KeyError, TypeError):
            return self.error("BadCommand", "that is no command")
        echo = {} if ref is None else {"ref": ref}
        if name == "query":
            nick = command["nick"]

            def answered(reply):
                self.busy = False
                if reply["_tag"] != "Peer":
                    return self.error(reply["_tag"], reply.get("message", ""), ref)
                record, wrong = self.judge(reply)
                if not wrong and nick_key(record.nick) != nick_key(nick):
                    wrong = ("NoKey", "the server introduced %s" % record.nick)
                if wrong:
                    return self.error(*wrong, ref)
                self.known[nick_key(nick)] = record.identity
                peer = self.meet(reply, record)
                if self.hidden and reply["candidates"]:  # §1.2-21
                    self.ask(lambda told: None, _tag="Tell", channel=reply["channel"],
                             endpoints=["%s:%d" % self.candidate])
                self.event("peer", nick=peer.nick, address=reply["address"],
                           fingerprint=fingerprint(record.identity), trust="new", **echo)
                peer.invite()
            self.busy = True
            self.ask(answered, _tag="Query", nick=nick)
        elif name == "send":
            peer = next((one for one in self.peers.values() if nick_key(one.nick) == nick_key(command["to"])), None)
            if peer is None or not peer.asked:  # §3.5-10
                return self.error("NotConnected", "ask for %s first" % command["to"], ref)
            self.event("sent", to=command["to"], id=peer.send_text(command["text"]), **echo)
            peer.send_waiting()
        elif name == "exit":
            for peer in self.peers.values():
                if peer.current:
                    peer.current.end(0)
            self.say(_tag="Exit")
            self.event("bye", **echo)
            self.over = True
        else:
            self.error("BadCommand", "this client does not know %s" % name, ref)

    def run(self):
        inputs = [] if self.options.deaf else [sys.stdin]
        while not self.over:
            ready, _, _ = select.select([self.tcp, self.udp] + inputs, [], [], 0.01)
            if self.udp in ready:
                data, source = self.udp.recvfrom(65536)
                self.packet(data, source)
            if self.tcp in ready:
                self.read_server()
            if sys.stdin in ready:
                data = os.read(0, 65536)
                inputs = inputs if data else []
                *lines, self.input = (self.input + data).split(b"\n")
                self.lines += lines if data else [b'{"cmd":"exit"}']
            while self.lines and not self.busy and not self.over:
                self.obey(self.lines.pop(0))
            now = time.monotonic()
            if now >= self.ping_at:
                self.ping_at = now + self.ping_every
                self.ask(lambda reply: None, _tag="Ping")
            for peer in list(self.peers.values()):
                peer.tick(now)
        return 0

    def read_server(self):
        try:
            data = self.tcp.recv(65536)
        except OSError:
            data = b""
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            if line.strip():
                self.hear(json.loads(line))
        if (not data or len(self.rest) > 16384) and not self.over:
            self.tcp.close()
            time.sleep(max(0, (self.back_at or time.monotonic() + 1) - time.monotonic()))
            self.connect()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="a small parley client")
    parser.add_argument("--nick", required=True)
    parser.add_argument("--server", default="localhost:9090")
    parser.add_argument("--home", required=True)
    parser.add_argument("--deaf", action="store_true", help="read no commands")
    sys.exit(Client(parser.parse_args()).run())
