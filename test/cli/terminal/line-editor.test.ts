import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { InputHistory, MAX_HISTORY } from "../../../src/cli/terminal/InputHistory.js"
import type { KeyName, Stroke } from "../../../src/cli/terminal/Key.js"
import { LineEditor, MAX_TEXT } from "../../../src/cli/terminal/LineEditor.js"

const press = (name: KeyName): Stroke => ({ _tag: "Press", name })
const text = (text: string): Stroke => ({ _tag: "Text", text })

const typed = (...keys: ReadonlyArray<Stroke | string>): LineEditor => {
  const editor = new LineEditor()
  for (const key of keys) handle(editor, typeof key === "string" ? text(key) : key)
  return editor
}

/** As the program does it, which takes whatever is submitted. */
const handle = (editor: LineEditor, key: Stroke) => {
  const action = editor.handle(key)
  if (action._tag === "Submit") editor.accepted()
  return action
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
    expect(handle(editor, press("enter"))).toEqual({ _tag: "Submit", text: "hi" })
    expect(editor.handle(press("endOfInput"))).toEqual({ _tag: "EndOfInput" })
    editor.handle(text("x"))
    expect(editor.handle(press("interrupt"))).toEqual({ _tag: "Interrupt", empty: false })
    expect(editor.handle(press("interrupt"))).toEqual({ _tag: "Interrupt", empty: true })
    expect(editor.handle(press("tab"))).toEqual({ _tag: "Complete" })
  })

  it("keeps what was made of older lines until one is sent", () => {
    const editor = typed("abc", press("enter"), press("up"), "def", press("up"), press("down"))
    expect(editor.text).toBe("")
    editor.handle(press("up"))
    expect(editor.text).toBe("abcdef")
    handle(editor, press("enter"))
    editor.handle(press("up"))
    editor.handle(press("up"))
    expect(editor.text).toBe("abc")
  })

  it("moves up and down in a text of several lines, to the column that it came from, before it goes to other lines", () => {
    const editor = typed("older", press("enter"), { _tag: "Paste", text: "a longer line\nab\nthe last one" })
    const at = () => editor.before.split("\n").map((line) => line.length)
    editor.handle(press("up"))
    expect(at()).toEqual([13, 2])
    editor.handle(press("up"))
    expect(at()).toEqual([12])
    editor.handle(press("down"))
    editor.handle(press("down"))
    expect(at()).toEqual([13, 2, 12])
    for (let i = 0; i < 3; i++) editor.handle(press("up"))
    expect(editor.text).toBe("older")
    editor.handle(press("down"))
    expect(editor.text).toBe("a longer line\nab\nthe last one")
  })

  it("takes changes back, characters that were typed in a row at once", () => {
    const editor = new LineEditor()
    for (const character of "hello ") editor.handle(text(character))
    for (const name of ["killLine", "yank"] as const) editor.handle(press(name))
    editor.handle({ _tag: "Paste", text: "world" })
    const back = ["hello ", "", "hello ", ""]
    for (const state of back) {
      editor.handle(press("undo"))
      expect(editor.text).toBe(state)
    }
    editor.handle(press("undo"))
    expect(editor.text).toBe("")
    expect(typed("lost", press("interrupt"), press("undo")).text).toBe("lost")
  })

  it("takes back any changes, one after the other", () => {
    const key = fc.oneof(
      fc.constantFrom(..."ab \n").map(text),
      fc
        .constantFrom<KeyName>(
          "left",
          "backspace",
          "killWordLeft",
          "yank",
          "transpose",
          "upperCase",
          "killToEnd",
          "newline"
        )
        .map(press)
    )
    fc.assert(
      fc.property(fc.array(key, { maxLength: 40 }), (keys) => {
        const editor = typed(...keys)
        for (const _ of keys) editor.handle(press("undo"))
        expect(editor.text).toBe("")
      })
    )
  })

  it("adds successive kills up, and turns the ring", () => {
    const editor = typed("one two three", press("killWordLeft"), press("killWordLeft"), press("left"))
    editor.handle(press("killLine"))
    expect(editor.text).toBe(" ")
    editor.handle(press("yank"))
    expect(editor.text).toBe("one ")
    editor.handle(press("yankPop"))
    expect(editor.text).toBe("two three ")
    editor.handle(press("yankPop"))
    expect(editor.text).toBe("one ")
    editor.handle(press("left"))
    editor.handle(press("yankPop"))
    expect(editor.text).toBe("one ")
  })

  it("swaps characters and changes the case of words", () => {
    expect(typed("teh", press("transpose")).text).toBe("the")
    expect(typed("a", press("transpose")).text).toBe("a")
    const editor = typed("one two éa", press("home"), press("upperCase"), press("capitalize"), press("capitalize"))
    expect(editor.text).toBe("ONE Two Éa")
    expect(typed("ABC", press("home"), press("lowerCase")).text).toBe("abc")
  })

  it("searches what was sent, and sends nothing by it", () => {
    const editor = typed("first one", press("enter"), "second", press("enter"), "last one", press("enter"), "draft")
    for (const key of [press("search"), text("O"), text("ne")]) editor.handle(key)
    expect([editor.text, editor.searching?.words]).toEqual(["last one", "One"])
    editor.handle(press("search"))
    expect(editor.text).toBe("first one")
    editor.handle(press("search"))
    expect([editor.text, editor.searching?.found]).toEqual(["first one", false])
    expect(editor.handle(press("enter"))).toEqual({ _tag: "None" })
    expect([editor.text, editor.searching]).toEqual(["first one", undefined])
    for (const key of [press("search"), text("sec"), press("escape")]) editor.handle(key)
    expect(editor.text).toBe("first one")
    expect(editor.handle(press("enter"))).toEqual({ _tag: "Submit", text: "first one" })
  })

  it("keeps the question about pasted lines due until they are taken, by whatever keys they come back", () => {
    const editor = typed({ _tag: "Paste", text: "x\n".repeat(9) })
    for (let i = 0; i < 2; i++) expect(editor.handle(press("enter"))).toMatchObject({ _tag: "Confirm", lines: 9 })
    editor.handle(press("interrupt"))
    editor.handle(text("y"))
    expect(editor.handle(press("enter"))).toEqual({ _tag: "Submit", text: "y" })
    const ways: ReadonlyArray<ReadonlyArray<Stroke>> = [
      [press("interrupt"), press("undo")],
      [press("home"), press("killLine"), press("end"), press("killLine"), press("yank")],
      [press("search"), text("earlier"), press("escape")],
      [press("search"), text("earlier"), press("interrupt")],
      [press("home"), press("home"), press("up"), press("down")]
    ]
    for (const keys of ways) {
      const again = new LineEditor(new InputHistory(["earlier"]))
      for (const key of [{ _tag: "Paste", text: "x\n".repeat(8) } as const, ...keys]) again.handle(key)
      expect(again.handle(press("enter"))).toMatchObject({ _tag: "Confirm" })
      again.accepted()
      // Sent once it is asked for again where it is called back.
      for (const key of [press("up"), text("!")]) again.handle(key)
      expect(again.handle(press("enter"))).toMatchObject({ _tag: "Confirm" })
    }
  })

  it("knows whether a line was typed by hand, also when it comes back from the history or from what was killed", () => {
    const editor = new LineEditor()
    const keys = (...all: ReadonlyArray<Stroke>) => {
      for (const key of all) editor.handle(key)
    }
    keys(text("password "), { _tag: "Paste", text: "hunter2" })
    expect(editor.isTyped).toBe(false)
    editor.accepted()
    keys(text("harmless"))
    expect(editor.isTyped).toBe(true)
    editor.accepted()
    keys({ _tag: "Press", name: "up" })
    expect(editor.isTyped).toBe(true)
    keys(press("up"), text("!"))
    expect([editor.text, editor.isTyped]).toEqual(["password hunter2!", false])
    keys({ _tag: "Press", name: "killLine" })
    editor.accepted()
    keys({ _tag: "Press", name: "yank" })
    expect([editor.text, editor.isTyped]).toEqual(["password hunter2!", false])
  })

  it("keeps control characters out and its memory bounded", () => {
    expect(typed("a\u001b[31m\u0007\tb\nc").text).toBe("a[31m    b\nc")
    expect(typed("x".repeat(MAX_TEXT), "y").text.length).toBe(MAX_TEXT)
    const full = new LineEditor()
    full.handle(text("ab"))
    expect(full.handle({ _tag: "Paste", text: "y".repeat(MAX_TEXT) })).toEqual({
      _tag: "Overlong",
      bytes: MAX_TEXT + 2
    })
    expect(full.text).toBe("ab")
    const editor = new LineEditor()
    for (let i = 0; i <= MAX_HISTORY + 10; i++) {
      editor.handle(text(`line ${i}`))
      handle(editor, press("enter"))
    }
    for (let i = 0; i < 2 * MAX_HISTORY; i++) editor.handle(press("up"))
    expect(editor.text).toBe("line 11")
  })
})
