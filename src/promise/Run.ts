import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { closed } from "../core/client/ErrorTexts.js"
import type { CallOptions } from "./Api.js"

/**
 * Runs an effect as a promise that rejects with the very error: what a failure of Effect wraps around it is nothing
 * that `instanceof` and `_tag` find their way through.
 */
export const run = async <A, E>(effect: Effect.Effect<A, E>, { signal }: CallOptions = {}): Promise<A> => {
  signal?.throwIfAborted()
  const exit = await Effect.runPromiseExit(effect, signal === undefined ? {} : { signal })
  if (Exit.isSuccess(exit)) return exit.value
  if (!Cause.isInterruptedOnly(exit.cause)) throw Cause.squash(exit.cause)
  // Nobody else interrupts a call but a client that goes.
  throw signal?.aborted === true ? signal.reason : closed()
}
