import * as Effect from "effect/Effect"
import { Layout } from "../../core/files/Layout.js"
import type { Place } from "../../core/files/Machines.js"
import { Scan } from "../../core/files/Scan.js"
import type { Crypto } from "../../domain/Crypto.js"

/**
 * Reads a content from front to back, and knows the hash of each chunk then. `read` gives nothing for what is not
 * there.
 */
export const scan = <E>(
  crypto: Crypto,
  entries: ReadonlyArray<{ readonly size: number }>,
  read: (place: Place) => Effect.Effect<Uint8Array | undefined, E>,
  onScanned: (bytes: number) => void
): Effect.Effect<Scan, E> =>
  Effect.gen(function* () {
    const machine = new Scan(crypto, new Layout(entries))
    for (let place = machine.poll(); place !== undefined; place = machine.poll()) {
      machine.handleRead(yield* read(place))
      onScanned(machine.scanned)
    }
    return machine
  })
