import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import * as Nickname from "../../../src/domain/Nickname.js"
import type { Claim, Registration, VerifiedIdentity } from "../../../src/domain/Registration.js"
import { SessionId } from "../../../src/domain/Registration.js"
import { type ClaimAnswer, type FindAnswer, Registry, type RegistryEvent } from "../../../src/services/Registry.js"
import { fingerprint } from "../../support/ids.js"
import type { Subject } from "./Suite.js"

/** How the registry under test was made. */
export interface RegistrySetup {
  /** ms a nickname is held: the suite waits for it once, and has four things to do before it is over. */
  readonly graceMs: number
  /** Room for as many nicknames. */
  readonly maxNames: number
  /** The one nickname that is reserved. */
  readonly reserved: string
}

/** Every guarantee of `Registry`, on one that is empty at the beginning of each test. */
export const suite = (name: string, setup: RegistrySetup, { run }: Subject<Registry>): void => {
  const test = (title: string, body: (names: Names) => Effect.Effect<void, unknown, Scope.Scope>) =>
    it(title, () => run(Effect.flatMap(Registry, (registry) => body(new Names(registry)))))

  describe(`Registry on ${name}`, () => {
    test("gives a nickname to one session, and no other that is, or looks, the same", (names) =>
      Effect.gen(function* () {
        const alice = yield* names.claims("1", "alice")
        expect(alice).toMatchObject({ session: "1", nickname: { text: "alice" }, endpoints: ["192.0.2.1:1"] })
        expect(alice.resume).not.toBe("")
        for (const other of ["alice", "ALICE", "\u0430lice", "AIice"]) {
          const refused = yield* names.claim("2", other)
          expect(refused).toMatchObject({ _tag: "Refused", refusal: { _tag: "NickTaken" } })
          if (refused._tag !== "Refused" || refused.refusal._tag !== "NickTaken") continue
          expect(refused.refusal.suggestions.length).toBeLessThanOrEqual(3)
          for (const free of refused.refusal.suggestions) expect(free).not.toBe("alice")
        }
        expect(yield* names.claim("2", setup.reserved)).toMatchObject({ refusal: { _tag: "NickReserved" } })
        expect(yield* names.find("alice")).toEqual({ _tag: "Found", registration: alice })
        expect(yield* names.find("bob")).toEqual({ _tag: "Nobody" })
        expect(names.registry.names()).toBe(1)
      }))

    test("tells subscribers of everybody who is there, and then of every change in its order", (names) =>
      Effect.gen(function* () {
        const alice = yield* names.claims("1", "alice")
        const told = yield* names.told()
        expect(told).toEqual([{ _tag: "Owned", registration: shown(alice) }])
        const changed = yield* names.claims("1", "Alice")
        const bob = yield* names.claims("1", "bob")
        names.registry.update(SessionId.make("1"), { address: "192.0.2.9:1", endpoints: ["192.0.2.9:9"] })
        names.registry.release(SessionId.make("1"), false)
        names.registry.update(SessionId.make("1"), { address: "", endpoints: [] })
        names.registry.release(SessionId.make("1"), false)
        yield* names.until(() => told.length >= 6)
        expect(told.slice(1)).toEqual([
          { _tag: "Owned", registration: shown(changed) },
          { _tag: "Freed", key: "alice" },
          { _tag: "Owned", registration: shown(bob) },
          { _tag: "Owned", registration: { ...shown(bob), address: "192.0.2.9:1", endpoints: ["192.0.2.9:9"] } },
          { _tag: "Freed", key: "bob" }
        ])
      }))

    test("has told the subscribers of a claim when it answers, and of nothing after their scope has closed", (names) =>
      Effect.gen(function* () {
        const told: Array<RegistryEvent> = []
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* names.told(told)
            yield* names.claims("1", "alice", {}, () => expect(told).toHaveLength(1))
          })
        )
        yield* names.claims("2", "bob")
        expect(told).toHaveLength(1)
      }))

    test("lets every claim of a nickname have a greater epoch", (names) =>
      Effect.gen(function* () {
        let epoch = Number.NEGATIVE_INFINITY
        for (let round = 0; round < 5; round++) {
          const { epoch: next } = yield* names.claims(String(round), "alice", { identity: identity("a") })
          expect(next).toBeGreaterThan(epoch)
          epoch = next
          if (round % 2 === 0) names.registry.release(SessionId.make(String(round)), round === 0)
        }
        names.registry.update(SessionId.make("3"), { address: "", endpoints: ["192.0.2.9:9"] })
        expect(yield* names.find("alice")).not.toMatchObject({ registration: { epoch: epoch + 1 } })
      }))

    test("holds the nickname of a lost session for its owner, for the grace time", (names) =>
      Effect.gen(function* () {
        yield* names.claims("1", "alice", { identity: identity("a") })
        const anonymous = yield* names.claims("2", "bob")
        names.registry.release(SessionId.make("1"), true)
        names.registry.release(SessionId.make("2"), true)
        expect(yield* names.find("alice")).toEqual({ _tag: "Nobody" })
        expect(yield* names.claim("3", "alice")).toMatchObject({ refusal: { _tag: "NickTaken" } })
        expect(yield* names.claim("3", "alice", { identity: identity("b") })).toMatchObject({ _tag: "Refused" })
        expect(yield* names.claim("3", "bob", { resume: "another" })).toMatchObject({ _tag: "Refused" })
        yield* names.claims("4", "alice", { identity: identity("a") })
        yield* names.claims("5", "bob", { resume: anonymous.resume })
        names.registry.release(SessionId.make("4"), true)
        const from = Date.now()
        yield* names.eventually(
          () => names.claim("6", "alice"),
          ({ _tag }) => _tag === "Claimed"
        )
        expect(Date.now() - from).toBeGreaterThanOrEqual(setup.graceMs - SLACK)
      }))

    test("gives a living nickname to the newest session of its owner, and tells the older one", (names) =>
      Effect.gen(function* () {
        const told = yield* names.told()
        const first = yield* names.claims("1", "alice", { identity: identity("a") })
        expect(yield* names.claim("2", "alice", { identity: identity("b") })).toMatchObject({ _tag: "Refused" })
        const second = yield* names.claims("2", "alice", { identity: identity("a") })
        names.registry.release(SessionId.make("1"), true)
        expect(told).toEqual([
          { _tag: "Owned", registration: shown(first) },
          { _tag: "Replaced", session: "1" },
          { _tag: "Owned", registration: shown(second) }
        ])
        expect(yield* names.find("alice")).toEqual({ _tag: "Found", registration: second })
      }))

    test("changes nothing when it refuses", (names) =>
      Effect.gen(function* () {
        const alice = yield* names.claims("1", "alice")
        yield* names.claims("2", "bob")
        const told = yield* names.told()
        told.length = 0
        expect(yield* names.claim("1", "bob")).toMatchObject({ _tag: "Refused" })
        expect(yield* names.find("alice")).toEqual({ _tag: "Found", registration: alice })
        expect(told).toEqual([])
      }))

    test("has a bounded number of nicknames, the held ones of strangers first to go", (names) =>
      Effect.gen(function* () {
        for (let i = 0; i < setup.maxNames; i++) yield* names.claims(String(i), `nick${i}`)
        expect(yield* names.claim("x", "late")).toMatchObject({ _tag: "Refused", refusal: { _tag: "Busy" } })
        names.registry.release(SessionId.make("0"), true)
        yield* names.claims("x", "late")
        expect(names.registry.names()).toBe(setup.maxNames)
      }))

    test("never lets two have the same, however many ask at once", (names) =>
      Effect.gen(function* () {
        const answers = yield* Effect.all(
          Array.from({ length: 20 }, (_, i) => names.claim(String(i), i % 2 === 0 ? "alice" : "AIice")),
          { concurrency: "unbounded" }
        )
        expect(answers.filter(({ _tag }) => _tag === "Claimed")).toHaveLength(1)
      }))
  })
}

/** The calls as effects. */
class Names {
  readonly registry: typeof Registry.Service

  constructor(registry: typeof Registry.Service) {
    this.registry = registry
  }

  claim(session: string, nick: string, more: Partial<Claim> = {}, onAnswer = () => {}): Effect.Effect<ClaimAnswer> {
    const claim = {
      session: SessionId.make(session),
      nickname: nickname(nick),
      address: "192.0.2.1:1",
      endpoints: ["192.0.2.1:1"],
      ...more
    }
    return Effect.async((resume) =>
      this.registry.claim(claim, (answer) => {
        onAnswer()
        resume(Effect.succeed(answer))
      })
    )
  }

  /**
   * What subscribers are told from now on, without the versions, which have to grow, and the tokens, which are for the
   * owners alone.
   */
  told(told: Array<RegistryEvent> = []): Effect.Effect<Array<RegistryEvent>, never, Scope.Scope> {
    let last = Number.NEGATIVE_INFINITY
    const handle = (event: RegistryEvent) => {
      if ("version" in event && event.version !== undefined) {
        expect(event.version).toBeGreaterThanOrEqual(last)
        last = event.version
      }
      if (event._tag === "Owned") told.push({ _tag: event._tag, registration: shown(event.registration) })
      else if (event._tag === "Freed") told.push({ _tag: event._tag, key: event.key })
      else told.push(event)
    }
    return Effect.as(this.registry.subscribe(handle), told)
  }

  /** A claim that must be granted. */
  claims(...claim: Parameters<Names["claim"]>): Effect.Effect<Registration> {
    return Effect.map(this.claim(...claim), (answer) => {
      if (answer._tag !== "Claimed") throw new Error(`refused: ${JSON.stringify(answer)}`)
      return answer.registration
    })
  }

  find(nick: string): Effect.Effect<FindAnswer> {
    return Effect.async((resume) => this.registry.find(Nickname.key(nick), (answer) => resume(Effect.succeed(answer))))
  }

  until(condition: () => boolean): Effect.Effect<void> {
    return this.eventually(
      () => Effect.sync(condition),
      (met) => met
    )
  }

  eventually<A>(attempt: () => Effect.Effect<A>, met: (result: A) => boolean): Effect.Effect<void> {
    return Effect.suspend(attempt).pipe(
      Effect.flatMap((result) =>
        met(result) ? Effect.void : Effect.zipRight(Effect.sleep("5 millis"), this.eventually(attempt, met))
      )
    )
  }
}

const shown = (registration: Registration): Registration => ({ ...registration, resume: "" })

const nickname = (text: string): Nickname.Nickname => Either.getOrThrow(Nickname.parse(text))

const identity = (name: string): VerifiedIdentity => ({
  key: `key-${name}`,
  fingerprint: fingerprint(`print-${name}`),
  record: `record-${name}`
})

/** ms by which two clocks of one machine may disagree. */
const SLACK = 5
