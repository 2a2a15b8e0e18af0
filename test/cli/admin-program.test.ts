import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as AdminProgram from "../../src/cli/AdminProgram.js"
import { ExitCode } from "../../src/cli/ExitCode.js"
import { type AdminAnswer, type AdminSession, decodeAdminRequest, encodeAdmin } from "../../src/protocol/Admin.js"
import { Dialer } from "../../src/services/Dialer.js"
import { Terminal } from "../../src/services/Terminal.js"

const ann: AdminSession = { session: "7", address: "192.0.2.7:4000", nick: "ann", since: 0 }
const page = (sessions: ReadonlyArray<AdminSession>, next?: number): AdminAnswer => ({
  _tag: "Sessions",
  sessions,
  ...(next === undefined ? {} : { next })
})

/** What `who PART` writes, and how it ends, with a server that answers this. */
const who = (answers: ReadonlyArray<AdminAnswer>, json = false, match = "an") =>
  Effect.gen(function* () {
    const asked: Array<unknown> = []
    const written: Array<string> = []
    const dial = (_: unknown, accept: (connection: unknown) => { readonly onData: (data: Uint8Array) => void }) =>
      Effect.sync(() => {
        const handler = accept({})
        const send = (line: string) => {
          handler.onData(Buffer.from(encodeAdmin(answers[asked.length]!)))
          asked.push(decodeAdminRequest(line.trim()))
          return true
        }
        return { send }
      })
    const write = (text: string) => Effect.sync(() => void written.push(text))
    const exit = yield* Effect.exit(
      Effect.provide(
        AdminProgram.run({ admin: "/run/admin", json, request: { _tag: "Who", match } }),
        Layer.mergeAll(
          Layer.succeed(Dialer, { dial } as unknown as Dialer["Type"]),
          Layer.succeed(Terminal, { write } as unknown as Terminal["Type"])
        )
      )
    )
    return { asked, written: written.join(""), exit }
  })

describe("who, with a part of a name", () => {
  it.effect("goes on over pages with nobody that is meant, and writes nothing for them", () =>
    Effect.gen(function* () {
      const pages = [page([], 3), page([ann], 9), page([])]
      const { asked, exit, written } = yield* who(pages)
      expect(exit).toEqual(Exit.void)
      expect(asked).toEqual([0, 3, 9].map((after) => ({ _tag: "Who", match: "an", ...(after === 0 ? {} : { after }) })))
      expect(written).toMatch(/^#7 {2}ann {2}192\.0\.2\.7:4000 .*\n$/)
      expect((yield* who(pages, true)).written).toBe(encodeAdmin(pages[1]!))
    })
  )

  it.effect("says at the end that there is nobody, with a code of its own", () =>
    Effect.gen(function* () {
      for (const json of [false, true]) {
        const { exit, written } = yield* who([page([], 3), page([])], json)
        expect(written).toBe("")
        expect(exit).toMatchObject(
          Exit.fail({ exitCode: ExitCode.noSuchPeer, message: expect.stringContaining(" an ") })
        )
      }
    })
  )
})
