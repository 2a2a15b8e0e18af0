import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import * as TransferRecord from "../../../src/client/files/TransferRecord.js"
import { Writer } from "../../../src/protocol/Bytes.js"
import { whole } from "../../support/slices.js"
import type { Target } from "../Target.js"

const common =
  `"version":1,"peer":"${"A".repeat(43)}","nick":"bob","paused":false,"offer":{"id":"${"0".repeat(32)}","kind":"folder",` +
  `"name":"x","size":3,"files":1,"version":2,"folders":1,"executables":0,"risks":0,"root":"${"A".repeat(43)}"}`
const heads = [
  `{${common},"direction":"in","directory":"/home","token":"${"0".repeat(16)}","folds":false,"stage":"accepted"}`,
  `{${common},"direction":"out","path":"/x","skipped":0,"entries":[["a",3,1.5,false],["b",0,0,false,true]]}`,
  `{${common},"direction":"out","path":"/x","skipped":0,"entries":[\n["a",3,1.5,false],\n["b",0,0,false,true]\n]}`,
  `{${common},"direction":"out","ended":"Cancelled"}`
]

const withLength = (head: string): Uint8Array => {
  const json = Buffer.from(head)
  const bytes = new Uint8Array(4 + json.length + 3)
  new Writer(bytes).u32(json.length)
  bytes.set(json, 4)
  return bytes
}

/** What a process left of a file transfer: as a file, and as the JSON in it. */
export const target: Target = {
  about: ["src/client/files/TransferRecord.ts"],
  inputs: fc.oneof(fc.constantFrom(...heads), fc.constantFrom(...heads.map(withLength))),
  words: ['"ended":"', '"stage":"stored"', '"entries":[', "1e999", "-1", "0.5", '"risks":'],
  json: true,
  most: 1_500,
  run: (input) => {
    const reached: Array<string> = []
    for (const bytes of [input, withLength(Buffer.from(input).toString())]) {
      const record = whole(TransferRecord.decode(bytes))
      if (record === undefined) continue
      const again = whole(TransferRecord.decode(whole(TransferRecord.encode(record))))
      assert.deepStrictEqual(again?.head, record.head, "what was read can be written")
      assert.equal(TransferRecord.offerOf(record.head).root.length, 32)
      reached.push(record.head.direction, "ended" in record.head ? "ended" : "going on")
    }
    return reached
  }
}
