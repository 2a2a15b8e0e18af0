import { createRequire } from "node:module"
import * as Effect from "effect/Effect"
import { afterEach, describe, expect, it, vi } from "vitest"
import * as Service from "../../src/services/Crypto.js"

const loaded = () =>
  Object.keys(createRequire(import.meta.url).cache).some((file) => /sodium-native|noise-handshake/.test(file))

const build = async () => {
  const { layer } = await import("../../src/layers/node/Crypto.js")
  return Effect.runPromise(Effect.either(Effect.provide(Service.Crypto, layer)))
}

describe("native code", () => {
  afterEach(() => {
    vi.doUnmock("../../src/layers/node/Sodium.js")
    vi.resetModules()
  })

  it("is loaded when the layer is built, not when the module is imported", async () => {
    await import("../../src/layers/node/Crypto.js")
    expect(loaded()).toBe(false)
    await build()
    expect(loaded()).toBe(true)
  })

  it("that is missing is one typed error with advice", async () => {
    const missing = () => {
      throw new Error("No such addon")
    }
    vi.doMock("../../src/layers/node/Sodium.js", () => ({ sodium: missing, noise: missing }))
    expect(await build()).toMatchObject({
      _tag: "Left",
      left: { _tag: "CryptoError", reason: "NotLoaded", message: expect.stringContaining("sodium-native") }
    })
  })

  it("that computes something else is refused", async () => {
    const sodium = () => ({ crypto_generichash_batch: (digest: Uint8Array) => digest.fill(1) })
    vi.doMock("../../src/layers/node/Sodium.js", () => ({ sodium, noise: () => undefined }))
    expect(await build()).toMatchObject({ _tag: "Left", left: { _tag: "CryptoError", reason: "SelfTest" } })
  })
})
