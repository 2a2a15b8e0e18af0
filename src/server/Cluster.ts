import type { Channels } from "../core/rendezvous/Channels.js"
import { joined, meetingPlace, type RelayOffer, type RelaySide, shownOf } from "../core/rendezvous/Introduction.js"
import type { Registration, SessionId } from "../domain/Registration.js"
import type { RefusalBody } from "../protocol/ControlCodec.js"
import { nodeOf } from "../protocol/SharedNames.js"
import type { Answer, Mesh } from "./Mesh.js"
import type { Node } from "./SharedRegistry.js"

/** What makes one server of several nodes. */
export interface ClusterOptions {
  readonly node: typeof Node.Service
  readonly mesh: Mesh
  /** 32 bytes that all nodes have: what channels are made of. */
  readonly channelSecret: Uint8Array
}

/** This node, as its cluster asks it. */
export interface ClusterHost {
  /** Where clients reach the port of our relay, as far as they are to be told; `undefined` where there is no relay. */
  readonly relayAt: () => ReadonlyArray<string> | undefined
  /** Whether a connection of ours has this number. */
  readonly hasEnd: (end: number) => boolean
}

/** Somebody of ours who asks. */
export interface Asker {
  readonly registration: Registration
  readonly end: number
}

/** `Stale`: whoever was asked for has this nickname no more, as their node says, or nobody says anything. */
export type IntroductionResult = { readonly half: string } | RefusalBody | "Stale"

/**
 * What this node does with the sessions of others: it has them told of those that ask for them, and passes on what is
 * relayed to them. Numbers of connections have the node's slot in front, so that whose they are is read off them.
 */
export class Cluster {
  readonly mesh: Mesh
  readonly #node: typeof Node.Service
  readonly #channels: Channels
  readonly #here: ClusterHost
  /** The nodes whose relays may know of a connection of ours, by its number. */
  readonly #met = new Map<number, Set<string>>()

  constructor({ mesh, node }: ClusterOptions, channels: Channels, here: ClusterHost) {
    this.mesh = mesh
    this.#node = node
    this.#channels = channels
    this.#here = here
  }

  /** Where clients reach our relay's port: told to other nodes with each introduction. */
  get relayAt(): ReadonlyArray<string> {
    return this.#here.relayAt() ?? []
  }

  /** How packets are carried between a connection of ours and one of another node. */
  offer(channel: string, end: number, other: RelaySide): RelayOffer {
    const own = this.#here.relayAt()
    if (own === undefined) return undefined
    const node = this.nodeOfEnd(other.end)
    if (node !== undefined && this.#here.hasEnd(end)) {
      const met = this.#met.get(end) ?? new Set()
      this.#met.set(end, met.add(node))
    }
    return meetingPlace(channel, { end, at: own }, other)
  }

  /** This connection of ours has no channels any more: relays that may still carry for it are told. */
  ended(end: number): void {
    for (const node of this.#met.get(end) ?? []) this.mesh.send(node, { _tag: "Ended", end })
    this.#met.delete(end)
  }

  /** Whether this is a session of another node. */
  isElsewhere(session: SessionId): boolean {
    const node = nodeOf(session)
    return node !== this.#node.id && this.#node.nodes().has(node)
  }

  /** The other node of a connection with this number, if one that lives has it. */
  nodeOfEnd(end: number): string | undefined {
    const slot = end >>> COUNTER_BITS
    for (const { id, slot: other } of this.#node.nodes().values()) if (other === slot && id !== this.#node.id) return id
    return undefined
  }

  introduce(asker: Asker, asked: Registration, done: (result: IntroductionResult) => void): void {
    const { end, registration } = asker
    const { epoch, session } = asked
    const question = { _tag: "Introduce", session, epoch, from: end, ...this.#ours(registration) } as const
    this.mesh.ask(nodeOf(session), question, (answer) => done(this.#introduced(end, answer)))
  }

  /** `registration`: as the other side is to see it. */
  tell(teller: Asker, to: number, done: (result: IntroductionResult) => void): void {
    const node = this.nodeOfEnd(to)
    const question = { _tag: "Tell", to, from: teller.end, ...this.#ours(teller.registration) } as const
    if (node === undefined) done("Stale")
    else this.mesh.ask(node, question, (answer) => done(this.#introduced(teller.end, answer)))
  }

  /** A packet of the relay for a connection of another node; whether it is on its way. */
  carry(to: number, channel: string, packet: string): boolean {
    const node = this.nodeOfEnd(to)
    return node !== undefined && this.mesh.send(node, { _tag: "Packet", to, channel, packet })
  }

  #ours(registration: Registration) {
    return { half: shownOf(registration), relay: this.relayAt }
  }

  #introduced(end: number, answer: Answer | undefined): IntroductionResult {
    switch (answer?._tag) {
      case "Wait":
        return tooMany(answer.retryAfterMs)
      case "Introduced": {
        const channel = this.#channels.between(end, answer.end).left
        const offer = this.offer(channel.channel, end, { end: answer.end, at: answer.relay ?? [] })
        return { half: joined(answer.half, channel, offer) }
      }
      default:
        return "Stale"
    }
  }
}

export const tooMany = (retryAfterMs: number): RefusalBody => ({
  _tag: "RateLimited",
  message: "too many ask for this nickname now",
  retryAfterMs
})

/** Bits of a connection's number that are left to the connections of one node. */
export const COUNTER_BITS = 24
