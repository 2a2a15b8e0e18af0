import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { chat } from "./Chat.js"
import { files } from "./Files.js"
import { identity, nicknames } from "./Identity.js"
import type { VectorFile } from "./Keys.js"
import { lan, relay, stun } from "./Outside.js"
import { data, handshake } from "./PeerLink.js"

/**
 * The files in `docs/vectors` are what this program makes of fixed keys: `npx vitest run test/vectors -u` writes them.
 * A line that changes is a change of the protocol.
 */
const FILES: Readonly<Record<string, () => VectorFile>> = {
  chat,
  data,
  files,
  handshake,
  identity,
  lan,
  nicknames,
  relay,
  stun
}

const folder = fileURLToPath(new URL("../../docs/vectors/", import.meta.url))

describe("the vectors of the protocol", () => {
  it.each(Object.entries(FILES))("%s", async (name, make) => {
    await expect(text(make())).toMatchFileSnapshot(`${folder}${name}.json`)
  })
})

/** Nothing that hides or turns letters round stands in the file as it is. */
const text = (file: VectorFile): string =>
  `${JSON.stringify(file, null, 2)}\n`.replace(
    /[\p{Cf}]/gu,
    (hidden) => `\\u${hidden.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

/** Made by a client that was written from docs/protocol.md alone. Formats that have changed since are not compared. */
const foreign = fileURLToPath(new URL("../../../shared/interop/parley_vectors.txt", import.meta.url))

describe.runIf(existsSync(foreign))("what another implementation makes of the same keys", () => {
  const theirs = existsSync(foreign) ? parse(readFileSync(foreign, "utf8")) : {}
  const ours = (file: () => VectorFile, name: string, field: string) =>
    file().vectors.find((vector) => vector.name === name)?.[field]

  it.each(SAME)("%s", (label, file, name, field) => {
    expect(theirs[label]).toBeDefined()
    expect(ours(file, name, field)).toBe(theirs[label])
  })
})

const SAME: ReadonlyArray<readonly [string, () => VectorFile, string, string]> = [
  ["alice identity", identity, "alice", "identity"],
  ["alice static", identity, "alice", "static"],
  ["alice record", identity, "alice", "record"],
  ["alice fingerprint", identity, "alice", "fingerprint"],
  ["bob record", identity, "bob", "record"],
  ["bob fingerprint", identity, "bob", "fingerprint"],
  ["alice proof", identity, "proof of version 1", "proof"],
  ["mac1 key of HS1 (bob's static)", handshake, "mac1 keys", "hs1"],
  ["mac1 key of HS2 (alice's static)", handshake, "mac1 keys", "hs2"],
  ["payload 1", handshake, "HS1", "payload"],
  ["HS1", handshake, "HS1", "packet"],
  ["payload 2", handshake, "HS2", "payload"],
  ["HS2", handshake, "HS2", "packet"],
  ["key alice to bob", handshake, "keys", "aliceToBob"],
  ["key bob to alice", handshake, "keys", "bobToAlice"],
  ["DATA 0: PING 0102030405060708", data, "DATA with PING", "packet"],
  ["DATA 1 plain: STREAM 0, TEXT hi", data, "DATA with the text hi on stream 0, padded", "frames"],
  ["DATA 1", data, "DATA with the text hi on stream 0, padded", "packet"],
  ["frame PONG, no endpoint", data, "PONG that came over the relay", "frame"],
  ["frame PONG, 192.0.2.1:9090", data, "PONG, 192.0.2.1:9090", "frame"],
  ["leaf", files, "file, version 1", "leaves"],
  ["manifest", files, "file, version 1", "manifest"],
  ["root", files, "file, version 1", "root"],
  ["OFFER", files, "file, version 1", "offer"],
  ["NAME of alice", lan, "names", "alice"],
  ["NAME of bob", lan, "names", "bob"],
  ["channel", lan, "introduction", "channel"],
  ["pairKey", lan, "introduction", "pairKey"]
]

function parse(text: string): Readonly<Record<string, string>> {
  const lines = text.split("\n").filter((line) => !line.startsWith("##"))
  return Object.fromEntries(lines.map((line) => [line.slice(0, 34).trim(), line.slice(35).trim()]))
}
