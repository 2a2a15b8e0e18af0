import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { ClientApi } from "../client/Client.js"
import * as Client from "../client/Client.js"
import type { ClientOptions } from "../client/ClientOptions.js"
import { ProgramError } from "./ProgramError.js"

/** How the programs begin and end with a client. */

/** A client, or the one line that says why there is none. */
export const open = (
  options: ClientOptions
): Effect.Effect<ClientApi, ProgramError, Client.ClientServices | Scope.Scope> =>
  Effect.mapError(Client.make(options), ({ message }) => new ProgramError({ message }))

/**
 * Leaves in order when `program` is interrupted. What was typed last gets half a second, as the person who sent the
 * signal waits for the end.
 */
export const goodbye =
  (client: ClientApi) =>
  <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.onInterrupt(program, () => unhurried(client.exit(LINGER)))

/** Milliseconds for last words. */
export const LINGER = 500
/**
 * The same after a file errand, where the other side would wait in vain for an end that it has not heard of: twice the
 * time after which the slowest paths send again what was lost.
 */
export const LAST_WORDS = 4_000

/** Runs an effect with time-outs of its own in a finalizer: an interrupted fiber could not wait for them. */
export const unhurried = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<void, never, R> =>
  Effect.forkDaemon(Effect.interruptible(effect)).pipe(Effect.flatMap(Fiber.await), Effect.asVoid)
