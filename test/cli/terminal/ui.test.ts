import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect, it } from "vitest"
import type { Completion } from "../../../src/cli/terminal/Completion.js"
import * as Ui from "../../../src/cli/terminal/Ui.js"
import type { Action, View } from "../../../src/cli/terminal/View.js"
import * as Memory from "../../../src/layers/memory/Terminal.js"
import { Terminal } from "../../../src/services/Terminal.js"
import { FakeScreen } from "./FakeScreen.js"

const SIZE = { columns: 40, rows: 12 }

/** An editor at a terminal, and what it was asked for. */
const start = (found: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    const terminal = yield* Memory.make({ interactive: true, size: SIZE })
    const view = { conversation: "", prompt: () => `${view.conversation}> `, status: () => ["-- status --"] }
    const completion = (before: string): Effect.Effect<Completion> =>
      Effect.succeed({ start: before.length - 1, found: found.filter((name) => name.startsWith(before.slice(-1))) })
    const ui = yield* Effect.provideService(Ui.interactive(view as View, completion), Terminal, terminal.terminal)
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
        leave: Effect.sync(() => lines.length > 0)
      })
    )
    const screen = () => {
      const fake = new FakeScreen(SIZE.columns)
      fake.write(terminal.output())
      return fake.text()
    }
    return { terminal, ui, lines, actions, screen, end: Fiber.join(reading) }
  })

const test = <A, E>(effect: Effect.Effect<A, E, never>) => Effect.runPromise(effect)

describe("the editor at a terminal", () => {
  it("keeps a draft for each conversation", () =>
    test(
      Effect.scoped(
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
    ))

  it("shows what could stand at the cursor until the next key, and prints nothing of it", () =>
    test(
      Effect.scoped(
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
    ))

  it("puts a text back where nothing else is written", () =>
    test(
      Effect.scoped(
        Effect.gen(function* () {
          const { screen, terminal, ui } = yield* start()
          yield* ui.restore("refused")
          yield* terminal.shows("> refused")
          yield* ui.restore("another")
          expect(screen()).toEqual(["-- status --", "> refused"])
        })
      )
    ))

  it("stays when the program does not want to leave", () =>
    test(
      Effect.scoped(
        Effect.gen(function* () {
          const { lines, terminal, end } = yield* start()
          terminal.type("\u0003\u0004still\r\u0003")
          expect(yield* end).toBe("interrupt")
          expect(lines).toEqual(["still"])
        })
      )
    ))
})
