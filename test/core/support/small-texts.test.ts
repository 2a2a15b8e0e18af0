import { expect, it } from "vitest"
import { mulberry32 } from "../../../scenarios/support/Random.js"
import { SmallTexts } from "../../../src/core/support/SmallTexts.js"

it("texts of any kind and length keep the bytes of their UTF-8 beside one another", () => {
  const random = mulberry32(1)
  const all = Array.from({ length: 200 }, (_, i) => {
    const unit = i % 5 === 0 ? "é" : i % 7 === 0 ? "\ud83d" : "a"
    return "a".repeat(Math.floor(random() * 300)) + unit.repeat(i % 3)
  })
  const texts = new SmallTexts()
  const encoded = ["", "a".repeat(256), "b".repeat(257), `${"c".repeat(255)}é`, ...all].map((text) => ({
    text,
    bytes: texts.encode(text)
  }))
  for (const { bytes, text } of encoded) expect(Buffer.from(bytes)).toEqual(Buffer.from(text))
})

it("short texts share memory, little of which outlives them", () => {
  const texts = new SmallTexts()
  const buffers = new Set(Array.from({ length: 100 }, () => texts.encode("x".repeat(100)).buffer))
  expect(buffers.size).toBe(3)
  for (const buffer of buffers) expect(buffer.byteLength).toBe(4096)
  expect(texts.encode("é").buffer.byteLength).toBe(2)
})
