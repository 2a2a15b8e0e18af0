import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { contentOf, Disk, ID, scan } from "../../../scenarios/support/Transfer.js"
import { ChunkBitmap } from "../../../src/core/files/ChunkBitmap.js"
import { ChunkLayout, chunkSizeOf, chunksOf, FILES_AT_ONCE } from "../../../src/core/files/ChunkLayout.js"
import type { Entry, Offer } from "../../../src/core/files/Content.js"
import { ContentHasher } from "../../../src/core/files/ContentHasher.js"
import * as HashTree from "../../../src/core/files/HashTree.js"
import * as Manifest from "../../../src/core/files/Manifest.js"
import { safePaths } from "../../../src/core/files/SafePaths.js"
import * as FileName from "../../../src/domain/FileName.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import { concat, fromHex, fromText, toHex } from "../../../src/protocol/Bytes.js"
import { partsOf } from "../../../src/services/Files.js"
import { some } from "../../support/Effort.js"
import { whole } from "../../support/slices.js"

const KIB = 1024
const MIB = 1024 * KIB

describe("ChunkLayout", () => {
  it("takes chunks that are few, but never too large", () => {
    expect(chunkSizeOf(0)).toBe(256 * KIB)
    expect(chunkSizeOf(4096 * MIB)).toBe(256 * KIB)
    expect(chunkSizeOf(4096 * MIB + 1)).toBe(512 * KIB)
    expect(chunkSizeOf(256 * 1024 * MIB)).toBe(16 * MIB)
    expect(chunkSizeOf(2 ** 42)).toBe(16 * MIB)
    expect(chunksOf(2 ** 42, chunkSizeOf(2 ** 42))).toBe(2 ** 18)
  })

  it("gives every byte one place, in order", () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 12 })
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 9 }), (sizes, chunkSize, most) => {
        const layout = new ChunkLayout(
          sizes.map((size) => ({ size })),
          chunkSize
        )
        const places = sizes.flatMap((size, file) => Array.from({ length: size }, (_, offset) => `${file}:${offset}`))
        const found: Array<string> = []
        for (let chunk = 0; chunk < layout.chunks; chunk++) {
          expect(layout.lengthOf(chunk)).toBe(Math.min(chunkSize, places.length - chunk * chunkSize))
          for (let at = layout.startOf(chunk); at < layout.endOf(chunk); ) {
            const place = layout.placeAt(at, Math.min(layout.endOf(chunk), at + most))
            expect(place.at).toBe(at)
            expect(place.length).toBe(Math.min(layout.endOf(chunk) - at, most))
            for (const { index, length, offset } of partsOf(
              sizes.map((size) => ({ size })),
              place.file,
              place.offset,
              place.length
            ))
              for (let i = 0; i < length; i++) found.push(`${index}:${offset + i}`)
            at += place.length
          }
        }
        expect(found).toEqual(places)
      })
    )
  })
})

describe("a place", () => {
  it("touches no more files than one step should", () => {
    const entries = Array.from({ length: 3 * FILES_AT_ONCE }, () => ({ size: 2 }))
    const layout = new ChunkLayout(entries)
    expect(layout.placeAt(1, layout.size)).toEqual({ at: 1, file: 0, offset: 1, length: 2 * FILES_AT_ONCE - 1 })
    expect(layout.placeAt(4 * FILES_AT_ONCE, layout.size)).toMatchObject({ length: 2 * FILES_AT_ONCE })
  })
})

describe("ChunkBitmap", () => {
  it("is a set of chunks, and its bytes are", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.array(fc.nat(99)), (chunks, wanted) => {
        const have = new ChunkBitmap(chunks)
        const model = new Set(wanted.filter((chunk) => chunk < chunks))
        for (const chunk of model) {
          have.add(chunk)
          have.add(chunk)
        }
        const back = ChunkBitmap.from(have.toBytes(), chunks)!
        for (const each of [have, back]) {
          expect(each.count).toBe(model.size)
          expect(each.isComplete).toBe(model.size === chunks)
          for (let chunk = 0; chunk < chunks; chunk++) {
            expect(each.has(chunk)).toBe(model.has(chunk))
            let next = chunk
            while (model.has(next)) next++
            expect(each.nextMissing(chunk)).toBe(Math.min(next, chunks))
          }
        }
        const layout = new ChunkLayout([{ size: Math.max(0, chunks * 7 - 3) }], 7)
        expect(layout.bytesOf(have)).toBe([...model].reduce((sum, chunk) => sum + layout.lengthOf(chunk), 0))
      })
    )
  })

  it("speaks of no chunk that does not exist", () => {
    expect(ChunkBitmap.from(Uint8Array.of(0b111), 3)?.count).toBe(3)
    expect(ChunkBitmap.from(Uint8Array.of(0b1000), 3)).toBeUndefined()
    expect(ChunkBitmap.from(Uint8Array.of(0, 0b1000_0000), 16)?.has(15)).toBe(true)
    expect(ChunkBitmap.from(Uint8Array.of(0, 1), 8)).toBeUndefined()
    expect(ChunkBitmap.from(Uint8Array.of(1, 0, 0, 0), 3)?.toBytes()).toEqual(Uint8Array.of(1))
  })
})

describe("ContentHasher", () => {
  it("finds the chunks that are what they should be", () => {
    const disk = new Disk([new Uint8Array(100).fill(1), new Uint8Array(0), new Uint8Array(55).fill(2)])
    const content = contentOf(disk, 16)
    const layout = new ChunkLayout(content.entries, 16)
    expect(scan(disk, layout).matching(content.leaves).isComplete).toBe(true)
    disk.files[0]![17] = 9
    disk.files[2]![0] = 9
    const have = scan(disk, layout).matching(content.leaves)
    expect(Array.from({ length: 10 }, (_, chunk) => have.has(chunk))).toEqual([
      true,
      false,
      true,
      true,
      true,
      true,
      false,
      true,
      true,
      true
    ])
  })

  it("goes on behind what is not there, and has no leaves then", () => {
    const machine = new ContentHasher(crypto, new ChunkLayout([{ size: 40 }, { size: 40 }], 32))
    const asked: Array<string> = []
    for (let place = machine.poll(); place !== undefined; place = machine.poll()) {
      asked.push(`${place.file}:${place.offset}+${place.length}`)
      machine.handleRead(place.offset === 32 ? new Uint8Array(3) : new Uint8Array(place.length))
    }
    expect(asked).toEqual(["0:0+32", "0:32+32", "1:24+16"])
    expect(machine.scanned).toBe(80)
    expect(machine.leaves).toBeUndefined()
    const zeros = concat([32, 32, 16].map((length) => HashTree.leaf(crypto, [new Uint8Array(length)])))
    const have = machine.matching(zeros)
    expect([have.has(0), have.has(1), have.has(2)]).toEqual([true, false, true])
    // What was not there is not even what a leaf of zeros says.
    expect(machine.matching(new Uint8Array(96)).count).toBe(0)
  })
})

describe("the hash tree", () => {
  it("is what docs/protocol.md says", () => {
    const leaf = HashTree.leaf(crypto, [fromText("ab"), fromText("c")])
    expect(toHex(leaf)).toBe(toHex(crypto.hash(32, [fromText("parley chunk v1abc")])))
    const root = whole(
      HashTree.root(crypto, { kind: "folder", size: 3, version: 1 }, concat([fromText("manifest"), leaf]))
    )
    expect(toHex(root)).toBe(
      toHex(
        crypto.hash(32, [fromText("parley content v1"), fromHex("010000000000000003")!, fromText("manifest"), leaf])
      )
    )
  })
})

/** Paths of files as they may be stored where case is ignored. */
const safeOf = (paths: ReadonlyArray<string>) =>
  whole(
    safePaths(
      paths.map((path) => ({ path })),
      true
    )
  )

const made = (kind: "file" | "folder", entries: ReadonlyArray<Entry>, version: 1 | 2 = 1) => {
  const disk = Disk.empty(entries)
  const leaves = scan(disk, new ChunkLayout(entries)).leaves!
  return whole(Manifest.make(crypto, { id: ID, kind, name: "x", entries, leaves }, version))
}

/** An offer and contents as somebody makes them who keeps to nothing but the root. */
const forged = (manifest: string, change: Partial<Offer> = {}) => {
  const none = { version: 1 as const, folders: 0, executables: 0, risks: 0 }
  const base = { id: ID, kind: "folder" as const, name: "x", size: 0, files: 1, ...none, ...change }
  const contents = fromHex(manifest.replaceAll(" ", ""))!
  return whole(Manifest.decode(crypto, { ...base, root: whole(HashTree.root(crypto, base, contents)) }, contents))
}

describe("Contents", () => {
  it("have a fixed form", () => {
    const content = made("folder", [
      { path: "a/é", size: 300, executable: true },
      { path: "b", size: 0, executable: false }
    ])!
    expect(toHex(whole(Manifest.encode(content)))).toBe(
      `04612fc3a9412c01016200 00`.replace(" ", "") + toHex(content.leaves)
    )
    expect(toHex(whole(Manifest.encode(made("file", [{ path: "x", size: 5, executable: false }])!))).slice(0, 6)).toBe(
      "000500"
    )
  })

  it("come back as they were, verified", () => {
    const content = contentOf(new Disk([new Uint8Array(100), new Uint8Array(3)]), 16)
    const bytes = whole(Manifest.encode(content))
    expect(whole(Manifest.decode(crypto, content.offer, bytes, 16))).toEqual(content)
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at]! ^= 1
      expect(whole(Manifest.decode(crypto, content.offer, changed, 16))).toBeUndefined()
    }
    expect(whole(Manifest.decode(crypto, { ...content.offer, size: 104 }, bytes, 16))).toBeUndefined()
    expect(whole(Manifest.decode(crypto, content.offer, bytes.slice(1), 16))).toBeUndefined()
    expect(whole(Manifest.decode(crypto, content.offer, new Uint8Array(0), 16))).toBeUndefined()
  })

  it("are refused when they are not what was offered, though the root is theirs", () => {
    expect(forged("0161 00 00")).toMatchObject({ entries: [{ path: "a", size: 0, executable: false }] })
    expect(forged("0161 00 00", { files: 2 })).toBeUndefined()
    expect(forged("0161 00 00 0162 00 00")).toBeUndefined()
    expect(forged("0161 05 00")).toBeUndefined()
    expect(forged("0161 00")).toBeUndefined()
    expect(forged("01ff 00 00")).toBeUndefined()
    expect(forged("0161 00 00", { kind: "file" })).toBeUndefined()
    expect(forged("00 00 00", { kind: "file" })).toMatchObject({ entries: [{ path: "x" }] })
    expect(forged("03 2e2e2f 00 00")).toBeUndefined()
    expect(forged("05 2e2e2f7878 00 00")).toBeUndefined()
    expect(forged("02 2f61 00 00")).toBeUndefined()
    expect(forged("", { files: 0 })).toMatchObject({ entries: [] })
    expect(forged("", { files: 65_536 })).toBeUndefined()
  })

  it("are not made of what no receiver takes", () => {
    const entry = (path: string) => ({ path, size: 0, executable: false })
    expect(made("folder", [entry("a")])).toBeDefined()
    expect(made("folder", [])).toMatchObject({ offer: { size: 0, files: 0 } })
    expect(made("folder", [entry("a"), entry("a")])).toBeUndefined()
    expect(made("folder", [entry("a//b")])).toBeUndefined()
    expect(made("folder", [entry(Array(65).fill("a").join("/"))])).toBeUndefined()
    expect(made("folder", [entry("a/".repeat(20) + "x".repeat(4_100))])).toBeUndefined()
    expect(made("file", [])).toBeUndefined()
    expect(
      made(
        "folder",
        Array.from({ length: 65_537 }, (_, index) => entry(`${index}`))
      )
    ).toBeUndefined()
    const long = Array.from({ length: 3_000 }, (_, index) => entry(`${index}/${"x".repeat(3_000)}`))
    expect(made("folder", long)).toBeUndefined()
  })
})

describe("safePaths", () => {
  const segment = fc.oneof(
    fc.constantFrom("a", "A", "a.", "A ", "a (2)", "con", "..a", ".", "..", "", "é", "e\u0301", "x\u202e", "\\", "b"),
    fc.string({ unit: "binary", maxLength: 5 }).map((text) => text.replaceAll("/", ""))
  )
  const paths = fc.array(
    fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join("/")),
    { maxLength: 12 }
  )

  it("are safe in each segment and differ, or there are none", () => {
    const runs = some(2_000)
    let made = 0
    fc.assert(
      fc.property(paths, (paths) => {
        const safe = safeOf(paths)
        if (safe === undefined) return
        made++
        expect(safe.length).toBe(paths.length)
        const files = new Set<string>()
        const folders = new Map<string, string>()
        for (const path of safe) {
          const segments = path.split("/")
          for (const [index, each] of segments.entries()) {
            expect(FileName.make(each)).toBe(each)
            const key = segments
              .slice(0, index + 1)
              .map(FileName.key)
              .join("/")
            if (index === segments.length - 1) {
              expect(files).not.toContain(key)
              files.add(key)
            } else {
              // A folder has one spelling.
              const spelled = segments.slice(0, index + 1).join("/")
              expect(folders.get(key) ?? spelled).toBe(spelled)
              folders.set(key, spelled)
            }
          }
        }
        for (const key of folders.keys()) expect(files).not.toContain(key)
        // Once safe, they stay as they are.
        expect(safeOf(safe)).toEqual(safe)
      }),
      { numRuns: runs }
    )
    expect(made).toBeGreaterThan(runs / 10)
  })

  it("number what would be the same", () => {
    expect(safeOf(["A/x", "a/x", "a/X", "a (2)/y"])).toEqual(["A/x", "a (2)/x", "a (2)/X (2)", "a (2) (2)/y"])
    expect(safeOf(["a", "a./b"])).toEqual(["a", "a (2)/b"])
    expect(safeOf(["a", "a/b"])).toBeUndefined()
    expect(safeOf(["a/b", "a"])).toBeUndefined()
  })

  it("takes no names that are cut so that each has to try the numbers of all others", () => {
    // Pairs that differ by case alone, each with a tail of its own that its number cuts off.
    const pair = (index: number) => {
      const name = `${"a".repeat(250)}${String(index).padStart(4, "0")}`
      return [`${name}x`, `${name}X`]
    }
    const paths = (pairs: number) => Array.from({ length: pairs }, (_, index) => pair(index)).flat()
    expect(new Set(safeOf(paths(20))).size).toBe(40)
    expect(safeOf(paths(5_000))).toBeUndefined()
  })

  it("takes many that would be the same in no more time than others", () => {
    const many = Array.from(
      { length: 20_000 },
      (_, index) => `a${" ".repeat(index % 200)}${".".repeat(Math.floor(index / 200) + 1)}`
    )
    expect(new Set(safeOf(many)).size).toBe(20_000)
  })
})
