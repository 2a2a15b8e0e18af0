import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { EventQueue, MAX_BATCH, MAX_EVENTS, STALLED } from "../../src/client/EventQueue.js"
import type { ClientEvent } from "../../src/core/client/Events.js"
import { messageId } from "../support/ids.js"

const message = (id: string): ClientEvent => ({ _tag: "Message", from: "bob", id: messageId(id), text: id })
const joined = (nick: string): ClientEvent => ({ _tag: "Joined", nick })
const closed: ClientEvent = { _tag: "Closed", reason: "exit", message: "" }

type Mark = () => Effect.Effect<void> | undefined | void

const make = () =>
  new EventQueue<Mark>((marks) => {
    let written: Effect.Effect<void> | undefined
    for (const mark of marks) written = mark() ?? written
    return written
  })

const all = (queue: EventQueue<Mark>) => Effect.map(Stream.runCollect(queue.stream), (chunk) => [...chunk])

describe("EventQueue", () => {
  it.effect("keeps the order and ends with the last event", () =>
    Effect.gen(function* () {
      const queue = make()
      queue.offer(joined("a"))
      queue.offer({ _tag: "Left", nick: "a" })
      queue.offer(joined("a"))
      queue.end(closed)
      queue.offer(joined("too late"))
      expect(queue.told).toEqual({})
      expect((yield* all(queue)).map(({ _tag }) => _tag)).toEqual(["Joined", "Left", "Joined", "Closed"])
      expect(queue.told).toEqual({ Joined: 2, Left: 1, Closed: 1 })
    })
  )

  it.effect("gives no more messages at a time than are wanted, with what comes before them", () =>
    Effect.gen(function* () {
      const queue = make()
      let shown = 0
      for (const id of ["1", "2"]) {
        queue.offer(joined(id))
        queue.offer(message(id), () => void shown++)
      }
      queue.offer({ _tag: "Left", nick: "3" })
      const batches: Array<readonly [string, number]> = []
      yield* queue.handleBatches(
        (events) =>
          Effect.sync(() => {
            batches.push([events.map(({ _tag }) => _tag).join(), shown])
            if (batches.length === 3) queue.end(closed)
          }),
        1
      )
      expect(batches).toEqual([
        ["Joined,Message", 0],
        ["Joined,Message", 1],
        ["Left", 2],
        ["Closed", 2]
      ])
    })
  )

  it.effect("counts a message as shown when the next element is pulled, and not before", () =>
    Effect.gen(function* () {
      const queue = make()
      const log: Array<string> = []
      queue.offer(message("1"), () => void log.push("shown 1"))
      queue.offer(message("2"), () => void log.push("shown 2"))
      yield* Stream.runForEach(queue.stream, (event) =>
        Effect.sync(() => {
          log.push(event._tag === "Message" ? `handle ${event.id}` : event._tag)
          if (event._tag === "Message" && event.id === "2") queue.offer({ _tag: "Left", nick: "last" })
          if (event._tag === "Left") queue.end(closed)
        })
      )
      expect(log).toEqual(["handle 1", "shown 1", "handle 2", "shown 2", "Left", "Closed"])
    })
  )

  it.effect("hands out no event before what was shown is written down", () =>
    Effect.gen(function* () {
      const queue = make()
      const log: Array<string> = []
      const written = Effect.zipRight(
        Effect.yieldNow(),
        Effect.sync(() => log.push("written"))
      )
      queue.offer(message("1"), () => Effect.asVoid(written))
      queue.offer(joined("a"))
      yield* Stream.runForEach(queue.stream, ({ _tag }) =>
        Effect.sync(() => {
          log.push(_tag)
          if (_tag === "Joined") queue.end(closed)
        })
      )
      expect(log).toEqual(["Message", "written", "Joined", "Closed"])
    })
  )

  it.effect("is read without a stream as with one: by a handler, by batches, and event by event", () =>
    Effect.gen(function* () {
      const read = Effect.fnUntraced(function* (
        by: (queue: EventQueue<Mark>, hear: (event: ClientEvent) => void) => Effect.Effect<void>
      ) {
        const queue = make()
        const log: Array<string> = []
        for (const id of ["1", "2"]) queue.offer(message(id), () => void log.push(`shown ${id}`))
        yield* by(queue, (event) => {
          log.push(event._tag === "Message" ? event.id : event._tag)
          if (event._tag === "Message" && event.id === "2") setImmediate(() => queue.end(closed))
        })
        return log
      })
      const oneByOne = ["1", "shown 1", "2", "shown 2", "Closed"]
      expect(
        yield* read((queue, hear) => Stream.runForEach(queue.stream, (event) => Effect.sync(() => hear(event))))
      ).toEqual(oneByOne)
      expect(yield* read((queue, hear) => queue.handle((event) => Effect.sync(() => hear(event))))).toEqual(oneByOne)
      const next = (queue: EventQueue<Mark>, hear: (event: ClientEvent) => void): Effect.Effect<void> =>
        Effect.flatMap(queue.next, (event) =>
          event === undefined
            ? Effect.void
            : Effect.suspend(() => {
                hear(event)
                return next(queue, hear)
              })
        )
      expect(yield* read(next)).toEqual(oneByOne)
      const batches = yield* read((queue, hear) =>
        queue.handleBatches((events) => Effect.sync(() => events.forEach(hear)))
      )
      expect(batches).toEqual(["1", "2", "shown 1", "shown 2", "Closed"])
    })
  )

  it.effect("is not acknowledged by a handler that fails", () =>
    Effect.gen(function* () {
      const queue = make()
      const log: Array<string> = []
      queue.offer(message("1"), () => void log.push("shown 1"))
      const failure = yield* Effect.flip(queue.handle(() => Effect.fail("stop")))
      expect([failure, log]).toEqual(["stop", []])
    })
  )

  it.effect("says whether the consumer waits after what it was shown", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const queue = new EventQueue<string>((marks, isWaiting) => void log.push(`${marks} ${isWaiting}`))
      queue.offer(message("1"), "1")
      queue.offer(message("2"), "2")
      for (let i = 0; i < 2; i++) yield* queue.next
      yield* Effect.fork(queue.next)
      yield* Effect.yieldNow()
      expect(log).toEqual(["1 false", "2 true"])
    })
  )

  it.effect("hands over what waits in batches, and counts each as shown when the next is pulled", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const queue = new EventQueue<string>(
        (marks) => void log.push(`shown ${marks.join(" ")}`),
        () => void log.push("idle")
      )
      const say = (id: string) => queue.offer(message(id), id)
      say("1")
      say("2")
      queue.offer(joined("a"))
      yield* Stream.runForEach(queue.batches, (events) =>
        Effect.sync(() => {
          log.push(events.map(({ _tag }) => _tag).join(" "))
          if (log.length === 1) say("3")
          else queue.end(closed)
        })
      )
      expect(log).toEqual(["Message Message Joined", "shown 1 2", "Message", "shown 3", "Closed"])
    })
  )

  it.effect("bounds a batch, and takes one that comes at once as one", () =>
    Effect.gen(function* () {
      const queue = make()
      for (let i = 0; i <= MAX_BATCH; i++) queue.offer({ _tag: "Delivered", nick: "bob", id: messageId("x") })
      const sizes: Array<number> = []
      const reading = yield* Effect.fork(
        Stream.runForEach(queue.batches, (events) => Effect.sync(() => sizes.push(events.length)))
      )
      yield* Effect.yieldNow()
      for (let i = 0; i < 3; i++) queue.offer(joined(`n${i}`))
      queue.end(closed)
      yield* reading
      expect(sizes[0]).toBe(MAX_BATCH)
      expect(sizes.slice(1).reduce((sum, size) => sum + size, 0)).toBe(1 + 3 + 1)
      expect(sizes.length).toBeLessThanOrEqual(4)
    })
  )

  it.effect("does not acknowledge what a consumer only took", () =>
    Effect.gen(function* () {
      const queue = make()
      let shown = 0
      queue.offer(message("1"), () => void shown++)
      queue.offer(message("2"), () => void shown++)
      yield* Stream.runDrain(Stream.take(queue.stream, 1))
      expect(shown).toBe(0)
      queue.acknowledge()
      queue.acknowledge()
      expect(shown).toBe(1)
    })
  )

  it.effect("takes unread messages back at the end: their sender keeps them", () =>
    Effect.gen(function* () {
      const queue = make()
      let shown = 0
      queue.offer(message("1"), () => void shown++)
      queue.offer(joined("a"))
      queue.end(closed)
      expect((yield* all(queue)).map(({ _tag }) => _tag)).toEqual(["Joined", "Closed"])
      expect(shown).toBe(0)
    })
  )

  it.effect("wakes a waiting consumer", () =>
    Effect.gen(function* () {
      const queue = make()
      const reading = yield* Effect.fork(all(queue))
      yield* Effect.yieldNow()
      queue.offer(joined("a"))
      queue.end(closed)
      expect(yield* reading).toEqual([joined("a"), closed])
    })
  )

  it.effect("bounds what a stalled consumer misses, keeps the latest of each subject, and never a message", () =>
    Effect.gen(function* () {
      const queue = make()
      const flood = 3 * MAX_EVENTS
      for (let i = 0; i < flood; i++) {
        queue.offer({ _tag: i % 2 === 0 ? "Joined" : "Left", nick: "flapping" })
        queue.offer(joined(`n${i}`))
        if (i % 1_000 === 0) queue.offer(message(String(i)), () => {})
      }
      expect(queue.full).toBe(true)
      queue.offer({ _tag: "Left", nick: "flapping" })
      queue.offer({ _tag: "Delivered", nick: "bob", id: messageId("the end") })
      const untilEnd = Stream.takeUntil(queue.stream, ({ _tag }) => _tag === "Delivered")
      const events = [...(yield* Stream.runCollect(untilEnd))]
      expect(events.length).toBeLessThan(MAX_EVENTS + flood / 1_000 + 10)
      expect(events.filter(({ _tag }) => _tag === "Message")).toHaveLength(Math.ceil(flood / 1_000))
      expect(events[0]).toMatchObject({ _tag: "Failed", code: "EventsDropped" })
      const flaps = events.filter((event) => "nick" in event && event.nick === "flapping")
      expect(flaps.at(-1)?._tag).toBe("Left")
      expect(flaps.length).toBeLessThan(STALLED)
    })
  )
})
