import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { ClientApi } from "../client/Client.js"

/** Leaves in order when interrupted. What was typed last gets half a second, as whoever sent the signal waits. */
export const goodbye =
  (client: ClientApi) =>
  <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.onInterrupt(program, () => unhurried(client.exit(LINGER)))

/** Milliseconds for last words. */
export const LINGER = 500

/** Runs in a finalizer what has time-outs of its own: an interrupted fiber could not wait for them. */
export const unhurried = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<void, never, R> =>
  Effect.forkDaemon(Effect.interruptible(effect)).pipe(Effect.flatMap(Fiber.await), Effect.asVoid)
