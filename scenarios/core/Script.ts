import type { Introduction } from "../../src/core/peer/Introduction.js"
import { channelIdOf } from "../../src/domain/ChannelId.js"
import { type Endpoint, make } from "../../src/domain/Endpoint.js"
import * as Identity from "../../src/domain/Identity.js"
import { type PeerId, peerIdOf } from "../../src/domain/PeerId.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import * as PeerRecord from "../../src/protocol/PeerRecord.js"
import { Rng } from "../../src/sim/kernel/Rng.js"
import type { WorldOptions } from "../../src/sim/World.js"

/**
 * Somebody who takes part. The same in every run, as key pairs are what costs most and nothing depends on which they
 * are.
 */
export interface Person {
  readonly name: string
  readonly endpoint: Endpoint
  readonly identity: Identity.Identity
  readonly record: PeerRecord.PeerRecord
  readonly signed: Uint8Array
  readonly id: PeerId
}

/** One thing that a person does, `pauseMs` after the one before it. */
export interface Action {
  readonly pauseMs: number
  readonly what:
    | { readonly _tag: "Invite" | "Admit"; readonly introduction: Introduction }
    | { readonly _tag: "Send"; readonly to: PeerId; readonly text: string }
}

/** All that a seed decides: the network, who takes part, and what they do when. */
export interface Script {
  readonly world: WorldOptions
  readonly people: ReadonlyArray<{ readonly person: Person; readonly actions: ReadonlyArray<Action> }>
  /** A fresh stream of a person's random bytes, the same at each call. */
  readonly entropy: (person: Person) => Rng
}

export const write = (seed: number): Script => {
  const rng = new Rng(seed).fork("script")
  const people = CAST.slice(0, rng.between(2, CAST.length))
  const timed = new Map(people.map((person) => [person, [] as Array<{ at: number; what: Action["what"] }>]))
  const plan = (person: Person, [from, to]: readonly [number, number], what: Action["what"]) =>
    timed.get(person)!.push({ at: rng.between(from, to), what })

  let channels = 0
  for (const from of people) {
    for (const to of people) {
      if (from === to) continue
      const channel = ++channels
      plan(from, INTRODUCED, { _tag: "Invite", introduction: introduction(to, channel) })
      plan(to, INTRODUCED, { _tag: "Admit", introduction: introduction(from, channel) })
      const lines = rng.between(1, MAX_LINES)
      for (let i = 0; i < lines; i++) {
        const length = rng.chance(0.2) ? rng.below(LONG_TEXT) : rng.below(SHORT_TEXT)
        plan(from, TALK, { _tag: "Send", to: to.id, text: `${from.name} ${i} ${"x".repeat(length)}` })
      }
    }
  }
  const entropy = new Rng(seed).fork("entropy")
  const link = {
    latencyMs: rng.between(1, 120),
    jitterMs: rng.between(0, 60),
    loss: rng.below(100) / 1000,
    duplicate: rng.below(100) / 1000
  }
  return {
    // From wall time 0 on, a division of virtual microseconds gives the very number that a program's clock does.
    world: { seed, link, order: seed % 2 === 0 ? "fifo" : "random", epoch: 0 },
    people: people.map((person) => ({ person, actions: paced(timed.get(person)!) })),
    entropy: (person) => entropy.fork(person.name)
  }
}

/** What each is to have been shown of each other, in order. */
export const expected = ({ people }: Script, reader: Person, writer: Person): ReadonlyArray<string> =>
  people
    .find(({ person }) => person === writer)!
    .actions.flatMap(({ what }) => (what._tag === "Send" && what.to === reader.id ? [what.text] : []))

/** Virtual ms of one run: after the talk, time to send again what was lost, many times over. */
export const LENGTH_MS = 30_000

const paced = (timed: Array<{ at: number; what: Action["what"] }>): ReadonlyArray<Action> => {
  timed.sort((a, b) => a.at - b.at)
  return timed.map(({ at, what }, i) => ({ pauseMs: (at - (timed[i - 1]?.at ?? 0)) / 1000, what }))
}

const introduction = (of: Person, channel: number): Introduction => ({
  channel: channelIdOf(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, channel)),
  pairKey: new Uint8Array(32).fill(channel),
  record: of.record,
  candidates: [of.endpoint]
})

const person = (name: string, index: number): Person => {
  const identity = Identity.fromSeed(crypto, new Uint8Array(32).fill(index + 1))
  const record = {
    nick: name,
    identity: identity.signKeys.publicKey,
    staticKey: identity.staticKeys.publicKey,
    sequence: 1,
    expiry: 2_000_000_000_000
  }
  return {
    name,
    endpoint: make(`203.0.113.${index + 1}`, 4000)!,
    identity,
    record,
    signed: PeerRecord.sign(crypto, identity.signKeys.secretKey, record)!,
    id: peerIdOf(identity.signKeys.publicKey)
  }
}

const CAST = ["ada", "bo", "cy"].map(person)

/** Microseconds: the introductions come in any order, and are all there before the talk begins. */
const INTRODUCED = [0, 500_000] as const
const TALK = [500_001, 6_000_000] as const

/** Enough for a loss in most conversations. */
const MAX_LINES = 8
/** Bytes: within a packet, and several packets. */
const SHORT_TEXT = 80
const LONG_TEXT = 4000
