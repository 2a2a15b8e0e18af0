import { describe, expect, it } from "vitest"
import * as Palette from "../../../src/cli/terminal/Palette.js"
import { Transfers } from "../../../src/cli/terminal/Transfers.js"
import type { Transfer } from "../../../src/core/client/Transfer.js"
import { transferId } from "../../support/ids.js"
import { TRANSFER, transfer } from "../FakeClient.js"

const SECOND = transferId(2)
const make = () => new Transfers(Palette.make(false))

describe("the transfers on the screen", () => {
  it("are told of when something changes, and not when they only move on", () => {
    const transfers = make()
    const said = (some: Partial<Transfer>) => transfers.handle(transfer(some))
    const bringing = transfer({ executables: 2, risks: ["git"], kind: "folder", files: 3 })
    expect(make().handle(bringing)[0]).toBe(
      "* bob offers [1] report.pdf (3 files, 1.2 MB); it brings 2 programs, a git repository (its hooks and settings can run programs)"
    )
    expect(said({})).toEqual(["* bob offers [1] report.pdf (1.2 MB)", "*   type /accept 1 to take it, or /decline 1"])
    expect(said({ state: "waiting" })).toEqual([])
    expect(said({ state: "active", transferred: 10 })).toEqual([])
    expect(said({ state: "active", transferred: 600_000 })).toEqual([])
    expect(said({ state: "paused", pausedBy: "them", transferred: 600_000 })).toEqual([
      "* bob paused [1] report.pdf (1.2 MB)"
    ])
    expect(said({ state: "active", transferred: 600_000 })).toEqual(["* [1] report.pdf (1.2 MB) goes on"])
    expect(said({ state: "waiting", transferred: 600_000 })).toEqual([
      "* [1] report.pdf (1.2 MB) waits until bob is connected again"
    ])
    expect(said({ state: "active", transferred: 600_000 })).toEqual(["* [1] report.pdf (1.2 MB) goes on at 50 %"])
    expect(said({ state: "finishing" })).toEqual([])
    expect(said({ state: "done", path: "/in/report (2).pdf" })).toEqual([
      "* [1] report.pdf (1.2 MB) from bob is here: /in/report (2).pdf"
    ])
  })

  it("are told of from the sender's side too", () => {
    const transfers = make()
    const said = (some: Partial<Transfer>) =>
      transfers.handle(transfer({ direction: "out", kind: "folder", name: "photos", files: 3, ...some }))
    expect(said({ state: "preparing" })).toEqual([])
    expect(said({ state: "offered", skipped: 2, left: ["a (a link)"] })).toEqual([
      "* [1] photos (3 files, 1.2 MB) is offered to bob; left out: a (a link) and 1 more"
    ])
    expect(said({ state: "declined" })).toEqual(["* bob declined [1] photos (3 files, 1.2 MB)"])
    expect(said({ id: SECOND, state: "failed", message: "it\u001b changed" })).toEqual([
      "* [2] photos (3 files, 1.2 MB) failed: it\uFFFD changed"
    ])
  })

  it("show nothing of a name that a terminal would obey", () => {
    const transfers = make()
    const evil = "e\u001b[2Jvil\u202e\n* bob: hi"
    const some = transfer({ name: evil, nick: evil, state: "active", path: evil })
    const shown = [
      ...transfers.handle(some),
      ...transfers.handle({ ...some, state: "done" }),
      ...transfers.list(80),
      ...transfers.handle({ ...some, id: SECOND, state: "active" }),
      ...transfers.status(80)
    ]
    expect(shown.join("|")).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })

  it("have no bar where they are read aloud", () => {
    const transfers = make()
    transfers.handle(transfer({ state: "active", transferred: 600_000, rate: 1e6 }))
    expect(transfers.list(80)[0]).toContain("█")
    expect(transfers.list(80, true)).toEqual(["  [1] report.pdf ← bob  50 %  1.0 MB/s  0:01"])
  })

  it("are found by number, or without one where only one fits", () => {
    const transfers = make()
    const any = () => true
    expect(transfers.find(undefined, "accept", any)).toContain("there is nothing to accept")
    transfers.handle(transfer({}))
    expect(transfers.find(undefined, "accept", any)).toMatchObject({ id: TRANSFER })
    transfers.handle(transfer({ id: SECOND }))
    expect(transfers.find(undefined, "accept", any)).toBe("which one? type /accept and one of 1, 2")
    expect(transfers.find(2, "accept", any)).toMatchObject({ id: SECOND })
    expect(transfers.find(2, "accept", () => false)).toBe("[2] report.pdf (1.2 MB) is offered")
    expect(transfers.find(3, "accept", any)).toContain("there is no transfer 3")
  })

  it("keep to few lines and little memory", () => {
    const transfers = make()
    for (let i = 0; i < 1_000; i++) transfers.handle(transfer({ id: transferId(i), state: i < 5 ? "active" : "done" }))
    expect(transfers.status(40)).toHaveLength(4)
    expect(transfers.status(40)[3]).toBe("and 2 more: /files")
    expect(transfers.list(80).length).toBeLessThanOrEqual(256)
  })
})
