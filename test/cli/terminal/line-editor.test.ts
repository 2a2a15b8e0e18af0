import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Key, KeyName } from "../../../src/cli/terminal/Keys.js"
import { LineEditor, MAX_HISTORY, MAX_TEXT } from "../../../src/cli/terminal/LineEditor.js"

const press = (name: KeyName): Key => ({ _tag: "Press", name })
const text = (text: string): Key => ({ _tag: "Text", text })

const typed = (...keys: ReadonlyArray<Key | string>): LineEditor => {
  const editor = new LineEditor()
  for (const key of keys) editor.handle(typeof key === "string" ? text(key) : key)
  return editor
}

describe("LineEditor", () => {
  it("moves and deletes by what a reader takes for one character", () => {
    const family = "👩‍👩‍👧"
    const editor = typed(`a${family}e\u0301`, press("backspace"))
    expect(editor.text).toBe(`a${family}`)
    editor.handle(press("left"))
    expect([editor.before, editor.after]).toEqual(["a", family])
    editor.handle(press("delete"))
    expect(editor.text).toBe("a")
  })

  it("edits as a model of character arrays does", () => {
    const key = fc.oneof(
      fc.constantFrom(..."abcdé漢").map(text),
      fc.constantFrom<KeyName>("left", "right", "home", "end", "backspace", "delete").map(press)
    )
    fc.assert(
      fc.property(fc.array(key, { maxLength: 60 }), (keys) => {
        const editor = new LineEditor()
        const model: Array<string> = []
        let at = 0
        for (const key of keys) {
          editor.handle(key)
          if (key._tag === "Text") model.splice(at++, 0, key.text)
          else if (key._tag === "Press" && key.name === "left") at = Math.max(0, at - 1)
          else if (key._tag === "Press" && key.name === "right") at = Math.min(model.length, at + 1)
          else if (key._tag === "Press" && key.name === "home") at = 0
          else if (key._tag === "Press" && key.name === "end") at = model.length
          else if (key._tag === "Press" && key.name === "backspace" && at > 0) model.splice(--at, 1)
          else if (key._tag === "Press" && key.name === "delete") model.splice(at, 1)
          expect([editor.before, editor.after]).toEqual([model.slice(0, at).join(""), model.slice(at).join("")])
        }
      })
    )
  })

  it("moves by words, and gives back what it killed", () => {
    const editor = typed("say hello, wörld", press("wordLeft"))
    expect(editor.after).toBe("wörld")
    editor.handle(press("killWordLeft"))
    expect(editor.text).toBe("say wörld")
    editor.handle(press("end"))
    editor.handle(press("yank"))
    expect(editor.text).toBe("say wörldhello, ")
    editor.handle(press("killLine"))
    expect(editor.text).toBe("")
  })

  it("recalls what was submitted, and the line that was being written", () => {
    const editor = typed("one", press("enter"), "two", press("enter"), "dra", press("up"))
    expect(editor.text).toBe("two")
    editor.handle(press("up"))
    editor.handle(press("up"))
    expect(editor.text).toBe("one")
    editor.handle(press("down"))
    editor.handle(press("down"))
    expect(editor.text).toBe("dra")
  })

  it("says what was asked for", () => {
    const editor = typed("hi")
    expect(editor.handle(press("endOfInput"))).toEqual({ _tag: "None" })
    expect(editor.handle(press("enter"))).toEqual({ _tag: "Submit", text: "hi" })
    expect(editor.handle(press("endOfInput"))).toEqual({ _tag: "EndOfInput" })
    editor.handle(text("x"))
    expect(editor.handle(press("interrupt"))).toEqual({ _tag: "Interrupt", empty: false })
    expect(editor.handle(press("interrupt"))).toEqual({ _tag: "Interrupt", empty: true })
    expect(editor.handle(press("tab"))).toEqual({ _tag: "Complete" })
  })

  it("keeps control characters out and its memory bounded", () => {
    expect(typed("a\u001b[31m\u0007\tb\nc").text).toBe("a[31m    b\nc")
    expect(typed("x".repeat(MAX_TEXT), "y").text.length).toBe(MAX_TEXT)
    const full = new LineEditor()
    full.handle(text("ab"))
    expect(full.handle({ _tag: "Paste", text: "y".repeat(MAX_TEXT) })).toEqual({
      _tag: "Overlong",
      length: MAX_TEXT + 2
    })
    expect(full.text).toBe("ab")
    const editor = new LineEditor()
    for (let i = 0; i <= MAX_HISTORY + 10; i++) {
      editor.handle(text(`line ${i}`))
      editor.handle(press("enter"))
    }
    for (let i = 0; i < 2 * MAX_HISTORY; i++) editor.handle(press("up"))
    expect(editor.text).toBe("line 11")
  })
})
