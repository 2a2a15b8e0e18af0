import { describe, expect, test } from "vitest"
import { Directory } from "../../src/core/rendezvous/Directory.js"
import * as Nickname from "../../src/domain/Nickname.js"
import type { Registration } from "../../src/domain/Registration.js"
import { Announcer, MAX_SHARED, OWN_SHARE, type Watcher } from "../../src/server/Announcer.js"
import { registration } from "../core/rendezvous/support.js"
import { fingerprint } from "../support/ids.js"
import { operationsOf } from "../support/Operations.js"

class Reader implements Watcher {
  readonly pieces: Array<string> = []
  isBehind = false

  sendPresence(lines: Uint8Array): boolean {
    if (this.isBehind) return false
    this.pieces.push(Buffer.from(lines).toString())
    return true
  }

  get told(): ReadonlyArray<Record<string, unknown>> {
    return this.pieces.flatMap((piece) =>
      piece
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line))
    )
  }
}

class World {
  readonly directory = new Directory()
  readonly announcer = new Announcer(this.directory)
  now = 0
  #epoch = 0

  join(nick: string, identity?: string, former?: Registration): void {
    const who =
      identity === undefined ? undefined : { key: identity, fingerprint: fingerprint(`print-${identity}`), record: "" }
    const change = this.directory.put(registration(nick, { epoch: ++this.#epoch, identity: who }))!
    this.announcer.announce(change, this.now, former)
  }

  /** In one session. */
  rename(from: string, to: string, identity: string): void {
    const former = this.directory.get(from)
    this.leave(from)
    this.join(to, identity, former)
  }

  leave(nick: string): void {
    this.announcer.announce(this.directory.remove(nick)!, this.now)
  }

  /** Until there is nothing to do any more; gives the ticks it took. */
  settle(most = Number.POSITIVE_INFINITY): number {
    let ticks = 0
    for (let at = this.announcer.pollTimeout(); at !== undefined && ticks < most; at = this.announcer.pollTimeout()) {
      this.now = Math.max(this.now, at)
      this.announcer.handleTimeout(this.now)
      ticks++
    }
    return ticks
  }
}

describe("whoever watches everybody", () => {
  test("is told of what happens together in one piece, the same for all", () => {
    const world = new World()
    const [left, right] = [new Reader(), new Reader()]
    world.announcer.watchAll(left)
    world.announcer.watchAll(right)
    expect(world.announcer.pollTimeout()).toBeUndefined()
    world.join("alice")
    world.join("bob")
    world.leave("alice")
    expect(world.announcer.pollTimeout()).toBe(20)
    world.settle()
    expect(left.pieces).toHaveLength(1)
    expect(left.pieces).toEqual(right.pieces)
    expect(left.told).toMatchObject([
      { _tag: "Joined", version: 1, nick: "alice" },
      { _tag: "Joined", version: 2, nick: "bob" },
      { _tag: "Left", version: 3, nick: "alice" }
    ])
    expect(world.announcer.pollTimeout()).toBeUndefined()
  })

  test("is told only what happens after it came, and before it left", () => {
    const world = new World()
    const [early, late] = [new Reader(), new Reader()]
    world.announcer.watchAll(early)
    world.join("alice")
    world.announcer.watchAll(late)
    world.join("bob")
    world.announcer.unwatchAll(early)
    world.settle()
    expect(early.told).toEqual([])
    expect(late.told).toMatchObject([{ version: 2, nick: "bob" }])
  })

  test("sees a gap instead of a flood, and what it is told last is the newest", () => {
    const world = new World()
    const reader = new Reader()
    world.announcer.watchAll(reader)
    for (let i = 0; i < 5_000; i++) world.join(`nick${i}`)
    world.settle()
    expect(reader.told).toMatchObject([{ version: 5_000, nick: "nick4999" }])
    world.join("alice")
    world.settle()
    expect(reader.told.at(-1)).toMatchObject({ version: 5_001 })
  })

  test("does not get it all at once when there are thousands, but in turns", () => {
    const world = new World()
    const readers = Array.from({ length: 1_000 }, () => new Reader())
    for (const reader of readers) world.announcer.watchAll(reader)
    world.join("alice")
    world.settle(1)
    expect(readers.filter(({ pieces }) => pieces.length > 0)).toHaveLength(200)
    world.join("bob")
    world.settle()
    expect(readers.every(({ told }) => told.at(-1)?.version === 2)).toBe(true)
    // Nobody was told anything twice.
    expect(readers.every(({ told }) => told.length === 2)).toBe(true)
  })

  test("is waited for when it is behind, and keeps nobody waiting", () => {
    const world = new World()
    const [slow, quick] = [new Reader(), new Reader()]
    slow.isBehind = true
    world.announcer.watchAll(slow)
    world.announcer.watchAll(quick)
    world.join("alice")
    world.settle(5)
    world.join("bob")
    world.settle(5)
    expect(quick.told).toHaveLength(2)
    slow.isBehind = false
    world.settle()
    expect(slow.told).toMatchObject([{ version: 1 }, { version: 2 }])
    world.join("carol")
    world.settle()
    expect(slow.told).toHaveLength(3)
    expect(world.announcer.size).toBe(2)
  })
})

describe("whoever watches nicknames", () => {
  test("learns which of them are here, and then what changes, each once", () => {
    const world = new World()
    const reader = new Reader()
    world.join("bob", "b")
    expect(world.announcer.watch(reader, ["alice", "bob", "carol"])).toEqual([{ nick: "bob", fingerprint: "print-b" }])
    world.join("dave")
    expect(world.announcer.pollTimeout()).toBeUndefined()
    world.join("alice")
    world.leave("bob")
    world.join("carol")
    world.leave("carol")
    world.join("bob", "b")
    world.settle()
    expect(reader.told).toEqual([
      {
        _tag: "Presence",
        here: [{ nick: "alice" }, { nick: "bob", fingerprint: "print-b" }],
        gone: ["carol"]
      }
    ])
  })

  test("is told under which nickname somebody goes on, once, and whatever it is called", () => {
    const world = new World()
    const reader = new Reader()
    world.join("bob", "b")
    world.join("eve", "e")
    world.announcer.watch(reader, ["bob", "eve"])
    for (const [from, to] of [
      ["bob", "bobby"],
      ["eve", "eva"],
      ["eva", "evita"]
    ] as const)
      world.rename(from, to, from.charAt(0))
    world.leave("bobby")
    world.settle()
    expect(reader.told).toEqual([
      {
        _tag: "Presence",
        here: [
          { nick: "bobby", fingerprint: "print-b" },
          { nick: "eva", fingerprint: "print-e" }
        ],
        gone: ["bob", "eve"]
      }
    ])
    world.join("bob", "b")
    world.settle()
    expect(reader.told.at(-1)).toMatchObject({ here: [{ nick: "bob" }], gone: [] })
  })

  test("hears no more of those that it does not watch any more, nor after it has gone", () => {
    const world = new World()
    const reader = new Reader()
    world.announcer.watch(reader, ["alice", "bob"])
    expect(world.announcer.watches(reader, "alice")).toBe(true)
    world.announcer.unwatch(reader, ["alice"])
    expect(world.announcer.watches(reader, "alice")).toBe(false)
    world.join("alice")
    world.join("bob")
    world.announcer.remove(reader)
    world.settle()
    expect(reader.told).toEqual([])
    expect(world.announcer.interests).toBe(0)
  })

  test("may watch a bounded number, and all together as well", () => {
    const world = new World()
    const keys = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `nick${from + i}`)
    const reader = new Reader()
    expect(world.announcer.watch(reader, keys(128))).toBeDefined()
    expect(world.announcer.watch(reader, keys(128))).toBeDefined()
    expect(world.announcer.watch(reader, ["one more"])).toBeUndefined()
    expect(world.announcer.interests).toBe(128)
    for (let i = 1; i < 3_000; i++) world.announcer.watch(new Reader(), keys(128, i))
    world.announcer.watch(new Reader(), keys(OWN_SHARE + (MAX_SHARED % (128 - OWN_SHARE))))
    expect(world.announcer.interests).toBeLessThanOrEqual(MAX_SHARED + 3_001 * OWN_SHARE)
    // Whoever takes all that there is for everybody leaves the others what is theirs.
    const late = new Reader()
    expect(world.announcer.watch(late, keys(OWN_SHARE + 1))).toBeUndefined()
    expect(world.announcer.watch(late, keys(OWN_SHARE))).toBeDefined()
    expect(world.announcer.watch(late, keys(1, OWN_SHARE))).toBeUndefined()
    world.announcer.remove(late)
    world.announcer.remove(reader)
    expect(world.announcer.watch(late, keys(128))).toBeDefined()
  })

  test("is told in little, however many come back at once: ten thousand who know twenty each", () => {
    const world = new World()
    const readers = Array.from({ length: 10_000 }, (_, id) => ({ id, reader: new Reader() }))
    const bytes = { all: 0, most: 0 }
    for (const { id, reader } of readers) {
      world.join(`nick${id}`)
      const known = Array.from({ length: 20 }, (_, i) => `nick${(id * 7 + i * 499) % 10_000}`)
      world.announcer.watch(reader, known)
      // 2,000 a second.
      world.now += 0.5
      while ((world.announcer.pollTimeout() ?? Number.POSITIVE_INFINITY) <= world.now) {
        world.announcer.handleTimeout(world.now)
      }
    }
    world.settle()
    for (const { reader } of readers) {
      const length = reader.pieces.join("").length
      bytes.all += length
      bytes.most = Math.max(bytes.most, length)
    }
    expect(bytes.all / readers.length).toBeLessThan(1_000)
    const last = new Map<string, boolean>()
    for (const event of readers[9]!.reader.told) {
      for (const { nick } of event.here as ReadonlyArray<{ readonly nick: string }>) last.set(nick, true)
    }
    expect([...last.values()].every((here) => here)).toBe(true)
  })

  test("makes no more work when thousands watch one nickname, and all of them hear how it is in the end", () => {
    const costBeside = (others: number) => {
      const world = new World()
      const readers = Array.from({ length: others }, () => new Reader())
      for (const reader of readers) world.announcer.watch(reader, ["star"])
      const cost = operationsOf(() => {
        world.join("star")
        world.leave("star")
      })
      world.settle(1)
      world.join("star")
      world.settle(2)
      world.leave("star")
      world.settle()
      expect(readers.every(({ told }) => told.at(-1)?.gone?.toString() === "star")).toBe(true)
      return cost
    }
    expect(costBeside(5_000)).toBe(costBeside(100))
  })

  test("hears of more at once in a crowd, within a second or so, and of a single one at once as ever", () => {
    const world = new World()
    const nicks = Array.from({ length: 20 }, (_, id) => `nick${id}`)
    const crowd = Array.from({ length: 1_000 }, () => new Reader())
    const few = Array.from({ length: 50 }, () => new Reader())
    for (const reader of crowd) world.announcer.watch(reader, nicks.map(Nickname.key))
    for (const reader of few) world.announcer.watch(reader, ["alone"])
    const pass = (ms: number) => {
      const end = world.now + ms
      for (let at = world.announcer.pollTimeout(); at !== undefined && at <= end; at = world.announcer.pollTimeout()) {
        world.now = Math.max(world.now, at)
        world.announcer.handleTimeout(world.now)
      }
      world.now = end
    }
    for (const nick of nicks) {
      world.join(nick)
      pass(40)
    }
    pass(400)
    expect(crowd.every(({ pieces }) => pieces.length === 1)).toBe(true)
    expect(crowd[999]!.told).toEqual([{ _tag: "Presence", here: nicks.map((nick) => ({ nick })), gone: [] }])
    world.join("alone")
    pass(20)
    expect(few.every(({ pieces }) => pieces.length === 1)).toBe(true)
  })
})

describe("whoever watches a fingerprint", () => {
  test("is told of whoever has it, under any nickname, and once where the nickname is watched too", () => {
    const world = new World()
    const reader = new Reader()
    const print = fingerprint("print-bob's")
    world.join("bob", "bob's")
    expect(world.announcer.watch(reader, [print, "bob"])).toEqual([{ nick: "bob", fingerprint: print }])
    world.leave("bob")
    world.join("carol", "carol's")
    world.join("robert", "bob's")
    world.settle()
    expect(reader.told).toEqual([{ _tag: "Presence", here: [{ nick: "robert", fingerprint: print }], gone: ["bob"] }])
    world.announcer.unwatch(reader, [print])
    world.leave("robert")
    world.settle()
    expect(reader.told).toHaveLength(1)
  })
})
