import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import type { Completion } from "../../../src/cli/terminal/Completion.js"
import * as EditorUi from "../../../src/cli/terminal/EditorUi.js"
import * as Program from "../../../src/cli/terminal/Program.js"
import type { Action } from "../../../src/cli/terminal/View.js"
import * as Memory from "../../../src/layers/memory/Terminal.js"
import { Terminal } from "../../../src/services/Terminal.js"
import * as FakeClient from "../FakeClient.js"
import { VirtualScreen } from "./VirtualScreen.js"

const SIZE = { columns: 40, rows: 12 }

/** An editor at a terminal, and what it was asked for. */
const start = (found: ReadonlyArray<string> = [], nextFrame = Effect.yieldNow()) =>
  Effect.gen(function* () {
    const terminal = yield* Memory.make({ interactive: true, size: SIZE, nextFrame })
    const view = {
      conversation: "",
      prompt: () => `${view.conversation}> `,
      status: () => ["-- status --"],
      skipped: (from: string, count: number) => `${count} from ${from} left out`,
      held: () => [],
      isWhole: false,
      showWhole(isFull: boolean) {
        view.isWhole = isFull
      },
      list: () => [1, 2].map((number) => listed(number, view.conversation)),
      recent: () => ({ printed: [`recent of ${view.conversation}`], since: 1_000 }),
      earlier: (conversation: string, before: number) =>
        Effect.succeed({
          printed: Array.from({ length: 12 }, (_, at) => `${conversation} before ${before}: ${at}`),
          since: before > 998 ? before - 1 : undefined
        }),
      dim: (text: string) => text,
      mouse: true
    }
    const completion = (before: string): Effect.Effect<Completion> => {
      const start = before.startsWith("/") ? 0 : before.length - 1
      return Effect.succeed({ start, found: found.filter((name) => name.startsWith(before.slice(start))) })
    }
    const kept: Array<string> = []
    const keep = ({ conversation, text }: { readonly conversation: string; readonly text: string }) =>
      Effect.sync(() => void kept.push(`${conversation}: ${text}`))
    const ui = yield* Effect.provideService(EditorUi.make({ view, completion, keep }), Terminal, terminal.terminal)
    const lines: Array<string> = []
    const actions: Array<Action> = []
    const reading = yield* Effect.fork(
      ui.read({
        line: (line) => Effect.sync(() => void lines.push(line)),
        action: (action) =>
          Effect.sync(() => {
            actions.push(action)
            if (action._tag === "Switch") view.conversation = `peer${action.number}`
          }),
        leave: (again) => Effect.sync(() => again || lines.length > 0)
      })
    )
    const screen = () => {
      const fake = new VirtualScreen(SIZE.columns, SIZE.rows)
      fake.write(terminal.output())
      return fake.text()
    }
    return { terminal, ui, lines, kept, actions, screen, end: Fiber.join(reading) }
  })

const listed = (number: number, conversation: string) => ({
  number,
  nick: `peer${number}`,
  news: "",
  inFocus: conversation === `peer${number}`,
  paint: (text: string) => text
})

describe("the editor at a terminal", () => {
  it.scopedLive("keeps a draft for each conversation", () =>
    Effect.gen(function* () {
      const { actions, lines, screen, terminal, end } = yield* start()
      terminal.type("for nobody")
      yield* terminal.shows("> for nobody")
      terminal.type("\u001b1for one")
      yield* terminal.shows("peer1> for one")
      terminal.type("\u001b2")
      yield* terminal.shows("peer2> ")
      expect(screen()).toEqual(["-- status --", "peer2>"])
      terminal.type("two\r\u001b1\r\u0004")
      expect(yield* end).toBe("end")
      expect(lines).toEqual(["two", "for one"])
      expect(actions).toContainEqual({ _tag: "Switch", number: 2 })
    })
  )

  it.scopedLive("shows what could stand at the cursor until the next key, and prints nothing of it", () =>
    Effect.gen(function* () {
      const { screen, terminal } = yield* start(["anna", "arthur", "a name that is long", "another one"])
      terminal.type("a\t")
      yield* terminal.shows("arthur")
      expect(screen()).toEqual(["-- status --", "  anna  arthur  … 2 more", "> a"])
      terminal.type("x")
      yield* terminal.shows("ax")
      expect(screen()).toEqual(["-- status --", "> ax"])
    })
  )

  it.scopedLive("offers paths without the folder that they are in, and cuts what is too long for the screen", () =>
    Effect.gen(function* () {
      const folder = "/usr/share/zoneinfo/America/Argentina/"
      const long = "a-name-that-has-more-letters-than-the-screen"
      const { screen, terminal } = yield* start([`${folder}Buenos_Aires`, `${folder}Cordoba`, `/x/${long}`, `/x/y`])
      terminal.type(`${folder}\t`)
      yield* terminal.shows("Cordoba")
      expect(screen()[1]).toBe("  Buenos_Aires  Cordoba")
      terminal.type("\u0015/x/\t")
      yield* terminal.shows("a-name")
      expect(screen()[1]).toBe("  a-name-that-has-more-lette…  … 1 more")
    })
  )

  it.scopedLive("calls back what was typed in earlier runs, for each conversation, and keeps what is typed now", () =>
    Effect.gen(function* () {
      const { kept, lines, terminal, ui, end } = yield* start()
      terminal.type("now\r")
      while (lines.length < 1) yield* Effect.yieldNow()
      yield* ui.recall([
        { conversation: "", text: "earlier" },
        { conversation: "peer1", text: "for one" }
      ])
      terminal.type("\u001b[A\u001b[A\r\u001b1\u001b[A\r\u001b[200~pasted\u001b[201~\r\u0004")
      expect(yield* end).toBe("end")
      expect(lines).toEqual(["now", "earlier", "for one", "pasted"])
      expect(kept).toEqual([": now", ": earlier", "peer1: for one"])
    })
  )

  it.scopedLive("puts a text back where nothing else is written", () =>
    Effect.gen(function* () {
      const { screen, terminal, ui } = yield* start()
      yield* ui.restore("refused")
      yield* terminal.shows("> refused")
      yield* ui.restore("another")
      expect(screen()).toEqual(["-- status --", "> refused"])
    })
  )

  it.scopedLive("stays when the program does not want to leave", () =>
    Effect.gen(function* () {
      const { lines, terminal, end } = yield* start()
      terminal.type("\u0003a\u007f\u0004still\r\u0003")
      expect(yield* end).toBe("interrupt")
      expect(lines).toEqual(["still"])
    })
  )

  it.scopedLive("takes a second Ctrl-C for the answer to the first only if no other key came between", () =>
    Effect.gen(function* () {
      const { lines, terminal, end } = yield* start()
      terminal.type("\u0003\u0003not seen\r")
      expect(yield* end).toBe("interrupt")
      expect(lines).toEqual([])
    })
  )

  it.scopedLive("shows a key before the messages that came before it, and tells a flood of them as a number", () =>
    Effect.gen(function* () {
      const frame = yield* Effect.makeLatch(false)
      const { terminal, ui } = yield* start([], frame.await)
      yield* terminal.shows("> ")
      const from = (i: number) => ({ head: "flo: ", lines: [`message ${i};`], from: "flo" })
      yield* ui.print([...Array.from({ length: 1_000 }, (_, i) => from(i)), "a remark"])
      terminal.type("K")
      yield* terminal.shows("> K")
      yield* frame.open
      yield* terminal.shows("message 999;")
      yield* terminal.shows("a remark")
      const output = terminal.output()
      expect(output.indexOf("> K")).toBeLessThan(output.indexOf("message 999;"))
      expect(output.match(/message \d+;/g)).toHaveLength(199)
      expect(output).toContain("801 from flo left out")
    })
  )

  it.live("ends at a terminal that does not answer what it is asked", () =>
    Effect.gen(function* () {
      const memory = yield* Memory.make({ interactive: true, size: SIZE })
      const client = yield* FakeClient.make
      const terminal = { ...memory.terminal, answers: true }
      const run = yield* Effect.fork(Effect.provideService(Program.run(client, { nick: "alice" }), Terminal, terminal))
      yield* memory.shows("you are alice")
      memory.type("\u0003")
      expect(yield* Fiber.await(run)).toEqual(Exit.void)
    })
  )

  it.scopedLive("draws no row while the window changes, then where the terminal says that they are", () =>
    Effect.gen(function* () {
      const { terminal, ui } = yield* start()
      const screen = new VirtualScreen(SIZE.columns, SIZE.rows)
      let read = 0
      const watch = () => {
        screen.write(terminal.output().slice(read))
        read = terminal.output().length
      }
      yield* ui.print(["first message"])
      terminal.type(`\u001bP>|tmux 3.3a\u001b\\${"x".repeat(50)}`)
      yield* terminal.shows("x".repeat(12))
      watch()
      screen.resize(30, SIZE.rows)
      terminal.resize({ columns: 30, rows: SIZE.rows })
      yield* ui.print(["second message"])
      terminal.type("y")
      yield* terminal.shows("\u001b[6n")
      expect(terminal.output().slice(read)).toBe("\u001b[6n")
      watch()
      terminal.type(screen.answers)
      yield* terminal.shows("second message")
      watch()
      expect(screen.text()).toEqual([
        "first message",
        "second message",
        "-- status --",
        `> ${"x".repeat(28)}`,
        `${"x".repeat(22)}y`
      ])
    })
  )

  it.effect("draws nothing in tmux until that has told of all changes, which it does 250 ms late", () =>
    Effect.gen(function* () {
      const { terminal, ui } = yield* start()
      yield* ui.print(["message"])
      terminal.type("\u001bP>|tmux 3.3a\u001b\\x")
      yield* terminal.shows("> x")
      const from = terminal.output().length
      terminal.resize({ columns: 30, rows: SIZE.rows })
      yield* TestClock.adjust("200 millis")
      terminal.type("y")
      terminal.resize({ columns: 20, rows: SIZE.rows })
      yield* TestClock.adjust("290 millis")
      expect(terminal.output().slice(from)).toBe("")
      yield* TestClock.adjust("20 millis")
      expect(terminal.output().slice(from)).toBe("\u001b[6n")
    }).pipe(Effect.scoped)
  )

  it.scopedLive("waits for no answer longer than half a second, and erases nothing then", () =>
    Effect.gen(function* () {
      const { terminal, ui } = yield* start()
      yield* ui.print(["message"])
      yield* terminal.shows("message")
      terminal.resize({ columns: 30, rows: SIZE.rows })
      yield* terminal.shows("\u001b[6n")
      const from = terminal.output().length
      yield* ui.print(["later"])
      yield* terminal.shows("later")
      expect(terminal.output().slice(from)).not.toMatch(/.\[\d*[AJ]/)
    })
  )

  it.live("gives the terminal back as it was, with all that was printed", () =>
    Effect.gen(function* () {
      const { screen, terminal } = yield* Effect.scoped(Effect.tap(start(), ({ ui }) => ui.print(["the last words"])))
      expect(screen()).toEqual(["the last words"])
      expect(terminal.output().endsWith("\u001b[?2004l\u001b[?1004l")).toBe(true)
    })
  )

  it.scopedLive(
    "asks about pasted lines until it is answered, and neither loses what is typed meanwhile nor is answered by it",
    () =>
      Effect.gen(function* () {
        const { lines, screen, terminal } = yield* start()
        const paste = `\u001b[200~${"line\n".repeat(9)}\u001b[201~`
        terminal.type(`${paste}\r`)
        yield* terminal.shows("send 9 lines? (y/n)")
        // None of these shows anything; Enter would ask again, and take the next key for the answer.
        terminal.type("\r\u001b[D\u001b1\t\u001b[Aonly why\ry")
        yield* terminal.shows("(Ctrl-C: no) only whyy")
        terminal.type("\u007f\u0003")
        while (screen().at(-1) !== "only why") yield* Effect.yieldNow()
        expect(lines).toEqual([])
        terminal.type("\r\r\u001b[Dy")
        while (lines.length < 1) yield* Effect.yieldNow()
        expect(lines).toEqual([`${"line\n".repeat(9)}only why`])
      })
  )
})

describe("the full screen", () => {
  const FULL = "\u001bF"

  /** The screen as it is after all that was written. */
  const seen = (output: string) => {
    const screen = new VirtualScreen(SIZE.columns, SIZE.rows)
    screen.write(output)
    return screen
  }

  it.scopedLive("shows the conversation, and leaves the normal screen with all that was printed, in its order", () =>
    Effect.gen(function* () {
      const { terminal, ui } = yield* start()
      yield* ui.print(["printed before"])
      terminal.type(`draft${FULL}`)
      yield* terminal.shows("\u001b[?1000h")
      expect(seen(terminal.output()).seen().slice(-3)).toEqual(["printed before", "-- status --", "> draft"])
      yield* ui.print(["printed on it", { repeated: "seen there anyway" }])
      yield* terminal.shows("printed on it")
      expect(seen(terminal.output()).seen().slice(-4)).toEqual([
        "printed before",
        "printed on it",
        "-- status --",
        "> draft"
      ])
      terminal.type(FULL)
      yield* terminal.shows("\u001b[?1049l")
      yield* terminal.shows("seen there anyway")
      expect(terminal.output()).toContain("\u001b[?1000l")
      expect(seen(terminal.output()).text()).toEqual([
        "printed before",
        "printed on it",
        "seen there anyway",
        "-- status --",
        "> draft"
      ])
    })
  )

  it.scopedLive("shows each conversation by itself, and what is older where somebody goes back, to its beginning", () =>
    Effect.gen(function* () {
      const { terminal, ui } = yield* start()
      yield* ui.print(["of nobody"])
      terminal.type(`${FULL}\u001b1`)
      yield* terminal.shows("recent of peer1")
      expect(seen(terminal.output()).seen().join("\n")).not.toContain("of nobody")
      yield* ui.print(["newest"])
      yield* terminal.shows("newest")
      terminal.type("\u001b[5~")
      yield* terminal.shows("peer1 before 1000: 5")
      expect(terminal.output()).not.toContain("peer1 before 999: 5")
      yield* ui.print(["meanwhile"])
      yield* Effect.repeatN(Effect.yieldNow(), 50)
      const rows = seen(terminal.output()).seen()
      expect(rows[0]).toBe("peer1 before 1000: 3")
      expect(rows[9]).toMatch(/^↓ \d+ more rows: PgDn, Esc for the last$/)
      const pages = [...rows]
      for (let page = 0; page < 9; page++) {
        terminal.type("\u001b[5~")
        yield* Effect.repeatN(Effect.yieldNow(), 50)
        pages.push(...seen(terminal.output()).seen())
      }
      expect(seen(terminal.output()).seen()[0]).toBe("peer1 before 998: 0")
      // Nothing was passed over.
      for (const before of [1000, 999, 998])
        for (let at = 0; at < 12; at++) expect(pages).toContain(`peer1 before ${before}: ${at}`)
      terminal.type("\u001b")
      while (seen(terminal.output()).seen()[9] !== "meanwhile") yield* Effect.sleep("5 millis")
      expect(seen(terminal.output()).seen()[8]).toBe("newest")
    })
  )

  it.scopedLive("is drawn anew in any size, and the normal screen goes on below what stands there", () =>
    Effect.gen(function* () {
      const { terminal, ui } = yield* start()
      const screen = new VirtualScreen(SIZE.columns, SIZE.rows)
      let read = 0
      const watch = () => {
        screen.write(terminal.output().slice(read))
        read = terminal.output().length
      }
      yield* ui.print(["a message that is wider than the other window", "another"])
      terminal.type(FULL)
      yield* terminal.shows("\u001b[?1000h")
      watch()
      for (const columns of [25, 60, 30]) {
        terminal.resize({ columns, rows: 9 })
        screen.resize(columns, 9)
        terminal.type(`${columns} `)
        yield* terminal.shows(`${columns} `)
        watch()
      }
      expect(screen.seen().slice(-3)).toEqual(["another", "-- status --", "> 25 60 30"])
      terminal.type(FULL)
      yield* terminal.shows("\u001b[?1049l")
      yield* Effect.repeatN(Effect.yieldNow(), 50)
      watch()
      expect(screen.text().filter((row) => row !== "")).toEqual([
        "a message that is wider than t",
        "he other",
        "window",
        "another",
        "-- status --",
        "> 25 60 30"
      ])
    })
  )

  it.live("is left at every end, and what was printed on it stays", () =>
    Effect.gen(function* () {
      const { screen, terminal } = yield* Effect.scoped(
        Effect.tap(start(), ({ terminal, ui }) =>
          Effect.sync(() => terminal.type(FULL)).pipe(
            Effect.zipRight(terminal.shows("\u001b[?1000h")),
            Effect.zipRight(ui.print(["the last words"]))
          )
        )
      )
      expect(screen()).toEqual(["the last words"])
      expect(terminal.output().lastIndexOf("\u001b[?1000l")).toBeLessThan(terminal.output().indexOf("\u001b[?1049l"))
    })
  )
})
