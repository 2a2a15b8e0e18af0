import { Peers } from "../../src/core/peer/Peers.js"
import type { Crypto } from "../../src/domain/Crypto.js"
import type { Endpoint } from "../../src/domain/Endpoint.js"
import type { MessageId } from "../../src/domain/MessageId.js"
import type { PeerId } from "../../src/domain/PeerId.js"
import type { Action, Person, Script } from "./Script.js"

/** What drives a talker: plain callbacks, or the services of a program. */
export interface Driver {
  readonly crypto: Crypto
  /** Monotonic ms. */
  readonly now: () => number
  readonly send: (to: Endpoint, data: Uint8Array) => void
  /** Has `ring` called at this time. */
  readonly alarm: (at: number | undefined) => void
}

/**
 * A person's machine and what became of the conversation. It knows no more of its driver than the product's machines
 * do.
 */
export class Talker {
  readonly shown = new Map<PeerId, Array<string>>()
  readonly delivered: Array<MessageId> = []
  readonly accepted: Array<MessageId> = []
  readonly #peers: Peers

  constructor(
    script: Script,
    readonly person: Person,
    private readonly driver: Driver
  ) {
    const entropy = script.entropy(person)
    const { identity } = person
    this.#peers = new Peers({
      crypto: driver.crypto,
      entropy: { bytes: (length) => entropy.fill(new Uint8Array(length)) },
      identity: { publicKey: identity.signKeys.publicKey, staticKeys: identity.staticKeys },
      now: driver.now()
    })
    this.#peers.setLocal(person.signed, [person.endpoint], driver.now())
  }

  act({ what }: Action): void {
    const now = this.driver.now()
    if (what._tag === "Send") {
      const sent = this.#peers.send(what.to, what.text, now)
      if (typeof sent !== "string") throw new Error(`${this.person.name} could not send: ${sent._tag}`)
      this.accepted.push(sent)
    } else if (what._tag === "Invite") this.#peers.invite(what.introduction, now)
    else this.#peers.admit(what.introduction, now)
    this.drain()
  }

  receive(endpoint: Endpoint, data: Uint8Array): void {
    this.#peers.handleDatagram({ _tag: "Direct", endpoint }, data, this.driver.now())
  }

  ring(now: number): void {
    this.#peers.handleTimeout(now)
    this.drain()
  }

  /** To be called after `receive`. */
  drain(): void {
    const peers = this.#peers
    const now = this.driver.now()
    for (let more = true; more; ) {
      more = false
      for (let packet = peers.pollTransmit(now); packet !== undefined; packet = peers.pollTransmit(now))
        if (packet.route._tag === "Direct") this.driver.send(packet.route.endpoint, packet.data)
      for (let event = peers.pollEvent(); event !== undefined; event = peers.pollEvent()) {
        more = true
        if (event._tag === "Delivered") this.delivered.push(event.id)
        if (event._tag !== "Message") continue
        const texts = this.shown.get(event.peer)
        if (texts === undefined) this.shown.set(event.peer, [event.text])
        else texts.push(event.text)
        peers.delivered(event.peer, event.id, now)
      }
    }
    this.driver.alarm(peers.pollTimeout())
  }
}
