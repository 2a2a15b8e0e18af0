import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import type { TransferState } from "../../../src/core/client/Transfer.js"
import type { TransferId } from "../../../src/core/files/Content.js"
import type { Person, World } from "../World.js"
import { bytes, pair, until, untilState } from "./Pair.js"

/** A transfer that is about to end. */
export interface Ctx {
  readonly alice: Person
  readonly bob: Person
  readonly id: TransferId
  /** Where its bytes come as a stream: ends the consumer, with a failure or without. */
  readonly stop: (how: "fails" | "leaves") => Effect.Effect<void>
}

/** One way in which a transfer ends on one side, and what both sides read then. */
export interface Row {
  readonly name: string
  readonly by: "alice" | "bob"
  /** How far it is: some bytes are there, or it was only offered; under way to a file or to a consumer. */
  readonly stage: "offered" | "flowing" | "streaming"
  readonly act: (ctx: Ctx) => Effect.Effect<unknown, unknown>
  /** What the side reads that ends it. */
  readonly own: { readonly state: TransferState; readonly message?: string }
  /** What the other side reads. */
  readonly other: { readonly state: TransferState; readonly message: string }
  /** Nobody notices before bytes are to move: with the link down it has not ended yet. */
  readonly unnoticed?: true
  /** The conversation is over as well: whoever wants to be told has to be asked again. */
  readonly parting?: true
}

/** The sender ends it. */
const sending: ReadonlyArray<Row> = [
  {
    name: "the sender cancels",
    by: "alice",
    stage: "flowing",
    act: ({ alice, id }) => alice.client.files.cancel(id),
    own: { state: "cancelled" },
    other: { state: "cancelled", message: "alice has cancelled it" }
  },
  {
    name: "the sender takes the offer back",
    by: "alice",
    stage: "offered",
    act: ({ alice, id }) => alice.client.files.cancel(id),
    own: { state: "cancelled" },
    other: { state: "cancelled", message: "alice has cancelled it" }
  },
  {
    name: "the sender leaves the conversation",
    by: "alice",
    stage: "flowing",
    act: ({ alice }) => alice.client.leave("bob"),
    own: { state: "cancelled" },
    other: { state: "cancelled", message: "alice has cancelled it" },
    parting: true
  },
  {
    name: "the sender's patience ends",
    by: "alice",
    stage: "flowing",
    act: ({ alice, id }) => alice.client.files.cancel(id, "TimedOut"),
    own: { state: "cancelled" },
    other: { state: "failed", message: "alice waited too long for it to move on" }
  },
  {
    name: "the sender's patience ends before an answer",
    by: "alice",
    stage: "offered",
    act: ({ alice, id }) => alice.client.files.cancel(id, "TimedOut"),
    own: { state: "cancelled" },
    other: { state: "failed", message: "alice waited too long for it to move on" }
  },
  {
    name: "the source changes",
    by: "alice",
    stage: "flowing",
    act: ({ alice }) => Effect.sync(() => alice.files.put("film.mp4", bytes(SIZE, 7))),
    own: { state: "failed", message: "/home/film.mp4 has changed since it was offered" },
    other: { state: "failed", message: "it has changed at alice's since it was offered" },
    unnoticed: true
  },
  {
    name: "the source is removed",
    by: "alice",
    stage: "flowing",
    act: ({ alice }) => Effect.sync(() => alice.files.remove("film.mp4")),
    own: { state: "failed", message: "cannot read /home/film.mp4: it does not exist" },
    other: { state: "failed", message: "alice cannot read it any more" },
    unnoticed: true
  },
  {
    name: "the source cannot be read",
    by: "alice",
    stage: "flowing",
    act: ({ alice }) => Effect.sync(() => alice.files.unreadable.add("/home/film.mp4")),
    own: { state: "failed", message: "cannot read /home/film.mp4: i/o error" },
    other: { state: "failed", message: "alice cannot read it any more" },
    unnoticed: true
  }
]

/** The receiver ends it. */
const receiving: ReadonlyArray<Row> = [
  {
    name: "the receiver declines",
    by: "bob",
    stage: "offered",
    act: ({ bob, id }) => bob.client.files.decline(id),
    own: { state: "declined" },
    other: { state: "declined", message: "bob does not want it" }
  },
  {
    name: "the receiver cancels",
    by: "bob",
    stage: "flowing",
    act: ({ bob, id }) => bob.client.files.cancel(id),
    own: { state: "cancelled" },
    other: { state: "cancelled", message: "bob has cancelled it" }
  },
  {
    name: "the receiver leaves the conversation",
    by: "bob",
    stage: "flowing",
    act: ({ bob }) => bob.client.leave("alice"),
    own: { state: "cancelled" },
    other: { state: "cancelled", message: "bob has cancelled it" },
    parting: true
  },
  {
    name: "the receiver's patience ends",
    by: "bob",
    stage: "flowing",
    act: ({ bob, id }) => bob.client.files.cancel(id, "TimedOut"),
    own: { state: "cancelled" },
    other: { state: "failed", message: "bob waited too long for it to move on" }
  },
  {
    name: "the receiver's disk is full",
    by: "bob",
    stage: "flowing",
    act: ({ bob }) =>
      Effect.sync(() => {
        bob.disk.capacity = bob.disk.used()
      }),
    own: { state: "failed", message: "no space left to write to" },
    other: { state: "failed", message: "bob has no space left for it" },
    unnoticed: true
  },
  {
    name: "the receiver's folder is removed",
    by: "bob",
    stage: "flowing",
    act: ({ bob }) => Effect.sync(() => bob.files.remove("/home")),
    own: { state: "failed", message: "it does not exist" },
    other: { state: "failed", message: "bob could not store it" },
    unnoticed: true
  },
  {
    name: "whoever takes it as a stream goes away",
    by: "bob",
    stage: "streaming",
    act: ({ stop }) => stop("leaves"),
    own: { state: "cancelled" },
    other: { state: "cancelled", message: "bob has cancelled it" }
  },
  {
    name: "whoever takes it as a stream can put it nowhere",
    by: "bob",
    stage: "streaming",
    act: ({ bob, id, stop }) => Effect.zipRight(bob.client.files.cancel(id, "Storage"), stop("fails")),
    own: { state: "cancelled" },
    other: { state: "failed", message: "bob could not store it" }
  }
]

/**
 * The ways in which a transfer ends. A kill is none of them: nothing has ended then, and the next process goes on with
 * it, as `breaks.test.ts` tries; where it cannot, `killed.test.ts` has what both sides read.
 */
export const ROWS: ReadonlyArray<Row> = [...sending, ...receiving]

/** One of each kind; the others are tried in full. */
export const QUICK: ReadonlySet<string> = new Set(["the sender cancels", "the source changes", "the receiver declines"])

/** A transfer at this stage. */
export const begun = (world: World, stage: Row["stage"] = "flowing") =>
  Effect.gen(function* () {
    const { alice, bob } = yield* pair(world)
    alice.files.put("film.mp4", bytes(SIZE))
    const { id } = yield* alice.client.files.offer("bob", "film.mp4")
    yield* untilState(bob, "offered", id)
    const refusal = yield* Deferred.make<void, string>()
    let stop: Ctx["stop"] = () => Effect.void
    if (stage === "flowing") yield* bob.client.files.accept(id)
    if (stage === "streaming") {
      const taking = yield* Effect.forkScoped(
        Effect.exit(
          Effect.raceFirst(
            Stream.runForEach(bob.client.files.acceptStream(id), () => Effect.sleep("1 millis")),
            Deferred.await(refusal)
          )
        )
      )
      stop = (how) =>
        how === "fails" ? Effect.asVoid(Deferred.fail(refusal, "no room")) : Effect.asVoid(Fiber.interrupt(taking))
    }
    if (stage !== "offered") yield* until(bob, ({ transferred }) => transferred > 200_000)
    return { alice, bob, id, stop } satisfies Ctx
  })

/** Nothing is left on disk that a later process could stumble over. */
export const nothingLeft = (...people: ReadonlyArray<Person>) => {
  for (const { disk, files } of people) {
    expect(disk.names().filter((name) => name.includes("transfers/"))).toEqual([])
    expect(files.paths().filter((path) => path.includes("/."))).toEqual([])
  }
}

/** A stream of alice's, some of which is at bob's. */
export const streaming = (world: World) =>
  Effect.gen(function* () {
    const { alice, bob } = yield* pair(world)
    const { id } = yield* alice.client.files.offerStream("bob", "stdin", Stream.make(bytes(SIZE)))
    yield* untilState(bob, "offered", id)
    yield* bob.client.files.accept(id)
    yield* until(bob, ({ transferred }) => transferred > 200_000)
    return { alice, bob, id }
  })

/** Bytes: some chunks, so that it ends in the middle. */
export const SIZE = 5_000_000
