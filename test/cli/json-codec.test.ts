import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Command, decode } from "../../src/cli/json/Command.js"
import { Event, encode } from "../../src/cli/json/Event.js"
import { messageId } from "../support/ids.js"

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.constant("\u009b2J\u202e\u2028")
)
const ref = fc.oneof(fc.string({ maxLength: 10 }), fc.integer())

describe("commands", () => {
  it("accepts every command, with and without ref, and ignores unknown keys", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), text, fc.option(ref, { nil: undefined }), (nick, words, ref) => {
        const commands = [
          { cmd: "list" },
          { cmd: "query", nick },
          { cmd: "send", to: nick, text: words },
          { cmd: "nick", nick },
          { cmd: "trust", nick },
          { cmd: "leave", nick },
          { cmd: "exit" }
        ]
        for (const command of commands) {
          const whole = ref === undefined ? command : { ...command, ref }
          expect(decode(JSON.stringify({ ...whole, extra: 1 }))).toEqual(Either.right(whole))
        }
      })
    )
  })

  it("says what is wrong, in one line, and keeps a readable ref", () => {
    const message = (line: string) => Either.match(decode(line), { onLeft: (bad) => bad, onRight: () => undefined })
    expect(message("hello")?.message).toBe("this line is not JSON")
    expect(message("[1]")?.message).toBe("a command is a JSON object")
    expect(message('{"cmd":"dance","ref":"r"}')).toEqual({
      message:
        "cmd must be one of list, query, contacts, key, send, nick, why, history, sendFile, files, group, groupAdd, groupJoin, groupLeave, groupRemove, groupSend, groups, trust, verify, unverify, watch, unwatch, block, unblock, ignore, forget, path, clearHistory, read, away, back, accept, decline, cancel, pause, resume, leave, exit",
      ref: "r"
    })
    expect(message('{"cmd":"query","ref":7}')).toEqual({ message: "nick: is missing", ref: 7 })
    expect(message('{"cmd":"send","to":"bob","text":1}')?.message).toContain("text: ")
    expect(message('{"cmd":"list","ref":{}}')?.ref).toBeUndefined()
  })

  it("never throws", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (line) => void decode(line)))
    fc.assert(
      fc.property(
        fc.record({ cmd: fc.constantFrom("send", "query", "nick"), nick: fc.anything(), to: fc.anything() }),
        (c) => {
          let line: string
          try {
            line = JSON.stringify(c)
          } catch {
            return
          }
          const bad = Either.getLeft(decode(line))
          if (bad._tag === "Some") expect(bad.value.message).not.toContain("\n")
        }
      )
    )
    expect(Schema.is(Command)({ cmd: "list" })).toBe(true)
  })
})

describe("events", () => {
  const decodeEvent = Schema.decodeUnknownSync(Event, { onExcessProperty: "error" })

  it("survives the way through a line, whatever the text", () => {
    fc.assert(
      fc.property(text, text, ref, (from, words, ref) => {
        const event = { event: "message", from, id: messageId("00".repeat(16)), text: words, ref } as const
        const line = encode(event)
        expect(line.endsWith("\n")).toBe(true)
        expect(decodeEvent(JSON.parse(line))).toEqual(event)
      })
    )
  })

  it("is safe to show on a terminal", () => {
    fc.assert(
      fc.property(text, (words) => {
        const line = encode({ event: "message", from: words, id: messageId("00".repeat(16)), text: words })
        expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
      })
    )
  })
})
