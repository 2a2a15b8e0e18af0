import { execFile } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import * as Effect from "effect/Effect"
import { build as bundle } from "esbuild"
import { afterEach, describe, expect, it, vi } from "vitest"
import * as Service from "../../src/services/Crypto.js"

/** Says whether native code is loaded once the module is and once the layer is built, and what was to find it, too. */
const PROGRAM = `
import { createRequire } from "node:module"
import * as Effect from "effect/Effect"
import { layer } from "../../src/layers/node/Crypto.js"
import { Crypto } from "../../src/services/Crypto.js"

const loaded = (name) => Object.keys(createRequire(import.meta.url).cache).some((file) => name.test(file))
const imported = loaded(/sodium-native|noise-handshake/)
await Effect.runPromise(Effect.provide(Crypto, layer))
console.log(JSON.stringify([imported, loaded(/sodium-native\\W.*[.]node$/), loaded(/require-addon/)]))
`

/** What the program prints, in a process of its own: what others have loaded into this one stays there. */
const run = async (contents: string): Promise<unknown> => {
  const here = fileURLToPath(new URL(".", import.meta.url))
  const stdin = { contents, resolveDir: here }
  const { outputFiles } = await bundle({ stdin, bundle: true, platform: "node", format: "esm", write: false })
  const folder = mkdtempSync(join(tmpdir(), "parley-test-"))
  try {
    const file = join(folder, "program.mjs")
    writeFileSync(file, outputFiles[0]!.contents)
    const env = { PATH: process.env.PATH, NODE_PATH: join(here, "../../node_modules") }
    return JSON.parse((await promisify(execFile)(process.execPath, [file], { env })).stdout)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

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
    expect(await run(PROGRAM)).toEqual([false, true, false])
  })

  it("that is missing has a substitute, which says why it is there", async () => {
    const missing = () => {
      throw new Error("no such file", { cause: new Error("tried many places\nversion `GLIBC_2.33' not found") })
    }
    vi.doMock("../../src/layers/node/Sodium.js", () => ({ sodium: missing, noise: missing }))
    expect(await build()).toMatchObject({
      _tag: "Right",
      right: { substituteFor: "sodium-native: version `GLIBC_2.33' not found" }
    })
  })

  it("that computes something else is refused", async () => {
    const wrong = (digest: Uint8Array) => digest.fill(1)
    const sodium = () => ({ crypto_generichash: wrong, crypto_generichash_batch: wrong })
    vi.doMock("../../src/layers/node/Sodium.js", () => ({ sodium, noise: () => undefined }))
    expect(await build()).toMatchObject({ _tag: "Left", left: { _tag: "CryptoError", reason: "SelfTest" } })
  })
})
