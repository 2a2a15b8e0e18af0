import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import { fromEvent } from "../../../src/cli/json/FromClient.js"
import * as Line from "../../../src/cli/json/Line.js"
import type { Ticket } from "../../../src/core/client/Output.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as Identity from "../../../src/domain/Identity.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as PeerRecord from "../../../src/protocol/PeerRecord.js"
import { type Person, type Server, World } from "../../core/client/World.js"
import { serverMessage } from "../../protocol/Arbitrary.js"
import type { Target } from "../Target.js"
import { check } from "./SafeText.js"

/** Who may be introduced: each with a record that is well signed. */
const records = ["bob", "mallory", "carol"].map((nick, at) => {
  const identity = Identity.fromSeed(crypto, new Uint8Array(32).fill(at + 1))
  return Bytes.toBase64Url(
    PeerRecord.sign(crypto, identity.signKeys.secretKey, {
      nick,
      identity: identity.signKeys.publicKey,
      staticKey: identity.staticKeys.publicKey,
      sequence: 1,
      expiry: 2_000_000_000_000
    })!
  )
})

/**
 * A client whose server is hostile. A line of the input is what the server sends, with the number 4242 for that of the
 * last request that was not answered and `$1` for the record of somebody; or, after a `>`, what the user does. `+N`
 * lets N ms pass, `!` breaks the link, `*K DATA` is a datagram of the Kth address.
 */
class Scene {
  readonly world = new World(1)
  readonly client: Person
  #send: (data: Uint8Array) => void = () => {}
  #open: Array<number> = []
  #packets = 0
  #told = 0

  constructor() {
    this.world.server = {
      pipes: new Set(),
      arm: () => {},
      hub: { accept: this.#accept.bind(this) }
    } as unknown as Server
    this.client = this.world.person("alice")
    const { send } = this.world
    this.world.send = (from, to, data) => {
      this.#packets++
      assert.ok(to.port > 0 && Endpoint.scope(to) !== "unusable", `sent to ${Endpoint.format(to)}`)
      send.call(this.world, from, to, data)
    }
    this.world.pass(200)
  }

  step(line: string): void {
    const before = this.#packets
    const from = this.world.now
    switch (line[0]) {
      case "+":
        this.world.pass(Math.min(60_000, Number.parseInt(line.slice(1), 10) || 0))
        break
      case "!":
        this.client.breakLink()
        break
      case ">":
        this.#user(line.slice(1).split(" "))
        break
      case "*":
        this.client.receive(
          Endpoint.make("203.0.113.7", 1 + (Number(line[1]) || 0))!,
          Buffer.from(line.slice(3), "latin1")
        )
        break
      default:
        this.#send(Bytes.fromText(`${line.replaceAll(ID, String(this.#open[0])).replace(/\$([123])/g, recordOf)}\n`))
    }
    this.world.pass(50)
    const elapsed = this.world.now - from
    assert.ok(this.#packets - before <= 200 + elapsed, `${this.#packets - before} packets in ${elapsed} ms`)
    this.#events()
  }

  get state(): string {
    const { machine } = this.client
    const conversation = machine.conversations.byNick("bob")
    return `${conversation?.asked} ${conversation?.connected} ${this.#open.length > 0}`
  }

  /** What the user is told can be shown. */
  #events(): void {
    const { log } = this.client
    assert.ok(log.length - this.#told <= 200, `${log.length - this.#told} events at once`)
    for (const event of log.slice(this.#told)) {
      if (event._tag === "Closed") continue
      check(Line.encode(fromEvent(event)).slice(0, -1))
    }
    this.#told = log.length
  }

  #accept(connection: { readonly send: (data: Uint8Array) => boolean }) {
    this.#send = (data) => void connection.send(data)
    this.#open = []
    return { onData: (data: Uint8Array) => this.#request(data), onClose: () => {} }
  }

  #request(data: Uint8Array): void {
    for (const line of Buffer.from(data).toString().split("\n")) {
      if (line === "") continue
      const { id } = JSON.parse(line) as { readonly id?: number }
      if (id !== undefined) this.#open.unshift(id)
    }
    assert.ok(this.#open.length < 10_000)
  }

  #user([what = "", nick = "", ...words]: ReadonlyArray<string>): void {
    const { client } = this
    const call = (use: Parameters<Person["drive"]>[0]) => client.drive(use as never)
    const conversation = client.machine.conversations.byNick(nick)
    if (what === "query") call((machine, now) => machine.query(nick, now) as Ticket<unknown>)
    if (what === "register") call((machine, now) => machine.register(nick, now))
    if (what === "list") call((machine, now) => machine.list(now))
    if (what === "why") call((machine, now) => machine.why(nick, now))
    if (what === "path") call((machine, now) => machine.setPath(undefined, "relay-only", now))
    if (what === "leave" && conversation !== undefined) call((machine, now) => machine.leave(conversation, now))
    if (what === "say") client.say(nick, words.join(" ") || "hello")
  }
}

/** Stands for the number of the last request that was not answered; so a line is JSON. */
const ID = "4242"

const recordOf = (_: string, digit: string): string => records[Number(digit) - 1]!

const introduction =
  '"nick":"bob","address":"203.0.113.7:1","record":"$1","candidates":["203.0.113.7:1","10.0.0.9:1"],"channel":"AAAAAAAAAAE",' +
  `"pairKey":"${"A".repeat(43)}","relay":{"token":"AAAAAAAAAAA"}`
const WELCOME =
  `{"_tag":"Welcome","protocol":1,"server":"x","challenge":"${"A".repeat(43)}",` +
  '"limits":{"line":4096,"idleMs":45000,"registerMs":10000},"udp":[9090]}'
const START = [
  ">register alice",
  WELCOME,
  '{"_tag":"Registered","id":4242,"nick":"alice","lease":45000,"observed":"198.51.100.9:4000","resume":""}'
]
const lines = [
  ...START,
  ">query bob",
  `{"_tag":"Peer","id":4242,${introduction}}`,
  `{"_tag":"Incoming",${introduction}}`,
  '{"_tag":"Watching","id":4242,"version":1,"here":[{"nick":"bob","fingerprint":"x"}]}',
  '{"_tag":"Presence","here":[{"nick":"bob"}],"gone":["carol"]}',
  '{"_tag":"Joined","version":2,"nick":"bob","address":"203.0.113.7:1","fingerprint":"x"}',
  '{"_tag":"Clients","id":4242,"clients":[{"nick":"bob","address":"203.0.113.7:1","fingerprint":"","since":1}],"next":"bob"}',
  '{"_tag":"Pong","id":4242}',
  '{"_tag":"Updated","id":4242}',
  '{"_tag":"NoSuchPeer","id":4242,"message":"nobody"}',
  '{"_tag":"RateLimited","id":4242,"message":"later","retryAfterMs":1000}',
  '{"_tag":"NickTaken","id":4242,"message":"taken","suggestions":["alice2"]}',
  '{"_tag":"Restarting","inMs":0,"spreadMs":1000}',
  '{"_tag":"Replaced"}',
  '{"_tag":"Relay","channel":"AAAAAAAAAAE","packet":"AAAA"}',
  ">say bob hello",
  ">leave bob",
  ">list",
  ">why bob",
  ">path",
  "+1000",
  "+30000",
  "!",
  "*1 \u0001\u0002"
]
const step = fc.oneof(fc.constantFrom(...lines), serverMessage)

export const target: Target = {
  about: [
    "src/core/client/ClientMachine.ts",
    "src/core/client/Registration.ts",
    "src/core/client/Rendezvous.ts",
    "src/core/client/Introducer.ts",
    "src/core/client/Introductions.ts",
    "src/core/client/Presence.ts",
    "src/core/client/RelayTransport.ts",
    "src/core/client/ServerLink.ts",
    "src/core/client/Reactions.ts",
    "src/core/control/ControlLink.ts"
  ],
  inputs: fc.oneof(
    fc.array(step, { maxLength: 10 }).map((steps) => [...START, ...steps].join("\n")),
    fc.array(step, { minLength: 1, maxLength: 5 }).map((steps) => steps.join("\n"))
  ),
  words: lines.map((line) => `\n${line}\n`),
  json: true,
  most: 5_000,
  slowest: 1_000,
  run: (input) => {
    const scene = new Scene()
    const states = new Set<string>()
    for (const line of Buffer.from(input).toString().split("\n", MAX_LINES)) {
      scene.step(line)
      states.add(scene.state)
    }
    return [...states]
  }
}

const MAX_LINES = 40
