import { describe, expect, test } from "vitest"
import { Announcer } from "../../src/server/Announcer.js"

const watcher = () => {
  const pieces: Array<string> = []
  return { pieces, sendShared: (lines: Uint8Array) => void pieces.push(Buffer.from(lines).toString()) }
}

describe("an announcer", () => {
  test("gathers what happens together into one piece, the same for all", () => {
    const announcer = new Announcer()
    const [left, right] = [watcher(), watcher()]
    announcer.add(left)
    announcer.add(right)
    expect(announcer.pollTimeout()).toBeUndefined()
    announcer.announce("1\n", 100)
    announcer.announce("2\n", 110)
    expect(announcer.pollTimeout()).toBe(120)
    expect(left.pieces).toEqual([])
    announcer.handleTimeout(120)
    expect(left.pieces).toEqual(["1\n2\n"])
    expect(right.pieces).toEqual(["1\n2\n"])
    expect(announcer.pollTimeout()).toBeUndefined()
  })

  test("tells a watcher only what happens after it came, and before it left", () => {
    const announcer = new Announcer()
    const [early, late] = [watcher(), watcher()]
    announcer.add(early)
    announcer.announce("1\n", 0)
    announcer.add(late)
    announcer.announce("2\n", 0)
    announcer.remove(early)
    announcer.handleTimeout(20)
    expect(early.pieces).toEqual(["1\n"])
    expect(late.pieces).toEqual(["2\n"])
  })

  test("does not gather more than a piece that a send queue can take, and nothing for nobody", () => {
    const announcer = new Announcer()
    announcer.announce("unseen\n", 0)
    const one = watcher()
    announcer.add(one)
    expect(one.pieces).toEqual([])
    for (let i = 0; i < 40; i++) announcer.announce(`${"x".repeat(1023)}\n`, 0)
    expect(one.pieces.map((piece) => piece.length)).toEqual([16_384, 16_384])
  })
})
