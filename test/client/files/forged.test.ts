import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { contentOf, Disk } from "../../../scenarios/support/Transfer.js"
import type { PeerDriver } from "../../../src/client/Driver.js"
import { EventQueue } from "../../../src/client/EventQueue.js"
import { MAX_ACTIVE } from "../../../src/client/files/ActiveSlots.js"
import * as Transfers from "../../../src/client/files/Transfers.js"
import type { Closed } from "../../../src/core/client/ClientError.js"
import type { Conversations } from "../../../src/core/client/Conversations.js"
import type { Content } from "../../../src/core/files/Content.js"
import { FileSender } from "../../../src/core/files/FileSender.js"
import type { Peers } from "../../../src/core/peer/Peers.js"
import * as MemoryDisk from "../../../src/layers/memory/Disk.js"
import * as MemoryFiles from "../../../src/layers/memory/Files.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import { ResetCode } from "../../../src/protocol/FileRecord.js"
import { Files } from "../../../src/services/Files.js"
import * as Time from "../../../src/services/Time.js"
import type { Timer } from "../../../src/services/Timer.js"
import { peerId, transferId } from "../../support/ids.js"
import { bytes } from "./Pair.js"

const MALLORY = peerId("mallory")

/** A stream of a modified client: sends what it likes, and notes what is said of it. */
class Forged {
  readonly toUs: Array<Uint8Array | "end"> = []
  answered = 0
  resetBy: number | undefined
  private readonly sender: FileSender

  constructor(
    readonly id: number,
    /** Where left out, nothing follows the offer. */
    readonly disk: Disk | undefined,
    content: Content
  ) {
    this.sender = new FileSender(content)
    this.pump(disk ?? new Disk([]))
  }

  hear(data: Uint8Array): void {
    this.answered++
    if (this.disk === undefined) return
    this.sender.handleBytes(data)
    this.pump(this.disk)
  }

  private pump(disk: Disk): void {
    while (this.sender.pollEvent() !== undefined);
    for (let action = this.sender.poll(true); action !== undefined; action = this.sender.poll(true)) {
      if (action._tag === "Write") this.toUs.push(action.bytes)
      if (action._tag === "Read") this.sender.handleRead(disk.read(action))
      if (action._tag === "Finish") this.toUs.push("end")
    }
  }
}

/** Lets time pass when the latch is open, however much it is. */
const whenOpen =
  (latch: Effect.Latch): Timer =>
  (_, run) => {
    const fiber = Effect.runFork(Effect.zipRight(latch.await, Effect.sync(run)))
    return () => fiber.unsafeInterruptAsFork(fiber.id())
  }

/** The transfers of a client whose one peer is ours to play. */
const besieged = Effect.gen(function* () {
  const medium = new MemoryDisk.Disk()
  medium.delayMs = 1
  const tree = medium.files
  const disk = Effect.unsafeMakeLatch(true)
  const streams = new Map<number, Forged>()
  const peers: Partial<Peers> = {
    readStream: (_, id) => streams.get(id)?.toUs.shift(),
    writeStream: (_, id, data) => {
      streams.get(id)!.hear(data)
      transfers.handle({ _tag: "StreamReadable", peer: MALLORY, stream: id })
      return true
    },
    finishStream: () => {},
    resetStream: (_, id, code) => {
      streams.get(id)!.resetBy = code
    }
  }
  const link: PeerDriver = { drivePeers: (use) => use(peers as unknown as Peers, 0) }
  let drawn = 0
  const transfers: Transfers.Transfers = yield* Transfers.make({
    relayedTo: () => undefined,
    crypto,
    entropy: { bytes: (length) => new Uint8Array(length).fill(++drawn) },
    time: yield* Time.make,
    conversations: { get: () => ({ peer: MALLORY, nick: "mallory" }) } as unknown as Conversations,
    events: new EventQueue(() => undefined),
    peers: link,
    leaving: yield* Deferred.make<never, Closed>(),
    store: () => undefined,
    downloads: "/home",
    isWelcome: () => false
  }).pipe(Effect.provideService(Files, MemoryFiles.make(medium, whenOpen(disk))))

  /** Opens a stream that begins with an offer of this content. */
  const offer = (content: Content, source?: Disk) => {
    const stream = new Forged(2 * streams.size + 1, source, content)
    streams.set(stream.id, stream)
    transfers.handle({ _tag: "StreamOpened", peer: MALLORY, stream: stream.id })
    transfers.handle({ _tag: "StreamReadable", peer: MALLORY, stream: stream.id })
    return stream
  }

  /** Opens a stream and says only this. */
  const say = (said: Uint8Array) => {
    const stream = new Forged(2 * streams.size + 1, undefined, contentOf(new Disk([])))
    stream.toUs.splice(0, stream.toUs.length, said)
    streams.set(stream.id, stream)
    transfers.handle({ _tag: "StreamOpened", peer: MALLORY, stream: stream.id })
    transfers.handle({ _tag: "StreamReadable", peer: MALLORY, stream: stream.id })
    return stream
  }
  return { tree, disk, transfers, offer, say }
})

/** Lets all fibers do what they can. */
const settled = Effect.promise(async () => {
  for (let i = 0; i < 100; i++) await new Promise(setImmediate)
})

const siege = (test: (world: Effect.Effect.Success<typeof besieged>) => Effect.Effect<void, unknown>) =>
  Effect.flatMap(besieged, test)

const withId = (content: Content, number: number): Content => ({
  ...content,
  offer: { ...content.offer, id: transferId(number) }
})

describe("somebody with a modified client", () => {
  it.scoped.each([{ name: "other" }, { size: 2 ** 41 }, { kind: "file" }, { files: 3 }] as const)(
    "cannot change what was offered: %o",
    (change) =>
      siege(({ offer, transfers }) =>
        Effect.gen(function* () {
          const content = contentOf(new Disk([bytes(10), bytes(20)]), undefined, ["a", "b"])
          const first = offer(content)
          yield* settled
          const files = "kind" in change ? 1 : content.offer.files
          const second = offer({ ...content, offer: { ...content.offer, files, ...change } })
          yield* settled
          expect(second.resetBy).toBe(ResetCode.busy)
          expect(first.resetBy).toBeUndefined()
          expect(yield* transfers.api.list).toMatchObject([
            { name: "thing", size: 30, kind: "folder", state: "offered" }
          ])
        })
      )
  )

  it.scoped("has ten seconds from the beginning of a stream to the end of its offer, however slowly it comes", () =>
    siege(({ offer, say, transfers }) =>
      Effect.gen(function* () {
        const content = contentOf(new Disk([bytes(10)]), undefined, ["thing"], "file")
        const honest = offer(content)
        const slow = say(Uint8Array.of(0x44, 0))
        const large = say(Uint8Array.of(0x80, 0, 0xff, 0xff, 1))
        yield* settled
        // A record of 64 KiB that nobody has agreed on ends at once.
        expect([honest.resetBy, slow.resetBy, large.resetBy]).toEqual([undefined, undefined, ResetCode.violation])
        for (let i = 0; i < 9; i++) {
          yield* TestClock.adjust("1 second")
          slow.toUs.push(Uint8Array.of(i))
          transfers.handle({ _tag: "StreamReadable", peer: MALLORY, stream: slow.id })
          yield* settled
        }
        expect(slow.resetBy).toBeUndefined()
        yield* TestClock.adjust("1 second")
        yield* settled
        expect([honest.resetBy, slow.resetBy]).toEqual([undefined, ResetCode.timedOut])
      })
    )
  )

  it.scoped("sends each thing over one stream at a time, the last one, and it is stored once", () =>
    siege(({ disk, offer, transfers, tree }) =>
      Effect.gen(function* () {
        const source = new Disk([bytes(2_000_000)])
        const content = contentOf(source, undefined, ["thing"], "file")
        const first = offer(content, source)
        yield* settled
        disk.unsafeClose()
        yield* Effect.fork(transfers.api.accept(content.offer.id))
        yield* settled
        // Lets it look for room, and no more.
        yield* disk.release
        yield* settled
        expect(first.answered).toBe(1)
        // The first stream waits for the disk; nobody else may use it.
        const others = [1, 2, 3, 4].map(() => offer(content, source))
        yield* settled
        expect(others.slice(0, -1).map(({ resetBy }) => resetBy)).toEqual([1, 2, 3].map(() => ResetCode.busy))
        disk.unsafeOpen()
        yield* settled
        expect(first.resetBy).toBe(ResetCode.busy)
        expect(others.map(({ answered }) => answered > 0)).toEqual([false, false, false, true])
        expect(tree.paths()).toEqual(["/home/thing"])
        expect(Buffer.compare(tree.get("/home/thing")!, source.files[0]!)).toBe(0)
        expect(yield* transfers.api.list).toMatchObject([{ state: "done" }])
      })
    )
  )

  it.scoped("gets no more places than there are by offering again what flows", () =>
    siege(({ offer, transfers }) =>
      Effect.gen(function* () {
        const content = contentOf(new Disk([bytes(300_000)]), undefined, ["thing"], "file")
        const all = Array.from({ length: 3 * MAX_ACTIVE }, (_, index) => withId(content, index))
        const streams = all.map((each) => offer(each))
        yield* settled
        for (const { offer } of all) yield* transfers.api.accept(offer.id)
        yield* settled
        const flowing = () => streams.filter(({ answered, resetBy }) => answered > 0 && resetBy === undefined).length
        expect(flowing()).toBe(MAX_ACTIVE)
        for (const each of all) {
          streams.push(offer(each))
          yield* settled
          expect(flowing()).toBe(MAX_ACTIVE)
        }
      })
    )
  )
})
