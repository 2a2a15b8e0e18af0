import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as FileName from "../../src/domain/FileName.js"
import * as SafeText from "../../src/domain/SafeText.js"
import { some } from "../support/Effort.js"

/** Names as an attacker would write them: the interesting characters and names far more often than chance. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 8 }),
      fc.string({ unit: "grapheme", maxLength: 8 }),
      fc.constantFrom(
        ...[".", "..", "/", "\\", " ", "\u00a0", "\u3000", "\t", "\n", "\0", ":", "*", "~", "-", "%", "$"],
        ...["con", "NUL", "Com1", "lpt²", "CONIN$", "aux.", ".txt", ".tar.gz", ".exe", " ."],
        ...["\u202e", "\u2066", "\u200d", "\ufe0f", "\ud800", "\udc00", "\ue000", "\u0301", "\u0338", "\u3164"],
        ...[
          "<",
          "é",
          "e\u0301",
          "ß",
          "ſ",
          "İ",
          "漢".repeat(100),
          "x".repeat(300),
          "👩‍👩‍👧".repeat(40),
          "\u0301".repeat(9)
        ]
      )
    ),
    { maxLength: 12 }
  )
  .map((parts) => parts.join(""))

const expectSafe = (name: string) => {
  // Joiners stay where `SafeText` leaves them: within words and emoji.
  expect(name.replace(/[\u200c\u200d]/g, "")).not.toMatch(/[/\\<>:"|?*\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/u)
  expect(SafeText.line(name, 4 * name.length)).toBe(name)
  expect(name).not.toMatch(/^[. ]|[. ]$/)
  expect(name).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d) *(\..*)?$/i)
  expect(name.normalize("NFC")).toBe(name)
  expect(name.length).toBeGreaterThan(0)
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255)
}

describe("FileName", () => {
  it("is safe whatever it was made of, and stays as it is when it is made again", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const name = FileName.make(text)
        expectSafe(name)
        expect(FileName.make(name)).toBe(name)
      }),
      { numRuns: some(3_000) }
    )
  })

  it("keeps one dot in front of what lies in a folder, and nothing else that it would not keep elsewhere", () => {
    for (const name of [".gitignore", ".env.local", ".con"]) expect(FileName.inFolder(name)).toBe(name)
    for (const text of [".", "..", "...", "..x", ". x", " .x", ".\u202ex/../y"])
      expect(FileName.inFolder(text)).toMatch(/^(_|\.[^. ])/u)
    fc.assert(
      fc.property(hostile, (text) => {
        const name = FileName.inFolder(text)
        expectSafe(name.replace(/^\.(?=[^. ])/u, "x"))
        expect(FileName.inFolder(name)).toBe(name)
      }),
      { numRuns: some(3_000) }
    )
  })

  it("is safe with a number, too, and another name", () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 2, max: 100_000 }), (text, number) => {
        const name = FileName.make(text)
        const numbered = FileName.numbered(name, number)
        expectSafe(numbered)
        expect(FileName.make(numbered)).toBe(numbered)
        expect(FileName.key(numbered)).not.toBe(FileName.key(name))
      }),
      { numRuns: some(2_000) }
    )
  })

  it("leaves usual names alone", () => {
    for (const name of [
      "notes.txt",
      "Grüße aus Köln (2).pdf",
      "日本語.tar.gz",
      "no extension",
      "a.b.c",
      "-",
      "console.log",
      "com10.txt",
      "null",
      "~$x",
      "👍.png"
    ])
      expect(FileName.make(name)).toBe(name.normalize("NFC"))
  })

  it("replaces what could lead elsewhere or deceive", () => {
    const made = (text: string): string => FileName.make(text)
    expect(made("")).toBe("_")
    expect(made(".")).toBe("_")
    expect(made("..")).toBe("_")
    expect(made("../../etc/passwd")).toBe("__.._etc_passwd")
    expect(made("C:\\x.txt")).toBe("C__x.txt")
    expect(made("x.txt:stream")).toBe("x.txt_stream")
    expect(made(".bashrc")).toBe("_bashrc")
    expect(made("invoice\u202efdp.exe")).toBe("invoice_fdp.exe")
    expect(made("a\nb\0c")).toBe("a b_c")
    expect(made("page. . ")).toBe("page")
    expect(made("NUL")).toBe("_NUL")
    expect(made("nul .txt")).toBe("_nul .txt")
    expect(made("com¹")).toBe("_com¹")
    expect(made("x\u200d.txt")).toBe("x.txt")
  })

  it("keeps the extension of what is too long", () => {
    expect(FileName.make(`${"x".repeat(300)}.txt`)).toBe(`${"x".repeat(251)}.txt`)
    expect(FileName.make(`${"漢".repeat(300)}.tar.gz`)).toBe(`${"漢".repeat(82)}.tar.gz`)
    expect(FileName.make(`${"x".repeat(9_000)}.txt`)).toBe(`${"x".repeat(251)}.txt`)
    expect(FileName.numbered(FileName.make(`${"x".repeat(300)}.txt`), 12)).toBe(`${"x".repeat(246)} (12).txt`)
    expect(FileName.numbered(FileName.make("a.tar.gz"), 2)).toBe("a (2).tar.gz")
    expect(FileName.numbered(FileName.make("folder"), 2)).toBe("folder (2)")
  })

  it("has the same key as another that some system takes for the same file", () => {
    for (const [one, other] of [
      ["readme", "README"],
      ["é", "e\u0301"],
      ["ſ", "S"],
      ["ﬁle", "FILE"],
      ["straße", "STRASSE"]
    ])
      expect(FileName.key(one!)).toBe(FileName.key(other!))
    expect(FileName.key("a")).not.toBe(FileName.key("b"))
  })
})
