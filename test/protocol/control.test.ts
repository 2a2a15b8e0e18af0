import * as Arbitrary from "effect/Arbitrary"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as Control from "../../src/protocol/Control.js"
import * as ControlCodec from "../../src/protocol/ControlCodec.js"
import { some } from "../support/Effort.js"

const refusal = (line: string) => Either.getOrThrow(Either.flip(ControlCodec.decodeRequest(line)))

describe("a request line", () => {
  test("is decoded, and unknown keys are ignored", () => {
    expect(
      Either.getOrThrow(
        ControlCodec.decodeRequest('{"_tag":"Register","id":1,"nick":"nc","colour":"red","__proto__":{}}')
      )
    ).toEqual({ _tag: "Register", id: 1, nick: "nc", endpoints: [] })
    expect(Either.getOrThrow(ControlCodec.decodeRequest('{"_tag":"Exit"}'))).toEqual({ _tag: "Exit" })
  })

  test("gives back every request that Schema encodes", () => {
    fc.assert(
      fc.property(Arbitrary.make(Control.Request), (request) => {
        const line = JSON.stringify(Schema.encodeSync(Control.Request)(request))
        const decoded = ControlCodec.decodeRequest(line)
        expect(Either.isRight(decoded) && JSON.stringify(decoded.right)).toEqual(JSON.stringify(request))
      }),
      { numRuns: some(200) }
    )
  })

  test.each([
    ["", "Malformed", undefined],
    ["hello", "Malformed", undefined],
    ["[]", "Malformed", undefined],
    ["null", "Malformed", undefined],
    ['{"id":3}', "Malformed", 3],
    ['{"_tag":7,"id":3}', "Malformed", 3],
    ['{"_tag":"Fly","id":4}', "Unsupported", 4],
    ['{"_tag":"constructor","id":4}', "Unsupported", 4],
    ['{"_tag":"Query","id":5}', "Malformed", 5],
    ['{"_tag":"Query","id":"5","nick":"bob"}', "Malformed", undefined],
    ['{"_tag":"Query","id":-1,"nick":"bob"}', "Malformed", undefined],
    ['{"_tag":"Query","id":9007199254740993,"nick":"bob"}', "Malformed", undefined],
    [`{"_tag":"Query","id":6,"nick":"${"x".repeat(257)}"}`, "Malformed", 6],
    [`{"_tag":"List","id":6,"match":${"[".repeat(8000)}${"]".repeat(8000)}}`, "Malformed", undefined]
  ])("%s is refused", (line, tag, id) => {
    const refused = refusal(line)
    expect(refused._tag).toBe(tag)
    expect(refused.id).toBe(id)
  })

  test("that is refused says which field is wrong", () => {
    expect(refusal('{"_tag":"Register","id":1,"nick":7}').message).toContain("`nick`")
    expect(refusal('{"_tag":"Update","id":1}').message).toContain("`endpoints`")
    expect(refusal('{"_tag":"Exit","mood":"odd"}').message).toContain("`mood`")
  })

  test("is judged as the Schema judges it, where it is read by hand", () => {
    const decode = Schema.decodeUnknownEither(Control.Request)
    const long = (length: number) => fc.constantFrom("a".repeat(length), "a".repeat(length + 1))
    const text = fc.oneof(fc.constantFrom("bob", "", "a b", "ä", null, 7), long(64), long(128), long(256), long(1024))
    const endpoints = fc.oneof(fc.array(text, { maxLength: 9 }), fc.constantFrom(null, {}, "a"))
    const members = { nick: text, identity: text, record: text, proof: text, token: text, resume: text, endpoints }
    const request = fc
      .record(members, { requiredKeys: [] })
      .chain((value) => fc.constantFrom("Register", "Query", "Ping").map((_tag) => ({ _tag, id: 1, ...value })))
    fc.assert(
      fc.property(request, (value) => {
        const decoded = ControlCodec.decodeRequest(JSON.stringify(value))
        const expected = decode(value)
        expect(Either.isRight(decoded)).toBe(Either.isRight(expected))
        if (Either.isRight(expected)) expect(decoded).toEqual(expected)
      }),
      { numRuns: some(2000) }
    )
  })

  test("never throws, and is always answered by something that the protocol knows", () => {
    const isRefusal = Schema.is(Schema.encodedSchema(Control.Refusal))
    const tagged = fc.record({
      _tag: fc.constantFrom("Register", "List", "Watch", "Query", "Update", "Ping", "Exit", "Fly"),
      id: fc.jsonValue(),
      nick: fc.jsonValue(),
      endpoints: fc.jsonValue(),
      limit: fc.jsonValue()
    })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          tagged.map((value) => JSON.stringify(value))
        ),
        (line) => {
          const decoded = ControlCodec.decodeRequest(line)
          if (Either.isLeft(decoded)) expect(isRefusal(decoded.left)).toBe(true)
          else expect(Schema.is(Control.Request)(decoded.right)).toBe(true)
        }
      ),
      { numRuns: some(1000) }
    )
  })
})

describe("a message line", () => {
  const decodeMessage = Schema.decodeUnknownSync(Schema.parseJson(Control.ServerMessage))

  test("has one line end, at its end, whatever it holds", () => {
    fc.assert(
      fc.property(Arbitrary.make(Schema.encodedSchema(Control.ServerMessage)), (message) => {
        const line = ControlCodec.encodeMessage(message)
        expect(line.indexOf("\n")).toBe(line.length - 1)
        expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify(message)))
      }),
      { numRuns: some(200) }
    )
  })

  test("of a page is what Schema reads", () => {
    fc.assert(
      fc.property(
        fc.array(Arbitrary.make(Control.ClientEntry), { maxLength: 5 }),
        fc.option(fc.string()),
        (clients, next) => {
          const line = ControlCodec.encodeClients(
            7,
            clients.map((entry) => encodeEntry(entry)),
            next ?? undefined
          )
          expect(line.endsWith("\n")).toBe(true)
          expect(JSON.stringify(decodeMessage(line))).toEqual(
            JSON.stringify({ _tag: "Clients", id: 7, clients, ...(next === null ? {} : { next }) })
          )
        }
      ),
      { numRuns: some(200) }
    )
  })

  test("of a refusal carries the id of its request, if there is one", () => {
    const body = { _tag: "NoSuchPeer", message: "nobody" } as const
    expect(JSON.parse(ControlCodec.encodeRefusal(3, body))).toEqual({ id: 3, ...body })
    expect(JSON.parse(ControlCodec.encodeRefusal(undefined, body))).toEqual(body)
  })
})

const encodeEntry = Schema.encodeSync(Schema.parseJson(Control.ClientEntry))
