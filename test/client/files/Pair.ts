import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { ClientOptions } from "../../../src/client/ClientOptions.js"
import type { Transfer, TransferState } from "../../../src/core/client/Transfer.js"
import type { Person, World } from "../World.js"

/** Two people who have asked for each other. */
export const pair = (world: World, options: { readonly bob?: ClientOptions; readonly bobReads?: boolean } = {}) =>
  Effect.gen(function* () {
    yield* world.server()
    const alice = yield* world.person("alice")
    const bob = yield* world.person("bob", {
      ...(options.bob && { more: options.bob }),
      ...(options.bobReads === false && { reads: false })
    })
    for (const { disk } of [alice, bob]) disk.delayMs = DISK_MS
    yield* meet(alice, bob)
    return { alice, bob }
  })

/** On a network that takes no time, this is what makes a transfer last. */
const DISK_MS = 20

/** Both ask for each other; whoever was cut off may not be back at the server yet. */
export const meet = (alice: Person, bob: Person) =>
  Effect.gen(function* () {
    yield* alice.client
      .query("bob")
      .pipe(
        Effect.retry({ while: ({ _tag }) => _tag === "NoSuchPeer", schedule: Schedule.spaced("1 second"), times: 60 })
      )
    yield* bob.client.query("alice")
    yield* alice.next("Mutual")
  })

/** Waits until a transfer of this person is in one of these states; the latest news of it counts. */
export const until = (person: Person, matches: (transfer: Transfer) => boolean): Effect.Effect<Transfer, Error> =>
  Effect.gen(function* () {
    const found = yield* Deferred.make<Transfer>()
    const stop = person.watch(() => {
      const transfer = latest(person).find(matches)
      if (transfer !== undefined) Deferred.unsafeDone(found, Effect.succeed(transfer))
    })
    return yield* Deferred.await(found).pipe(
      Effect.timeoutFail({
        duration: Duration.minutes(10),
        onTimeout: () => new Error(`not so in ${JSON.stringify(latest(person), undefined, 1)}`)
      }),
      Effect.ensuring(Effect.sync(stop))
    )
  })

export const untilState = (person: Person, state: TransferState, id?: string) =>
  until(person, (transfer) => transfer.state === state && (id === undefined || transfer.id === id))

/** The last that was told of each transfer. */
export const latest = (person: Person): ReadonlyArray<Transfer> => {
  const all = new Map<string, Transfer>()
  for (const event of person.log) if (event._tag === "Transfer") all.set(event.transfer.id, event.transfer)
  return [...all.values()]
}

/** `length` bytes in which no two places look the same. */
export const bytes = (length: number, seed = 1): Uint8Array => {
  const out = new Uint8Array(length)
  let state = seed
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    out[at] = state >>> 24
  }
  return out
}

/** `toEqual` takes a second for each megabyte. */
export const isSame = (left: Uint8Array | undefined, right: Uint8Array): boolean =>
  left !== undefined && Buffer.compare(left, right) === 0

/** How each transfer stands, as far as it was told. */
export const states = (person: Person): ReadonlyArray<TransferState> => latest(person).map(({ state }) => state)
