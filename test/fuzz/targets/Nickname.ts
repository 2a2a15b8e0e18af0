import * as assert from "node:assert/strict"
import * as Either from "effect/Either"
import * as fc from "fast-check"
import * as Nickname from "../../../src/domain/Nickname.js"
import * as SafeText from "../../../src/domain/SafeText.js"
import type { Target } from "../Target.js"

export const target: Target = {
  about: ["src/domain/Nickname.ts", "src/domain/Skeleton.ts"],
  inputs: fc.oneof(fc.fullUnicodeString({ maxLength: 40 }), fc.string({ maxLength: 40 })),
  words: ["I", "l", "1", "0", "m", "rn", "ß", "ς", "İ", "ſ", "ﬃ", "\ufdfa", "\u0301", "漢", "Ⅷ", "ᾳ", "ǅ"],
  most: 1_200,
  run: (input) => {
    const text = Buffer.from(input).toString()
    const key = Nickname.key(text)
    assert.equal(Nickname.key(key), key, "a key is its own key")
    assert.equal(Nickname.key(text.normalize("NFD")), Nickname.key(text.normalize("NFC")), "the form does not matter")
    const parsed = Nickname.parse(text)
    if (Either.isLeft(parsed)) return [parsed.left.slice(0, 20)]
    const nickname = parsed.right
    assert.equal(nickname.key, key)
    assert.ok(key.length <= Nickname.MAX_KEY && Buffer.byteLength(nickname.text) <= Nickname.MAX_BYTES)
    assert.equal(SafeText.line(nickname.text), nickname.text, "a nickname can be shown as it is")
    assert.deepStrictEqual(Nickname.parse(nickname.text), parsed)
    for (const suggested of Nickname.suggest(nickname, (candidate) => candidate.key === key)) {
      const again = Nickname.parse(suggested)
      assert.ok(Either.isRight(again) && again.right.key !== key, `suggested: ${suggested}`)
    }
    return []
  }
}
