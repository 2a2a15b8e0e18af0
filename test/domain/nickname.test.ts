import process from "node:process"
import * as Either from "effect/Either"
import * as fc from "fast-check"
import stringWidth from "string-width"
import { describe, expect, test } from "vitest"
import * as Nickname from "../../src/domain/Nickname.js"
import * as Skeleton from "../../src/domain/Skeleton.js"
import { some } from "../support/Effort.js"

const valid = (text: string): Nickname.Nickname => {
  const parsed = Nickname.parse(text)
  if (Either.isLeft(parsed)) throw new Error(`${JSON.stringify(text)} ${parsed.left}`)
  return parsed.right
}

const clash = (left: string, right: string) =>
  valid(left).key === valid(right).key || valid(left).lookalike === valid(right).lookalike

/** Texts of all kinds: anything, and words of letters that have look-alikes. */
const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(..."aIl10OombrnΑασςВвßſǅΝν_-.2"), minLength: 1, maxLength: 34 })
)

describe("a valid nickname", () => {
  test.each([
    "alice",
    "Alice_2",
    "ab.c-d",
    "Zoë",
    "Łukasz",
    "Ελένη",
    "Иван",
    "北京",
    "あきら",
    "김철수",
    "é",
    "🦊",
    "O'Brien",
    "O’Neill",
    "Gal·la",
    "María-José",
    "J.-P.",
    "Nguyễn",
    "Đặng",
    "ẹ̀kọ́",
    "ʻokina",
    "Ḥasan",
    "ג׳ורג׳",
    "שָׁלוֹם",
    "مُحَمَّد",
    "रामः",
    "हेमन्त",
    "สมชาย",
    "བཀྲ་ཤིས",
    "ジャン・ポール",
    "ノア",
    "ꓡꓲꓢꓴꓽ",
    "ᐳᐸ",
    "👍🏽",
    "🇩🇪",
    "x".repeat(32)
  ])("%s", (text) => {
    expect(valid(text).text).toBe(text)
  })

  test("is kept in NFC", () => {
    expect(valid("Zoe\u0308").text).toBe("Zoë")
    expect(valid("Zoe\u0308").key).toBe(valid("Zoë").key)
  })

  test.each([
    ["empty", ""],
    ["too long", "x".repeat(33)],
    ["too wide", "北".repeat(17)],
    ["too many bytes", "q\u0302\u0303".repeat(26)],
    ["huge", "x".repeat(100_000)],
    ["a space", "a b"],
    ["a no-break space", "a\u00a0b"],
    ["an ideographic space", "a\u3000"],
    ["a blank Braille cell", "a\u2800b"],
    ["a Hangul filler", "\u3164"],
    ["a line end", "a\n"],
    ["an escape", "\u001b[31mred"],
    ["a C1 control", "a\u009b31m"],
    ["a right-to-left override", "a\u202eb"],
    ["a zero-width joiner", "a\u200db"],
    ["a soft hyphen", "a\u00adb"],
    ["a variation selector", "a\ufe0f"],
    ["a lone surrogate", "a\ud800"],
    ["private use", "\ue000"],
    ["unassigned", "\u0378"],
    ["a leading mark", "\u0301a"],
    ["a pile of marks", "q\u0328\u0323\u0324\u0325"],
    ["the sign of a remark", "*"],
    ["another star", "٭"],
    ["a remark with a colon", "*:"],
    ["what stands behind one's own name", "(you)"],
    ["the program's word for the person", "you"],
    ["the same in other letters", "уоυ"],
    ["an officer", "Admin"],
    ["what reads like one", "aclmin"],
    ["the line of somebody who writes", "bob:"],
    ["another colon", "bob∶"],
    ["a letter that is a colon", "bobː"],
    ["a letter of Lisu that is a colon", "bobꓽ"],
    ["a mark that is a colon on such a letter", "bobः"],
    ["a line of one's own", "alice→bob"],
    ["an arrow of two characters", "alice->bob"],
    ["an arrow that is an emoji", "alice🔜bob"],
    ["a prompt", "alice>"],
    ["a mark of delivery", "bob…"],
    ["a mark of a verified key", "bob✓"],
    ["an emoji that is such a mark", "bob✅"],
    ["the name of a neighbour with its key", "bob#80018"],
    ["a list", "bob,carol"],
    ["a dot at its end", "bob·"],
    ["an apostrophe at its end", "bob'"],
    ["a dot above nothing", "˙bob"],
    ["a line below a letter", "bob̲"],
    ["a line through a letter", "bo̶b"],
    ["a circle around a letter", "bob⃝"],
    ["a fingerprint", "077741234507774123450777412345"],
    ["a command", "/list"],
    ["an option", "--help"],
    ["JSON", '{"a":1}']
  ])("does not have: %s", (_, text) => {
    expect(Either.isLeft(Nickname.parse(text))).toBe(true)
  })

  test("is bounded, visible and stable under parsing", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = Nickname.parse(text)
        if (Either.isLeft(parsed)) return
        const nickname = parsed.right
        expect(stringWidth(nickname.text)).toBeGreaterThan(0)
        expect(stringWidth(nickname.text)).toBeLessThanOrEqual(Nickname.MAX_COLUMNS)
        expect(new TextEncoder().encode(nickname.text).length).toBeLessThanOrEqual(Nickname.MAX_BYTES)
        expect(nickname.text).not.toMatch(/[\p{C}\p{Z}]/u)
        expect(nickname.key.length).toBeLessThanOrEqual(Nickname.MAX_KEY)
        expect(valid(nickname.text)).toEqual(nickname)
      }),
      { numRuns: some(1000) }
    )
  })
})

describe("the key", () => {
  test("is the key of itself, and of the text in upper and lower case", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const key = Nickname.key(text)
        expect(Nickname.key(key)).toBe(key)
        const forms = [text.normalize("NFC"), text.normalize("NFKD")]
        // Longer than a nickname can be, a text stands for itself.
        fc.pre(forms.every((form) => Buffer.byteLength(form) <= Nickname.MAX_BYTES))
        for (const form of forms) expect(Nickname.key(form)).toBe(key)
      }),
      { numRuns: some(1000) }
    )
    for (const [prototypes] of Skeleton.table()) {
      const key = Nickname.key(prototypes)
      expect(Nickname.key(key)).toBe(key)
      expect(Nickname.key(prototypes.toUpperCase())).toBe(key)
      expect(Nickname.key(prototypes.toLowerCase())).toBe(key)
    }
  })

  test.each([
    ["alice", "ALICE"],
    ["alice", "аlice"], // Cyrillic а
    ["alice", "a1ice"],
    ["bob", "b0b"],
    ["tom", "torn"],
    ["straße", "STRASSE"],
    ["ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ"],
    ["alice", "ａｌｉｃｅ"], // full width
    ["alice", "𝒶𝓁𝒾𝒸ℯ"]
  ])("is the same for %s and %s", (left, right) => {
    expect(valid(left).key).toBe(valid(right).key)
  })
})

describe("the key of plain text", () => {
  const plain = fc.string({
    unit: fc.constantFrom(..."0123456789aBcdIilLmMnoOrRuUvVwW_.-zZ"),
    minLength: 1,
    maxLength: 24
  })

  test("is that of the long way, which a letter of another script makes it go", () => {
    fc.assert(
      fc.property(plain, (text) => {
        // Words that programs use are no nicknames, and with another letter behind them they are.
        fc.pre(/^[A-Za-z0-9_]/.test(text) && Either.isRight(Nickname.parse(text)))
        const foreign = "ж"
        expect(Nickname.key(text + foreign)).toBe(Nickname.key(text) + Nickname.key(foreign))
        const { lookalike } = valid(text + foreign)
        expect(lookalike).toBe(valid(text).lookalike + valid(foreign).lookalike)
      }),
      { numRuns: 1000 }
    )
  })
})

test.each([
  ["grows 18-fold", "\ufdfa".repeat(256)],
  ["grows, and is short enough itself", "\ufdfa".repeat(42)],
  ["has its marks in the wrong order", `a${"\u0315\u0300".repeat(127)}`],
  ["is huge", "a".repeat(1_000_000)],
  ["is huge and no ASCII", "д".repeat(1_000_000)]
])("a text that %s has a key soon, and it is nobody's", (_, text) => {
  // Of the processor, not of the wall: others may be at work on it.
  const start = process.cpuUsage()
  const rounds = 200
  for (let round = 0; round < rounds; round++) Nickname.key(text)
  // µs: 20 to 100 each; without bounds 1,000 to 500,000.
  expect(process.cpuUsage(start).user / rounds).toBeLessThan(1_000)
  expect(Either.isLeft(Nickname.parse(text))).toBe(true)
})

describe("two nicknames clash", () => {
  test.each([
    ["alice", "AIice"], // capital i
    ["Bob", "Вob"], // Cyrillic В, which only looks like B in upper case
    ["Nick", "Νick"], // Greek Ν, whose lower case looks like v
    ["lan", "Ian"],
    ["willow", "vvillow"],
    ["Wade", "VVacle"],
    ["day", "clay"],
    ["day", "cIay"],
    ["hawaii", "hawall"],
    ["bob", "bob̀"],
    ["bob", "boḇ"],
    ["OBrien", "O'Brien"],
    ["O'Brien", "Oʼbrien"]
  ])("%s and %s, as they are written", (left, right) => {
    expect(clash(left, right)).toBe(true)
  })

  test.each([
    ["ian", "lan"],
    ["navy", "vavy"],
    ["anna", "ann"],
    ["uwe", "ywe"],
    ["Day", "CIay"],
    ["Nguyên", "Nguyễn"],
    ["zoe", "zoë"]
  ])("not: %s and %s", (left, right) => {
    expect(clash(left, right)).toBe(false)
  })

  test("whatever letters are replaced by confusable ones", () => {
    const table = [...Skeleton.table()].filter(
      ([from, to]) => /^[A-Za-z]$/.test(to) && Either.isRight(Nickname.parse(from)) && !/\p{M}/u.test(from)
    )
    expect(table.length).toBeGreaterThan(500)
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."abcdeXYZ"), maxLength: 8 }),
        fc.constantFrom(...table),
        (rest, [from, to]) => {
          // NFKC may make something else of a compatibility character before its looks are asked for.
          fc.pre(from.normalize("NFKC") === from)
          expect(clash(`z${rest}${to}`, `z${rest}${from}`)).toBe(true)
        }
      ),
      { numRuns: some(500) }
    )
  })
})

test("the ASCII rows of the skeleton are those of the table", () => {
  for (let code = 0x20; code < 0x7f; code++) {
    const char = String.fromCharCode(code)
    expect(Skeleton.skeleton(char)).toBe((Skeleton.table().get(char) ?? char).normalize("NFD"))
  }
})

describe("suggestions", () => {
  test("are the nearest free ones", () => {
    expect(Nickname.suggest(valid("alice"), () => false)).toEqual(["alice2", "alice_", "alice3"])
    expect(Nickname.suggest(valid("alice"), ({ text }) => text === "alice2")).toEqual(["alice_", "alice3", "alice4"])
    expect(Nickname.suggest(valid("alice"), () => true)).toEqual([])
  })

  test.each(["m".repeat(32), "漢".repeat(16), "д".repeat(32), "🦊".repeat(16), `${"x".repeat(30)}👨`])(
    "leave room for what makes them differ: %s",
    (text) => {
      const suggestions = Nickname.suggest(valid(text), () => false)
      expect(suggestions).toHaveLength(Nickname.SUGGESTIONS)
      for (const suggestion of suggestions) expect(valid(suggestion).text).toBe(suggestion)
    }
  )

  test("are asked for as what they are, whatever is before the suffix", () => {
    for (const text of [
      "ΑΒΓΔΣ",
      "ΣΑΣ",
      "Жщ漢ア",
      "لا".repeat(14),
      "क्षि",
      "가나",
      "vvi",
      "cl",
      "İi",
      "ẖ",
      "ﬀ",
      "a".repeat(32)
    ])
      Nickname.suggest(valid(text), (nickname) => {
        expect(nickname).toEqual(valid(nickname.text))
        return true
      })
  })

  test("are looked for a few times only", () => {
    let asked = 0
    Nickname.suggest(valid("漢".repeat(16)), () => {
      asked++
      return true
    })
    expect(asked).toBeLessThan(10)
  })

  test("are valid and free, at most three, and the same every time", () => {
    fc.assert(
      fc.property(texts, fc.integer(), (text, seed) => {
        const parsed = Nickname.parse(text)
        if (Either.isLeft(parsed)) return
        const taken = (nickname: Nickname.Nickname) => {
          expect(nickname).toEqual(valid(nickname.text))
          return (nickname.text.length * 31 + seed) % 3 === 0
        }
        const suggestions = Nickname.suggest(parsed.right, taken)
        expect(suggestions.length).toBeLessThanOrEqual(Nickname.SUGGESTIONS)
        expect(Nickname.suggest(parsed.right, taken)).toEqual(suggestions)
        for (const suggestion of suggestions) expect(taken(valid(suggestion))).toBe(false)
      })
    )
  })
})
