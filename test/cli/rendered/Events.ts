import type { ClientEvent } from "../../../src/core/client/Events.js"
import { DisconnectReason } from "../../../src/core/peer/PeerEvent.js"
import type { GroupId } from "../../../src/domain/GroupId.js"
import type { MessageId } from "../../../src/domain/MessageId.js"
import { BOB, DAY, EVE, IPV4, IPV6, LONG, NOW, RTL, SERVER, SERVER_KEYS } from "./Samples.js"
import { transfers } from "./Transfers.js"

type Samples = {
  readonly [Tag in ClientEvent["_tag"]]: ReadonlyArray<Omit<Extract<ClientEvent, { readonly _tag: Tag }>, "_tag">>
}

const id = "2ea4afc966fcc1487d0c35514fe398b6" as MessageId
const stranger = { nick: "bob", fingerprint: BOB.fingerprint, trust: "new" } as const
const friend = { ...stranger, trust: "known", since: NOW - 400 * DAY } as const
const verified = { ...stranger, trust: "verified", since: NOW - DAY } as const
const relayed = { kind: "relay", address: SERVER, rttMs: 60.4 } as const

const member = { nick: "bob", fingerprint: BOB.fingerprint, asked: false, blocked: false }

/** Each event of a client: a new one has to be added here, or this file does not compile. */
const SAMPLES: Samples = {
  Registered: [
    { nick: "alice", address: IPV4, fingerprint: EVE.fingerprint },
    { nick: "alice", address: IPV6, fingerprint: EVE.fingerprint },
    { nick: "alice2", address: IPV6, fingerprint: EVE.fingerprint }
  ],
  NickTaken: [
    { nick: "alice", suggestions: ["alice2", "alice_"] },
    { nick: LONG, suggestions: [] }
  ],
  Greeting: [{ text: "Welcome to the club\nBe kind" }],
  ServerLost: [
    { message: `nobody is listening at ${SERVER}`, retryInMs: 1_000 },
    { message: "the server stopped answering", retryInMs: 1_000 },
    { message: "the server restarts", retryInMs: 1_000 }
  ],
  Server: [
    { server: SERVER, encryption: "none" },
    { server: SERVER, encryption: "tls", key: SERVER_KEYS[0], trust: "pinned", insteadOf: "chat.example.net:9090" },
    { server: SERVER, encryption: "tls", key: SERVER_KEYS[0], trust: "pinned", back: true },
    { server: SERVER, encryption: "local" },
    { server: SERVER, encryption: "tls", key: SERVER_KEYS[0], trust: "new" },
    { server: SERVER, encryption: "tls", key: SERVER_KEYS[0], trust: "authority" },
    { server: SERVER, encryption: "tls", key: SERVER_KEYS[0], trust: "pinned", via: { port: 443, isWeb: true } },
    { server: SERVER, encryption: "none", via: { port: 443, isWeb: false } },
    {
      server: SERVER,
      encryption: "tls",
      key: SERVER_KEYS[0],
      trust: "new",
      via: { port: 443, isWeb: true, proxy: "http://192.0.2.1:3128" }
    },
    {
      server: SERVER,
      encryption: "tls",
      key: SERVER_KEYS[0],
      trust: "pinned",
      via: { port: 9090, isWeb: false, proxy: "socks5://[2001:db8::5]:1080" }
    }
  ],
  Incoming: [
    { ...stranger, known: false, calls: 1, hidden: 0, answered: false },
    { ...friend, known: true, calls: 3, hidden: 0, answered: false },
    { ...verified, nick: RTL, known: true, calls: 1, hidden: 2, answered: true },
    { ...friend, nick: "robert", knownAs: "bob", known: false, calls: 1, hidden: 0, answered: false }
  ],
  Connected: [
    { ...stranger, path: relayed },
    { ...friend, path: { kind: "direct", address: IPV6, rttMs: 12 } },
    { ...verified, nick: LONG, path: { kind: "lan", address: "192.168.1.7:4000", rttMs: 0.2 } }
  ],
  Renamed: [{ from: "bob", to: "robert", fingerprint: BOB.fingerprint }],
  PathChanged: [
    { nick: "bob", path: relayed },
    { nick: "bob", path: { kind: "direct", address: IPV4, rttMs: 30 } }
  ],
  Mutual: [{ nick: "bob" }, { nick: RTL }],
  Message: [
    { from: "bob", id, text: "hello" },
    { from: "bob", id, text: "two\nlines", writtenAt: NOW - DAY },
    { from: RTL, id, text: "سلام", writtenAt: NOW - 30 * DAY }
  ],
  Away: [
    { nick: "bob", away: true, text: "lunch\nand a walk" },
    { nick: LONG, away: true },
    { nick: "bob", away: false }
  ],
  Delivered: [{ nick: "bob", id }],
  Read: [{ nick: "bob", id }],
  Waiting: [{ nick: "bob", id }],
  Group: (["invited", "added", "joined", "left"] as const).map((change) => ({
    nick: "bob",
    change,
    by: "eve",
    group: { id: "g" as GroupId, name: "club", state: change === "invited" ? "invited" : "joined", members: [member] }
  })),
  Kept: [
    { nick: "bob", undelivered: 1 },
    { nick: LONG, undelivered: 12 }
  ],
  Journal: [
    {
      safe: false,
      message: "no space left to write /home/al/journal. Meanwhile messages that wait do not outlive this program"
    },
    { safe: true, message: "messages that wait survive a crash again" }
  ],
  Disconnected: DisconnectReason.literals.flatMap((reason) => [
    { nick: "bob", reason, undelivered: 0 },
    { nick: "bob", reason, undelivered: 2 }
  ]),
  Transfer: transfers().map((transfer) => ({ transfer })),
  Joined: [{ nick: "bob" }],
  Left: [{ nick: "bob" }],
  Present: [{ nicks: ["bob"] }, { nicks: ["bob", LONG, RTL] }],
  Failed: [
    {
      code: "Clock",
      message:
        "this machine's clock is 31 days behind the server's: set the one that is wrong (until then parley goes by the server's)"
    },
    {
      code: "KeyChanged",
      message: "",
      nick: "bob",
      change: { known: BOB.fingerprint, offered: EVE.fingerprint, verified: false }
    },
    {
      code: "KeyChanged",
      message: "",
      nick: "bob",
      change: { known: BOB.fingerprint, offered: EVE.fingerprint, verified: true }
    },
    { code: "KeyChanged", message: "", nick: "bob", change: { known: BOB.fingerprint, verified: true } },
    {
      code: "Undelivered",
      nick: "bob",
      message: "2 messages were dropped: written to the former key of bob, and never delivered"
    },
    {
      code: "ProfileInUse",
      message: "bob is in use by another parley: this time you have a passing identity, and nothing is kept"
    }
  ],
  Closed: [
    { reason: "exit", message: "you left" },
    { reason: "replaced", message: "your key came online elsewhere (a copy of this profile?), and only one can be" },
    {
      reason: "refused",
      message: "this is not this server's access token: start again with the right one (--token TOKEN)"
    }
  ]
}

export const events = (): ReadonlyArray<ClientEvent> =>
  Object.entries(SAMPLES).flatMap(([_tag, all]) => all.map((event) => ({ _tag, ...event }) as ClientEvent))
