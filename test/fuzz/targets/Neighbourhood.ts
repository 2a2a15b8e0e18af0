import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import { MAX_NEIGHBOURS, Neighbourhood } from "../../../src/core/lan/Neighbourhood.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as Identity from "../../../src/domain/Identity.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as Lan from "../../../src/protocol/Lan.js"
import * as PeerRecord from "../../../src/protocol/PeerRecord.js"
import { Program } from "../Program.js"
import type { Target } from "../Target.js"

const WALL = 1_700_000_000_000
const OWN = Endpoint.parse("192.168.1.1:5000")!
const [us, mallory] = [1, 2].map((seed) => Identity.fromSeed(crypto, new Uint8Array(32).fill(seed))) as [
  Identity.Identity,
  Identity.Identity
]
const recordOf = (nick: string, { signKeys, staticKeys }: Identity.Identity) =>
  PeerRecord.sign(crypto, signKeys.secretKey, {
    nick,
    identity: signKeys.publicKey,
    staticKey: staticKeys.publicKey,
    sequence: 1,
    expiry: 2 * WALL
  })!
const RECORDS = [recordOf("alice", us), recordOf("mallory", mallory)] as const

/** Somebody on a local network, and what Mallory and noise bring. */
class Scene {
  readonly #machine: Neighbourhood
  readonly #received = new Map<string, number>()
  readonly #cards = new Map<string, number>()
  /** What was sent to Mallory last. */
  #last: Lan.Decoded | undefined
  #now = 0
  reached = new Set<string>()

  constructor() {
    let drawn = 0
    const random = (length: number) => crypto.hash(length, [Bytes.fromText(`${drawn++}`)])
    const isOwn = (address: string) => address === OWN.address
    this.#machine = new Neighbourhood({ crypto, signKeys: us.signKeys, random, isOwn, port: 6000 }, 0)
    this.#machine.setRecord(RECORDS[0], "alice", 0)
  }

  step(program: Program): void {
    const machine = this.#machine
    const name = () =>
      [Lan.nameOf(crypto, mallory.signKeys.publicKey), machine.name, "0123456789abcdef"][program.u8() % 3]!
    const from = () => Endpoint.make(`192.168.1.${2 + (program.u8() % 3)}`, 5000)!
    switch (program.u8() % 7) {
      case 0:
        machine.found(name(), from(), this.#now)
        break
      case 1:
        machine.query("mallory", program.u8(), this.#now)
        break
      case 2:
        machine.lost(name())
        break
      case 3:
        this.#now += 100 * program.u8()
        machine.handleTimeout(this.#now)
        break
      case 4:
        this.#receive(from(), program.bytes())
        break
      default:
        this.#receive(from(), this.#packet(program))
    }
    this.#drain()
    assert.ok(machine.list().length <= MAX_NEIGHBOURS)
    for (const { label } of machine.list()) assert.ok(label.length <= 200)
  }

  /** What Mallory signs: of the right form, or with a byte changed. */
  #packet(program: Program): Uint8Array {
    const what = program.u8()
    const head = {
      to: this.#machine.name,
      sender: Lan.nameOf(crypto, mallory.signKeys.publicKey),
      question: what & 4 && this.#last !== undefined ? this.#last.question : new Uint8Array(16).fill(what),
      at: what & 4 && this.#last !== undefined ? this.#last.at : OWN
    }
    const kind = (["ask", "card", "invite"] as const)[what % 3]!
    const cookie = this.#last?.kind === "card" ? this.#last.cookie : new Uint8Array(16)
    const card = {
      ...head,
      nonce: new Uint8Array(16),
      port: 1 + program.u8(),
      cookie,
      record: RECORDS[what & 8 ? 0 : 1]
    }
    const data = Lan.encode(crypto, kind === "ask" ? { kind, ...head } : { kind, ...card }, mallory.signKeys.secretKey)
    const at = program.u8() * 4
    data[at % data.length]! ^= program.u8()
    return data
  }

  #receive(from: Endpoint.Endpoint, bytes: Uint8Array): void {
    const key = Endpoint.format(from)
    this.#received.set(key, (this.#received.get(key) ?? 0) + 1)
    let data = bytes
    if (bytes.length < 256 && bytes.length > 0) {
      data = new Uint8Array(Lan.LAN_BYTES)
      data.set(bytes)
    }
    this.#machine.handleDatagram(from, data, this.#now)
  }

  #drain(): void {
    const machine = this.#machine
    for (let sent = machine.pollTransmit(); sent !== undefined; sent = machine.pollTransmit()) {
      const packet = Lan.decode(sent.data)
      assert.ok(packet, "what is sent can be read")
      this.#last = packet
      this.reached.add(`sent ${packet.kind}`)
      if (packet.kind !== "card") continue
      const key = Endpoint.format(sent.to)
      this.#cards.set(key, (this.#cards.get(key) ?? 0) + 1)
      assert.ok(this.#cards.get(key)! <= (this.#received.get(key) ?? 0), "no more cards than questions")
    }
    for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) {
      this.reached.add(event._tag)
      if (event._tag === "Incoming")
        assert.deepStrictEqual(event.introduction.record, RECORDS[1], "who invites has signed")
    }
    const timeout = machine.pollTimeout()
    assert.ok(timeout === undefined || Number.isFinite(timeout))
  }
}

const step = fc.tuple(fc.nat(6), fc.nat(255), fc.nat(255), fc.nat(255), fc.constant(0))

export const target: Target = {
  about: ["src/core/lan/Neighbourhood.ts", "src/core/lan/Neighbour.ts"],
  inputs: fc.array(step, { minLength: 1, maxLength: 12 }).map((steps) => Uint8Array.from(steps.flat())),
  words: [
    Uint8Array.of(0, 0, 0),
    Uint8Array.of(1, 1),
    Uint8Array.of(5, 0, 4, 9, 0, 0),
    Uint8Array.of(5, 0, 5, 9, 0, 0)
  ],
  most: 400,
  slowest: 500,
  run: (input) => {
    const program = new Program(input)
    const scene = new Scene()
    for (let steps = 0; steps < MAX_STEPS && !program.isOver; steps++) scene.step(program)
    return [...scene.reached]
  }
}

const MAX_STEPS = 60
