import { describe, expect, it } from "vitest"
import { Attention, type News } from "../../../src/cli/terminal/Attention.js"
import { make as conversation, Weight } from "../../../src/cli/terminal/Conversation.js"
import { Settings } from "../../../src/cli/terminal/Settings.js"
import * as SafeText from "../../../src/domain/SafeText.js"

const setUp = (changes: Readonly<Record<string, string>> = {}) => {
  const clock = { now: 1_000_000 }
  const settings = new Settings()
  for (const [name, value] of Object.entries({ title: "off", ...changes }))
    settings.set({ name: name as "bell", value }, "now")
  return { attention: new Attention(settings, () => clock.now), clock }
}

const text = (more: Partial<News> = {}): News => ({
  nick: "bob",
  text: "hi",
  weight: Weight.text,
  isShown: true,
  isInFront: true,
  ...more
})

const tags = (attention: Attention) => attention.take("alice", []).map(({ _tag }) => _tag)

describe("the person", () => {
  it("is not fetched for what they look at", () => {
    const { attention } = setUp()
    attention.came(text())
    expect(tags(attention)).toEqual([])
    attention.focused(true)
    attention.came(text())
    expect(tags(attention)).toEqual([])
  })

  it("is fetched once for each conversation, until they have seen it or some time has passed", () => {
    const { attention, clock } = setUp()
    attention.focused(false)
    attention.came(text())
    expect(tags(attention)).toEqual(["Bell"])
    attention.came(text())
    expect(tags(attention)).toEqual([])
    attention.came(text({ nick: "carol" }))
    expect(tags(attention)).toEqual(["Bell"])
    attention.came(text({ weight: Weight.mention }))
    expect(tags(attention)).toEqual(["Bell"])
    clock.now += 60_000
    attention.came(text())
    expect(tags(attention)).toEqual(["Bell"])
    attention.focused(true)
    attention.focused(false)
    attention.came(text())
    expect(tags(attention)).toEqual(["Bell"])
  })

  it("is fetched to what stands elsewhere, and where the terminal tells no focus after a while without a key", () => {
    const { attention, clock } = setUp()
    attention.came(text({ isShown: false, isInFront: false }))
    expect(tags(attention)).toEqual(["Bell"])
    attention.active()
    clock.now += 60_000
    attention.came(text())
    expect(tags(attention)).toEqual(["Bell"])
  })

  it("hears the bell for what they have chosen", () => {
    const { attention } = setUp({ bell: "mentions" })
    attention.focused(false)
    attention.came(text())
    expect(tags(attention)).toEqual([])
    attention.came(text({ weight: Weight.mention }))
    expect(tags(attention)).toEqual(["Bell"])
    const silent = setUp({ bell: "off" }).attention
    silent.focused(false)
    silent.came(text({ weight: Weight.call }))
    expect(tags(silent)).toEqual([])
  })

  it("is told by the desktop of what matters most", () => {
    const { attention } = setUp({ bell: "off", notify: "osc777" })
    attention.focused(false)
    attention.came(text({ nick: "carol", text: "wants to talk", weight: Weight.call }))
    attention.came(text())
    expect(attention.take("alice", [])).toEqual([
      { _tag: "Notification", by: "osc777", about: "carol", title: "parley: carol", text: "wants to talk" }
    ])
  })

  it("has the desktop tell whom a message is from alone, where they want it so", () => {
    const { attention, clock } = setUp({ bell: "off", notify: "osc99", preview: "off" })
    attention.focused(false)
    const told = (news: Partial<News>) => {
      clock.now += 60_000
      attention.came(text(news))
      return attention.take("alice", []).map((signal) => signal._tag === "Notification" && [signal.about, signal.text])
    }
    expect(told({ nick: "Carol", text: "the secret" })).toEqual([["carol", "a new message"]])
    expect(told({ text: "alice: the secret", weight: Weight.mention })).toEqual([["bob", "a new message"]])
    expect(told({ text: "wants to talk", weight: Weight.call })).toEqual([["bob", "wants to talk"]])
  })

  it("reads in the title of the window how much there is", () => {
    const { attention } = setUp({ title: "on", bell: "off" })
    const title = (count?: number, weight: Weight = Weight.text) => {
      const bob = conversation(SafeText.line("bob"), 1)
      bob.news = { count: count ?? 0, weight, since: 0, told: 0 }
      return attention.take("alice", count === undefined ? [] : [bob])
    }
    expect(title()).toEqual([{ _tag: "Title", text: "alice - parley" }])
    expect(title()).toEqual([])
    expect(title(3)).toEqual([{ _tag: "Title", text: "(3) alice - parley" }])
    expect(title(0, Weight.call)).toEqual([{ _tag: "Title", text: "(1!) alice - parley" }])
    attention.focused(false)
    attention.came(text())
    expect(title(3)).toEqual([{ _tag: "Title", text: "(4) alice - parley" }])
    attention.focused(true)
    expect(title()).toEqual([{ _tag: "Title", text: "alice - parley" }])
  })
})
