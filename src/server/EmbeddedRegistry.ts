import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type RegistryLimits, RegistryMachine } from "../core/rendezvous/RegistryMachine.js"
import * as Bytes from "../protocol/Bytes.js"
import * as Alarm from "../services/Alarm.js"
import { Entropy } from "../services/Entropy.js"
import { Registry, type RegistryEvent } from "../services/Registry.js"
import * as Time from "../services/Time.js"

/** A registry in this process, for one server: it answers at once, and is never `Unavailable`. */
export const layer = (limits: RegistryLimits): Layer.Layer<Registry, never, Entropy> =>
  Layer.scoped(
    Registry,
    Effect.gen(function* () {
      const entropy = yield* Entropy
      const time = yield* Time.make
      const machine = new RegistryMachine(limits)
      const subscribers = new Set<(event: RegistryEvent) => void>()
      const alarm = yield* Alarm.make((now) => {
        machine.handleTimeout(now)
        drain()
      })

      const drain = () => {
        for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) {
          for (const handle of subscribers) handle(event)
        }
        alarm.set(machine.pollTimeout())
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
        update: (session, endpoints) => {
          machine.update(session, endpoints)
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
        names: () => machine.names
      }
    })
  )

/** Not to be guessed: 128 bits. */
const RESUME_BYTES = 16
