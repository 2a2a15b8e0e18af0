import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import * as CommandLine from "../../../src/cli/terminal/CommandLine.js"
import type { Key } from "../../../src/cli/terminal/Key.js"
import { KeyDecoder, MAX_PASTE } from "../../../src/cli/terminal/Keys.js"
import { LineEditor, MAX_TEXT } from "../../../src/cli/terminal/LineEditor.js"
import { cuts } from "../Cuts.js"
import type { Target } from "../Target.js"

const SEQUENCES = [
  "\u001b[A",
  "\u001b[1;5C",
  "\u001bOH",
  "\u001b[200~",
  "\u001b[201~",
  "\u001b\u007f",
  "\r",
  "\t",
  "\u0003",
  "\u001b]11;rgb:ffff/ffff/ffff\u001b\\",
  "\u001bP>|tmux 3.3a\u001b\\",
  "\u001b_Gi=1;OK\u0007",
  "\u001b[97;5u",
  "\u001b[27;5;97~",
  "\u001b[12;40R",
  "\u001b[<64;1;1M",
  "\u001b[[A",
  "\u009b"
]

/** Texts that come in several pieces are one text. */
const joined = (keys: ReadonlyArray<Key>): ReadonlyArray<Key> => {
  const all: Array<Key> = []
  for (const key of keys) {
    const last = all.at(-1)
    if (key._tag === "Text" && last?._tag === "Text") all[all.length - 1] = { _tag: "Text", text: last.text + key.text }
    else all.push(key)
  }
  return all
}

const decode = (pieces: ReadonlyArray<Uint8Array>): ReadonlyArray<Key> => {
  const decoder = new KeyDecoder()
  return joined([...pieces.flatMap((piece) => [...decoder.push(piece)]), ...decoder.expire()])
}

/** The bytes of a terminal, and what an editor makes of them. */
export const target: Target = {
  about: ["src/cli/terminal/Keys.ts", "src/cli/terminal/LineEditor.ts", "src/cli/terminal/CommandLine.ts"],
  inputs: fc
    .tuple(
      fc.nat(40),
      fc.array(fc.oneof(fc.constantFrom(...SEQUENCES), fc.fullUnicodeString({ maxLength: 5 })), { maxLength: 10 })
    )
    .map(([cut, parts]) => Uint8Array.from([cut, ...Buffer.from(parts.join(""))])),
  words: [...SEQUENCES, "\u001b[", "\u001b", "👩‍👩‍👧", "/query ", "/send ", "/history "],
  most: 600,
  run: (input) => {
    const { pieces, whole } = cuts(input)
    const keys = decode(pieces)
    // Ctrl-C that comes alone ends a paste, so cuts at it matter; a sequence that is too long is dropped in pieces.
    if (!whole.includes(3) && whole.length < 64)
      assert.deepStrictEqual(keys, decode([whole]), "it does not matter where a stream is cut")
    const editor = new LineEditor()
    for (const key of keys) {
      if (key._tag === "Answer") continue
      if (key._tag === "Text") assert.ok(!/\p{Cc}/u.test(key.text), "text is no control")
      if (key._tag === "Paste") assert.ok(key.text.length <= MAX_PASTE)
      const action = editor.handle(key)
      assert.ok(editor.text.length <= MAX_TEXT && !/(?!\n)\p{Cc}/u.test(editor.text))
      if (action._tag === "Submit" || action._tag === "Confirm") CommandLine.parse(action.text)
    }
    return keys.map((key) => (key._tag === "Press" ? key.name : key._tag))
  }
}
