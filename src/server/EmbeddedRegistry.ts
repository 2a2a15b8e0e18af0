import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { KeptNames } from "../core/rendezvous/KeptNames.js"
import { type RegistryLimits, RegistryMachine } from "../core/rendezvous/RegistryMachine.js"
import * as Bytes from "../protocol/Bytes.js"
import * as Alarm from "../services/Alarm.js"
import { Entropy } from "../services/Entropy.js"
import { Registry, type RegistryEvent } from "../services/Registry.js"
import type { Store, StoreError } from "../services/Store.js"
import * as Time from "../services/Time.js"
import * as NamesFile from "./NamesFile.js"

/** A registry in this process, for one server: it answers at once, and is never `Unavailable`. */
export const layer = (limits: RegistryLimits): Layer.Layer<Registry, never, Entropy> =>
  Layer.scoped(Registry, make(limits, undefined))

/** The same, with the nicknames of identities kept in this file of the store, over restarts. */
export const layerKeeping = (
  limits: RegistryLimits,
  file: string,
  release: ReadonlyArray<string> = []
): Layer.Layer<Registry, StoreError, Entropy | Store> =>
  Layer.scoped(
    Registry,
    Effect.flatMap(NamesFile.open(file, release), (kept) => make(limits, kept))
  )

const make = (
  limits: RegistryLimits,
  kept: KeptNames | undefined
): Effect.Effect<typeof Registry.Service, never, Entropy | Scope.Scope> =>
  Effect.gen(function* () {
    const entropy = yield* Entropy
    const time = yield* Time.make
    const machine = new RegistryMachine(limits, kept)
    const subscribers = new Set<(event: RegistryEvent) => void>()
    let due: number | undefined
    const alarm = yield* Alarm.make((now) => {
      // The process stood still, and no owner could come back meanwhile: they get the time once more.
      if (due !== undefined && now - due > LATE_MS) {
        due = now + limits.graceMs
        alarm.set(due)
        return
      }
      machine.handleTimeout(now)
      drain()
    })

    const drain = () => {
      for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) {
        for (const handle of subscribers) handle(event)
      }
      due = machine.pollTimeout()
      alarm.set(due)
    }

    return {
      claim: (claim, done) => {
        const resume = Bytes.toBase64Url(entropy.bytes(RESUME_BYTES))
        const result = machine.claim(claim, resume, time.wall())
        drain()
        done("_tag" in result ? { _tag: "Refused", refusal: result } : { _tag: "Claimed", registration: result })
      },
      release: (session, hold) => {
        machine.release(session, hold, time.monotonic())
        drain()
      },
      update: (session, where) => {
        machine.update(session, where)
        drain()
      },
      find: (key, done) => {
        const registration = machine.find(key)
        done(registration === undefined ? { _tag: "Nobody" } : { _tag: "Found", registration })
      },
      subscribe: (handle) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            for (const registration of machine.living()) handle({ _tag: "Owned", registration })
            subscribers.add(handle)
          }),
          () => Effect.sync(() => subscribers.delete(handle))
        ),
      forget: (nickname, done) => done(kept?.release(nickname) === true),
      knows: (identity) => kept?.knows(identity) === true,
      names: () => machine.names,
      reachable: () => true
    }
  })

/** ms by which an alarm is late when the process stood still rather than had much to do. */
const LATE_MS = 5_000

/** Not to be guessed: 128 bits. */
const RESUME_BYTES = 16
