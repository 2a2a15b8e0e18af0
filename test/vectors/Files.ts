import { type Content, type Entry, transferIdOf } from "../../src/core/files/Content.js"
import { leaf } from "../../src/core/files/HashTree.js"
import * as Manifest from "../../src/core/files/Manifest.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import * as Bytes from "../../src/protocol/Bytes.js"
import * as FileRecord from "../../src/protocol/FileRecord.js"
import { whole } from "../support/slices.js"
import { counting, hex, type Vector, type VectorFile } from "./Keys.js"

const id = counting(0, 16)
const text = Bytes.fromText("hello parley\n")
const script = Bytes.fromText("#!/bin/sh\n")
const MTIME = 1_000_000_000_000

const folder: ReadonlyArray<Entry> = [
  { path: "notes/hello.txt", size: text.length, executable: false, mtimeMs: MTIME },
  { path: "run.sh", size: script.length, executable: true, mtimeMs: MTIME + 1_000 },
  { path: "", size: 0, executable: false, folder: true, mtimeMs: MTIME },
  { path: "empty", size: 0, executable: false, folder: true, mtimeMs: MTIME },
  { path: "notes", size: 0, executable: false, folder: true, mtimeMs: MTIME }
]

const file: ReadonlyArray<Entry> = [{ path: "hello.txt", size: text.length, executable: false, mtimeMs: MTIME }]

const offered = (
  name: string,
  kind: "file" | "folder",
  called: string,
  entries: ReadonlyArray<Entry>,
  parts: ReadonlyArray<Uint8Array>,
  version: 1 | 2
): Vector => {
  const leaves = leaf(crypto, parts)
  const source = { id: transferIdOf(id), kind, name: called, entries, leaves }
  const content: Content = whole(Manifest.make(crypto, source, version))!
  const contents = whole(Manifest.encode(content))
  const { offer } = content
  return {
    name,
    content: hex(Bytes.concat(parts)),
    manifest: hex(contents.subarray(0, contents.length - leaves.length)),
    leaves: hex(leaves),
    root: hex(offer.root),
    offer: record({ _tag: "Offer", ...offer, id, folder: kind === "folder" })
  }
}

const record = (each: FileRecord.EncodableRecord): string => hex(FileRecord.encode(each)!)

export const files = (): VectorFile => ({
  about:
    "A file and a folder with their manifests, leaves and roots, and the records of a transfer. The transfer has the id 00..0f.",
  section: "3.8",
  vectors: [
    offered("file, version 1", "file", "hello.txt", file, [text], 1),
    offered("file, version 2", "file", "hello.txt", file, [text], 2),
    offered("folder, version 1", "folder", "project", folder, [text, script], 1),
    offered("folder, version 2", "folder", "project", folder, [text, script], 2),
    { name: "CONTENTS, the last", record: record({ _tag: "Contents", last: true, bytes: counting(0, 4) }) },
    { name: "CHUNK 0; the bytes of the chunk follow", record: record({ _tag: "Chunk", index: 0 }) },
    { name: "ACCEPT, contents wanted", record: record({ _tag: "Accept", contents: true, have: new Uint8Array(0) }) },
    {
      name: "ACCEPT, chunks 0, 1 and 9 are there",
      record: record({ _tag: "Accept", contents: false, have: Uint8Array.of(0b0000_0011, 0b0000_0010) })
    },
    { name: "DECLINE, no space", record: record({ _tag: "Decline", reason: FileRecord.DeclineCode.noSpace }) },
    { name: "SAVED, 70", record: record({ _tag: "Saved", chunks: 70 }) },
    { name: "DONE", record: record({ _tag: "Done" }) },
    { name: "PAUSE, stop", record: record({ _tag: "Pause", paused: true }) },
    { name: "ASK", record: record({ _tag: "Ask", id }) },
    { name: "END, cancelled", record: record({ _tag: "End", id, code: FileRecord.ResetCode.cancelled }) }
  ]
})
