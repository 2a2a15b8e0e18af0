import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Bytes from "../../src/protocol/Bytes.js"

const anyBytes = fc.uint8Array({ maxLength: 70 })

describe("texts", () => {
  it("base64url is Node's, both ways", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const text = Bytes.toBase64Url(bytes)
        expect(text).toBe(Buffer.from(bytes).toString("base64url"))
        expect(Bytes.fromBase64Url(text)).toEqual(bytes)
      })
    )
  })

  it("base64url takes one text for each byte string and no other", () => {
    const texts = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."ABYZaz09-_+/=") }))
    fc.assert(
      fc.property(texts, (text) => {
        const bytes = Bytes.fromBase64Url(text)
        if (bytes !== undefined) expect(Bytes.toBase64Url(bytes)).toBe(text)
      })
    )
    for (const text of ["A", "AA==", "AB", "A+", "A/", "AAA\u0100", "A A"])
      expect(Bytes.fromBase64Url(text)).toBeUndefined()
  })

  it("hexadecimal is Node's, both ways", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const text = Bytes.toHex(bytes)
        expect(text).toBe(Buffer.from(bytes).toString("hex"))
        expect(Bytes.fromHex(text)).toEqual(bytes)
        expect(Bytes.fromHex(text.toUpperCase())).toEqual(bytes)
      })
    )
    for (const text of ["0", "0g", "0x00", " 00"]) expect(Bytes.fromHex(text)).toBeUndefined()
  })

  it("hexadecimal is read from and written into the middle of other bytes", () => {
    fc.assert(
      fc.property(anyBytes, fc.nat(5), fc.nat(5), (bytes, before, behind) => {
        const whole = Bytes.concat([new Uint8Array(before).fill(1), bytes, new Uint8Array(behind).fill(2)])
        const target = new Uint8Array(before + bytes.length)
        const writer = new Bytes.Writer(target, before)
        const reader = new Bytes.Reader(whole, before, before + bytes.length)
        const text = reader.hex(bytes.length)
        expect(text).toBe(Bytes.toHex(bytes))
        expect(reader.done).toBe(true)
        expect(reader.hex(1)).toBe("")
        expect(reader.failed).toBe(true)
        writer.hex(text)
        expect(writer.failed).toBe(false)
        expect(target.subarray(before)).toEqual(bytes)
        writer.hex("00")
        expect(writer.failed).toBe(true)
      })
    )
    for (const text of ["0", "0g", "0x00", " 00"]) {
      const writer = new Bytes.Writer(new Uint8Array(9))
      writer.hex(text)
      expect(writer.failed).toBe(true)
    }
  })

  it("UTF-8 round trips, a byte order mark included, and refuses what is not UTF-8", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(Bytes.toText(Bytes.fromText(text))).toBe(Buffer.from(text).toString())
      })
    )
    expect(Bytes.toText(Bytes.fromText("\ufeffa"))).toBe("\ufeffa")
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
      expect(Bytes.toText(Uint8Array.from(bytes))).toBeUndefined()
    }
  })
})

describe("byte strings", () => {
  it("equal, compare and concat agree with Node's", () => {
    const few = fc.uint8Array({ maxLength: 4, max: 2 })
    fc.assert(
      fc.property(few, few, (a, b) => {
        expect(Bytes.equal(a, b)).toBe(Buffer.compare(a, b) === 0)
        expect(Math.sign(Bytes.compare(a, b))).toBe(Buffer.compare(a, b))
        expect(Bytes.concat([a, b])).toEqual(new Uint8Array(Buffer.concat([a, b])))
      })
    )
  })

  it("a copy of a Buffer shares no memory with it", () => {
    const buffer = Buffer.from([1, 2, 3])
    const copy = Bytes.copy(buffer)
    buffer.fill(9)
    expect(copy).toEqual(Uint8Array.of(1, 2, 3))
  })
})

const varints = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(20_000),
  fc.constantFrom(0, 0x3f, 0x40, 0x3fff, 0x4000, 0x3fff_ffff, 0x4000_0000, Number.MAX_SAFE_INTEGER)
)

describe("Writer and Reader", () => {
  type Field = readonly [kind: "u8" | "u16" | "u32" | "u64" | "varint", value: number] | readonly ["bytes", Uint8Array]
  const field: fc.Arbitrary<Field> = fc.oneof(
    fc.tuple(fc.constant("u8" as const), fc.nat(0xff)),
    fc.tuple(fc.constant("u16" as const), fc.nat(0xffff)),
    fc.tuple(fc.constant("u32" as const), fc.integer({ min: 0, max: 0xffff_ffff })),
    fc.tuple(fc.constant("u64" as const), fc.maxSafeNat()),
    fc.tuple(fc.constant("varint" as const), varints),
    fc.tuple(fc.constant("bytes" as const), anyBytes)
  )
  const size = ([kind, value]: Field) =>
    kind === "bytes" ? value.length : { u8: 1, u16: 2, u32: 4, u64: 8, varint: Bytes.varintLength(value) }[kind]
  const write = (writer: Bytes.Writer, [kind, value]: Field) =>
    kind === "bytes" ? writer.bytes(value) : writer[kind](value)
  const read = (reader: Bytes.Reader, [kind, value]: Field) =>
    kind === "bytes" ? reader.bytes(value.length) : reader[kind]()

  it("gives back every sequence of fields, in exactly the bytes it promises", () => {
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        const total = fields.reduce((sum, each) => sum + size(each), 0)
        const writer = new Bytes.Writer(new Uint8Array(total))
        for (const each of fields) write(writer, each)
        expect([writer.offset, writer.remaining]).toEqual([total, 0])
        const reader = new Bytes.Reader(writer.finish()!)
        for (const each of fields) expect(read(reader, each)).toEqual(each[1])
        expect(reader.done).toBe(true)
      })
    )
  })

  it("writes big-endian", () => {
    const writer = new Bytes.Writer(new Uint8Array(30), 1)
    writer.u16(0x0102)
    writer.u32(0xf3040506)
    writer.u64(0x1f_0708_0900_000a)
    expect(Bytes.toHex(writer.finish()!)).toBe("000102f3040506001f07080900000a")
  })

  it("fails for good at the first field that does not fit, and touches nothing behind", () => {
    fc.assert(
      fc.property(fc.array(field, { minLength: 1 }), fc.nat(), (fields, seed) => {
        const total = fields.reduce((sum, each) => sum + size(each), 0)
        if (total === 0) return
        const short = seed % total
        const buffer = new Uint8Array(total).fill(0xee)
        const writer = new Bytes.Writer(buffer.subarray(0, short))
        for (const each of fields) write(writer, each)
        expect(writer.failed).toBe(true)
        expect(writer.finish()).toBeUndefined()
        expect(buffer.subarray(writer.offset).every((byte) => byte === 0xee)).toBe(true)

        const full = new Bytes.Writer(new Uint8Array(total))
        for (const each of fields) write(full, each)
        const reader = new Bytes.Reader(full.finish()!.subarray(0, short))
        for (const each of fields) read(reader, each)
        expect([reader.failed, reader.done, reader.remaining]).toEqual([true, false, 0])
        expect(reader.varint()).toBe(0)
      })
    )
  })

  it("refuses integers out of range", () => {
    const bad: ReadonlyArray<readonly ["u8" | "u16" | "u32" | "u64" | "varint", number]> = [
      ["u8", 256],
      ["u8", -1],
      ["u16", 0x1_0000],
      ["u32", 0x1_0000_0000],
      ["u64", 2 ** 53],
      ["varint", 2 ** 53],
      ["varint", -1],
      ["u8", 1.5],
      ["u32", Number.NaN]
    ]
    for (const [kind, value] of bad) {
      const writer = new Bytes.Writer(new Uint8Array(16))
      writer[kind](value)
      expect(writer.failed).toBe(true)
    }
  })

  it("refuses integers that a number cannot hold, and lengths that are none", () => {
    expect(failure("ffffffffffffffff", (reader) => reader.varint())).toBe(true)
    expect(failure("0020000000000000", (reader) => reader.u64())).toBe(true)
    expect(failure("001fffffffffffff", (reader) => reader.u64())).toBe(false)
    expect(failure("0000", (reader) => reader.bytes(-1))).toBe(true)
    expect(failure("0000", (reader) => reader.bytes(Number.NaN))).toBe(true)
  })
})

describe("varint (RFC 9000, appendix A.1)", () => {
  it("decodes the examples", () => {
    const decode = (text: string) => new Bytes.Reader(Bytes.fromHex(text)!).varint()
    expect(decode("9d7f3e7d")).toBe(494_878_333)
    expect(decode("7bbd")).toBe(15_293)
    expect(decode("25")).toBe(37)
    expect(decode("4025")).toBe(37)
    // 151,288,809,941,952,652, the example of eight bytes, is more than a number holds exactly.
    expect(failure("c2197c5eff14e88c", (reader) => reader.varint())).toBe(true)
    expect(decode("c000000000000025")).toBe(37)
  })

  it("encodes in the fewest bytes", () => {
    fc.assert(
      fc.property(varints, (value) => {
        const writer = new Bytes.Writer(new Uint8Array(8))
        writer.varint(value)
        expect(writer.offset).toBe(value < 64 ? 1 : value < 16_384 ? 2 : value < 1_073_741_824 ? 4 : 8)
      })
    )
  })
})

const failure = (text: string, read: (reader: Bytes.Reader) => unknown) => {
  const reader = new Bytes.Reader(Bytes.fromHex(text)!)
  read(reader)
  return reader.failed
}
