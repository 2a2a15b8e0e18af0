import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import * as ServerCodec from "../../../src/core/control/ServerCodec.js"
import { DEFAULT_LIMITS } from "../../../src/core/rendezvous/Relay.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as Identity from "../../../src/domain/Identity.js"
import * as Nickname from "../../../src/domain/Nickname.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as PeerRecord from "../../../src/protocol/PeerRecord.js"
import * as Envelope from "../../../src/protocol/RelayEnvelope.js"
import { defaults } from "../../../src/server/ServerOptions.js"
import type { ConnectionHandler } from "../../../src/services/Connection.js"
import { World } from "../../core/client/World.js"
import { request } from "../../protocol/Arbitrary.js"
import type { Target } from "../Target.js"

const LOCAL = Endpoint.parse("192.0.2.1:9090")!
const identities = [1, 2, 3].map((seed) => Identity.fromSeed(crypto, new Uint8Array(32).fill(seed)))

/**
 * A server as it is, but for its sockets, and some connections to it. Each line of the input is for the connection of
 * its first digit: a line to send, or `!` to break it and connect anew, `<` to stop or begin reading. `@N NICK`
 * registers with the Nth identity, `#K TEXT` sends an envelope from the Kth UDP address. `+N` lets N ms pass.
 */
class Scene {
  readonly world = new World(1)
  readonly links = new Map<number, Link>()
  /** Who was told to have a nickname, by its key: which identity, if any, and until when it is held for it. */
  readonly owners = new Map<string, { readonly link: Link; readonly who: string | undefined; until: number }>()
  readonly #received = new Map<string, number>()
  readonly #sent = new Map<string, number>()
  readonly #questions = new Map<string, Uint8Array>()
  readonly #proven = new Set<string>()

  constructor() {
    this.world.startServer({ relay: DEFAULT_LIMITS, sendQueue: 96 * 1024 })
    this.hub.reflector = {
      ports: [3478],
      send: (_via: unknown, to: Endpoint.Endpoint, data: Uint8Array) => this.#datagram(to, data),
      stats: () => ({})
    } as never
  }

  get hub() {
    return this.world.server!.hub
  }

  step(line: string): void {
    if (line[0] === "+") {
      this.world.pass(Math.min(120_000, Number.parseInt(line.slice(1), 10) || 0))
      return
    }
    const number = "012345".indexOf(line[0] ?? "")
    if (number < 0) return
    const rest = line.slice(1)
    const link = this.links.get(number) ?? new Link(this, number)
    this.links.set(number, link)
    if (rest[0] === "!") {
      link.close()
      this.links.delete(number)
    } else if (rest[0] === "<") link.reads = !link.reads
    else if (rest[0] === "@") link.register(identities["123".indexOf(rest[1] ?? "")], rest.slice(3))
    else if (rest[0] === "#") this.#envelope(link, Number(rest[1]) || 0, rest.slice(3))
    else link.say(rest)
  }

  /** Everybody leaves, and nothing is left of them. */
  end(): void {
    for (const link of this.links.values()) link.close()
    this.world.pass(11 * 60_000)
    const stats = this.hub.stats()
    const left = [stats.connections, stats.watchers, stats.watched, stats.live, stats.names, stats.relay?.channels]
    // A channel that nothing is carried on is forgotten when the next one is opened.
    assert.deepStrictEqual(left, [0, 0, 0, 0, 0, 0])
  }

  #envelope(link: Link, address: number, text: string): void {
    const from = Endpoint.make("203.0.113.9", 1_000 + address)!
    const key = Endpoint.format(from)
    const question = this.#questions.get(key)
    const packet = question !== undefined && text === "" ? question : Bytes.fromText(text)
    const data = Envelope.toServer(link.channel, link.token, packet)
    this.#received.set(key, (this.#received.get(key) ?? 0) + data.length)
    if (packet === question) this.#proven.add(key)
    this.hub.relayDatagram(from, { address: 0, port: 0 }, data)
  }

  #datagram(to: Endpoint.Endpoint, data: Uint8Array): void {
    const key = Endpoint.format(to)
    const envelope = Envelope.readFromServer(data)
    assert.ok(envelope, "the relay sends envelopes")
    if (Envelope.isProof(envelope.packet)) this.#questions.set(key, envelope.packet.slice())
    const sent = (this.#sent.get(key) ?? 0) + data.length
    this.#sent.set(key, sent)
    const received = this.#received.get(key) ?? 0
    assert.ok(this.#proven.has(key) || sent <= 3 * received, `${sent} bytes to ${key}, which sent ${received}`)
  }
}

class Link {
  reads = true
  channel = new Uint8Array(8)
  token = new Uint8Array(8)
  readonly #handler: ConnectionHandler
  readonly #asked = new Map<number, number>()
  #challenge = new Uint8Array(32)
  #rest = ""
  #isOpen = true
  #key: string | undefined
  /** The identity that the register in hand proves, and that of the one before. */
  #who: string | undefined
  #was: string | undefined

  constructor(
    private readonly scene: Scene,
    number: number
  ) {
    this.#handler = scene.hub.accept({
      local: LOCAL,
      // Two from one address, and the others each from another network.
      remote: Endpoint.make(`203.0.${number >> 1}.${1 + number}`, 40_000)!,
      queued: () => (this.reads ? 0 : 90 * 1024),
      pause: () => {},
      resume: () => {},
      send: (data) => this.#isOpen && this.#read(typeof data === "string" ? Bytes.fromText(data) : data),
      end: () => this.#closed("local"),
      destroy: () => this.#closed("local")
    })
    scene.world.server!.arm()
  }

  say(line: string): void {
    if (!this.#isOpen) return
    const id = idIn(line)
    if (id !== undefined) this.#asked.set(id, (this.#asked.get(id) ?? 0) + 1)
    this.#handler.onData(Bytes.fromText(`${line}\n`))
    this.scene.world.server!.arm()
    this.scene.world.pass(1)
    this.#who = undefined
  }

  register(identity: Identity.Identity | undefined, nick: string): void {
    if (identity === undefined) return
    const { publicKey, secretKey } = identity.signKeys
    const record = PeerRecord.sign(crypto, secretKey, {
      nick,
      identity: publicKey,
      staticKey: identity.staticKeys.publicKey,
      sequence: 1,
      expiry: 2_000_000_000_000
    })
    if (record === undefined) return
    this.#who = nick && Bytes.toBase64Url(publicKey)
    const occasion = { challenge: this.#challenge, server: "server:9090" }
    this.say(
      JSON.stringify({
        _tag: "Register",
        id: 1,
        nick,
        server: "server:9090",
        identity: Bytes.toBase64Url(publicKey),
        record: Bytes.toBase64Url(record),
        proof: Bytes.toBase64Url(PeerRecord.signProof(crypto, secretKey, occasion, record)),
        endpoints: ["203.0.113.9:4000"]
      })
    )
  }

  close(): void {
    this.#closed("reset")
  }

  #closed(reason: "local" | "reset"): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#lose(false)
    this.scene.world.after(0, () => this.#handler.onClose(reason))
    if (reason === "reset") this.scene.world.pass(1)
  }

  /** The nickname is free, or held for its owner. */
  #lose(isFree: boolean): void {
    const owned = this.#key === undefined ? undefined : this.scene.owners.get(this.#key)
    if (owned?.link === this) owned.until = isFree ? 0 : this.scene.world.now + defaults.graceMs
    this.#key = undefined
  }

  #read(data: Uint8Array): boolean {
    if (!this.reads) return true
    const lines = (this.#rest + Buffer.from(data).toString()).split("\n")
    this.#rest = lines.pop()!
    for (const line of lines) this.#message(line)
    return true
  }

  #message(line: string): void {
    const decoded = ServerCodec.decode(line)
    assert.ok(decoded._tag === "Message", `a server speaks its protocol: ${line}`)
    const { message } = decoded
    if ("id" in message && message.id !== undefined) {
      const open = this.#asked.get(message.id) ?? 0
      assert.ok(open > 0, `answered once, and only what was asked: ${line}`)
      this.#asked.set(message.id, open - 1)
    }
    switch (message._tag) {
      case "Welcome":
        this.#challenge = new Uint8Array(Bytes.fromBase64Url(message.challenge)!)
        return
      case "Registered": {
        const key = Nickname.key(message.nick)
        const owned = this.scene.owners.get(key)
        if (owned !== undefined && owned.link !== this && this.scene.world.now < owned.until) {
          assert.ok(owned.until < Number.POSITIVE_INFINITY, `${message.nick} has one owner`)
          // Who was here under a name that looks like it goes on as the same person.
          const isOwner = owned.who === undefined || owned.who === this.#who || owned.who === this.#was
          assert.ok(isOwner, `${message.nick} is given to its owner alone`)
        }
        if (this.#key !== key) this.#lose(true)
        this.#key = key
        this.#was = this.#who
        this.scene.owners.set(key, { link: this, who: this.#who, until: Number.POSITIVE_INFINITY })
        return
      }
      case "Bye":
        this.#lose(true)
        return
      case "Replaced":
        this.#lose(false)
        return
      case "Peer":
      case "Incoming":
        this.channel = new Uint8Array(Bytes.fromBase64Url(message.channel)!)
        this.token = new Uint8Array(Bytes.fromBase64Url(message.relay!.token)!)
    }
  }
}

const idIn = (line: string): number | undefined => {
  try {
    const { id } = JSON.parse(line) as { readonly id?: unknown }
    return Number.isSafeInteger(id) && (id as number) >= 0 ? (id as number) : undefined
  } catch {
    return undefined
  }
}

const nick = fc.constantFrom("alice", "bob", "AIice", "carol")
const line = fc.oneof(
  request,
  fc.tuple(fc.constantFrom(1, 2, 3), nick).map(([who, name]) => `@${who} ${name}`),
  nick.map((name) => `{"_tag":"Register","id":2,"nick":"${name}"}`),
  nick.map((name) => `{"_tag":"Query","id":3,"nick":"${name}"}`),
  nick.map((name) => `{"_tag":"Watch","id":4,"nicks":["${name}"]}`),
  fc.constantFrom('{"_tag":"Watch","id":5}', '{"_tag":"List","id":6}', '{"_tag":"Exit"}', "#1 packet", "#1 ", "!", "<")
)
const step = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(fc.nat(5), line).map(([number, text]) => `${number}${text}`) },
  { weight: 1, arbitrary: fc.constantFrom("+10", "+1000", "+70000") }
)
const meeting = fc.constant('0@1 alice\n1@2 bob\n1{"_tag":"Query","id":9,"nick":"alice"}\n1#2 hello\n1#2 \n0#3 \n0#3 x')

export const target: Target = {
  about: [
    "src/server/Hub.ts",
    "src/server/SessionDriver.ts",
    "src/server/Announcer.ts",
    "src/core/rendezvous/Session.ts",
    "src/core/rendezvous/RegistryMachine.ts",
    "src/core/rendezvous/Directory.ts",
    "src/core/rendezvous/Relay.ts",
    "src/core/rendezvous/Proof.ts",
    "src/core/rendezvous/Places.ts"
  ],
  inputs: fc.oneof(
    fc.array(step, { minLength: 1, maxLength: 15 }).map((steps) => steps.join("\n")),
    fc.tuple(meeting, fc.array(step, { maxLength: 6 })).map(([first, steps]) => [first, ...steps].join("\n"))
  ),
  words: [
    '\n0{"_tag":"',
    '"id":',
    '"nick":"',
    "\n1@2 ",
    "\n0!",
    "\n0#1 ",
    "\n+70000\n",
    "alice",
    "AIice",
    '"resume":"resume"'
  ],
  most: 4_000,
  slowest: 1_000,
  run: (input) => {
    const scene = new Scene()
    const lines = Buffer.from(input).toString().split("\n", MAX_LINES)
    for (const text of lines) scene.step(text)
    const { live, watchers } = scene.hub.stats()
    scene.end()
    return [`${live} live, ${watchers} watchers`]
  }
}

const MAX_LINES = 60
