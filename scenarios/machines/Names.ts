import * as Either from "effect/Either"
import { Directory } from "../../src/core/rendezvous/Directory.js"
import { RegistryMachine } from "../../src/core/rendezvous/RegistryMachine.js"
import type { Fingerprint } from "../../src/domain/Fingerprint.js"
import * as Nickname from "../../src/domain/Nickname.js"
import { SessionId, type VerifiedIdentity } from "../../src/domain/Registration.js"
import { Rng } from "../../src/sim/kernel/Rng.js"

/**
 * The server's nicknames (`RegistryMachine`), and a node's copy of who is here (`Directory`), beside a naive model: a
 * list of registrations, searched from end to end. Sessions claim nicknames that are, or look, the same, with an
 * identity or without, show tokens of others, come back, are lost and say goodbye, and held ones make room.
 *
 * Each answer has to be the model's, nobody but an owner may get a nickname or one that looks like it (law 1), and what
 * watchers are told has to add up to the list, without a gap.
 */
export const names = (seed: number): string | undefined => {
  const rng = new Rng(seed).fork("names")
  const names = new Names(rng.pick([2, 4, 6]))
  for (let left = rng.between(5, STEPS); left > 0 && names.problem === undefined; left--) {
    names.step(rng)
    names.compare()
  }
  return names.problem
}

interface Owned {
  readonly session: SessionId
  readonly nick: Nickname.Nickname
  readonly owner: string | undefined
  readonly resume: string
  heldUntil: number | undefined
  /** In the order of the releases. */
  heldSince: number
}

class Names {
  problem: string | undefined
  readonly #machine: RegistryMachine
  readonly #directory = new Directory()
  /** By key, what those who watch have been told. */
  readonly #watched = new Map<string, string>()
  #version = 0
  #owned: Array<Owned> = []
  #now = 0
  #claims = 0
  #releases = 0

  constructor(private readonly maxNames: number) {
    this.#machine = new RegistryMachine({ graceMs: GRACE_MS, maxNames, reserved: ["server"] })
  }

  step(rng: Rng): void {
    const session = rng.pick(SESSIONS)
    const dice = rng.unit()
    if (dice < 0.2) this.#wait(rng.below(50_000))
    else if (dice < 0.3) this.#machine.update(session, { address: "192.0.2.1:1", endpoints: ["192.0.2.9:9"] })
    else if (dice < 0.5) this.#release(session, rng.chance(0.5))
    else {
      const shown = rng.chance(0.5) ? undefined : `resume${rng.below(20)}`
      this.#claim(session, rng.pick(NICKS), rng.pick([undefined, "A", "B"]), shown)
    }
  }

  compare(): void {
    this.#hear()
    const live = this.#owned.filter(({ heldUntil }) => heldUntil === undefined)
    const expected = textOf(live.map(({ nick }) => nick.text))
    const told = textOf([...this.#watched.values()])
    if (told !== expected) this.#fail(`watchers know of ${told}, where ${expected} are here`)
    const living = textOf([...this.#machine.living()].map(({ nickname }) => nickname.text))
    if (living !== expected) this.#fail(`${living} are here, where ${expected} should be`)
    if (this.#directory.size !== live.length || this.#directory.version !== this.#version)
      this.#fail(`the list has ${this.#directory.size} in version ${this.#directory.version}`)
    if (this.#machine.names !== this.#owned.length)
      this.#fail(`${this.#machine.names} nicknames are kept, where ${this.#owned.length} should be`)
    for (const [i, one] of live.entries()) {
      if (live.slice(i + 1).some(({ nick }) => clash(one.nick, nick))) this.#fail(`law 1: two have ${one.nick.text}`)
      if (this.#machine.find(one.nick.key)?.session !== one.session) this.#fail(`${one.nick.text} is not found`)
    }
  }

  #wait(ms: number): void {
    this.#now += ms
    this.#machine.handleTimeout(this.#now)
    this.#endGrace()
  }

  #endGrace(): void {
    this.#owned = this.#owned.filter(({ heldUntil }) => heldUntil === undefined || heldUntil > this.#now)
  }

  #release(session: SessionId, hold: boolean): void {
    this.#machine.release(session, hold, this.#now)
    for (const one of this.#owned) {
      if (one.session !== session || one.heldUntil !== undefined) continue
      one.heldUntil = this.#now + (hold ? GRACE_MS : 0)
      one.heldSince = ++this.#releases
    }
    this.#endGrace()
  }

  #claim(session: SessionId, nick: Nickname.Nickname, owner: string | undefined, shown: string | undefined): void {
    const resume = `resume${++this.#claims}`
    const claim = { session, nickname: nick, address: "192.0.2.1:1", endpoints: [] }
    const identity = owner === undefined ? undefined : IDENTITIES[owner]
    const result = this.#machine.claim({ ...claim, identity, resume: shown }, resume, this.#now)
    const answer = "session" in result ? `${result.session} ${result.resume}` : result._tag
    const expected = this.#answer(session, nick, owner, shown, resume)
    if (answer !== expected) this.#fail(`a claim of ${nick.text} is answered by ${answer}, where ${expected} is right`)
  }

  /** What the model says to a claim; a nickname that it grants is the session's from then on. */
  #answer(
    session: SessionId,
    nick: Nickname.Nickname,
    owner: string | undefined,
    shown: string | undefined,
    resume: string
  ): string {
    const isMine = (one: Owned) => one.session === session && one.heldUntil === undefined
    const inTheWay = this.#owned.filter((one) => clash(one.nick, nick))
    const isAllowed = inTheWay.every(
      (one) => isMine(one) || (one.owner === undefined ? one.resume === shown : one.owner === owner)
    )
    if (!isAllowed) return "NickTaken"
    const rest = this.#owned.filter((one) => !isMine(one) && !inTheWay.includes(one))
    const isFull = rest.length >= this.maxNames
    const victim = isFull ? rest.filter((one) => makesRoom(one, owner)).sort(byWorth)[0] : undefined
    if (isFull && victim === undefined) return "Busy"
    this.#owned = rest.filter((one) => one !== victim)
    this.#owned.push({ session, nick, owner, resume, heldSince: 0, heldUntil: undefined })
    return `${session} ${resume}`
  }

  /** What the machine tells, as a node hears it, and what the node tells those who watch. */
  #hear(): void {
    for (let event = this.#machine.pollEvent(); event !== undefined; event = this.#machine.pollEvent()) {
      if (event._tag === "Replaced") continue
      const change =
        event._tag === "Owned" ? this.#directory.put(event.registration) : this.#directory.remove(event.key)
      if (change === undefined) continue
      const { key, text } = change.registration.nickname
      if (change.version !== ++this.#version) this.#fail(`version ${change.version} follows ${this.#version - 1}`)
      if (this.#watched.has(key) !== (change._tag !== "Joined")) this.#fail(`${change._tag} is told of ${text}`)
      if (change._tag === "Left") this.#watched.delete(key)
      else this.#watched.set(key, text)
    }
  }

  #fail(what: string): void {
    this.problem ??= what
  }
}

const makesRoom = ({ heldUntil, owner }: Owned, claimant: string | undefined): boolean =>
  heldUntil !== undefined && (claimant !== undefined || owner === undefined)

/** Anonymous ones go first, then those who have been held for longest. */
const byWorth = (left: Owned, right: Owned): number =>
  Number(left.owner !== undefined) - Number(right.owner !== undefined) || left.heldSince - right.heldSince

const clash = (left: Nickname.Nickname, right: Nickname.Nickname): boolean =>
  left.key === right.key || left.lookalike === right.lookalike

const textOf = (nicks: Array<string>): string => nicks.sort().join()

const identityOf = (name: string): VerifiedIdentity => ({
  key: `key-${name}`,
  fingerprint: `fingerprint-${name}` as Fingerprint,
  record: `record-${name}`
})

const NICKS = ["alice", "Alice", "AIice", "bob", "b0b", "carol", "ian", "lan", "Ian", "dave", "eve"].map((text) =>
  Either.getOrThrow(Nickname.parse(text))
)
const SESSIONS = ["1", "2", "3", "4", "5"].map((text) => SessionId.make(text))
const IDENTITIES: Readonly<Record<string, VerifiedIdentity>> = { A: identityOf("A"), B: identityOf("B") }
const STEPS = 60
const GRACE_MS = 60_000
