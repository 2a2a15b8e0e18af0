import { stripVTControlCharacters } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { ChatModel } from "../../../src/cli/terminal/ChatModel.js"
import * as CommandLine from "../../../src/cli/terminal/CommandLine.js"
import * as GroupTexts from "../../../src/cli/terminal/GroupTexts.js"
import * as Palette from "../../../src/cli/terminal/Palette.js"
import * as Program from "../../../src/cli/terminal/Program.js"
import { wrap } from "../../../src/cli/terminal/Wrap.js"
import type { GroupInfo } from "../../../src/core/client/groups/GroupInfo.js"
import * as Memory from "../../../src/layers/memory/Terminal.js"
import { Terminal } from "../../../src/services/Terminal.js"
import { messageId } from "../../support/ids.js"
import * as FakeClient from "../FakeClient.js"

const { GROUP } = FakeClient
const group = { id: GROUP.id, name: "team" }
const id = messageId("ab".repeat(16))

describe("groups at the terminal", () => {
  it("show an invitation whatever conversation is in front, as it wants an answer", () => {
    const chat = new ChatModel({ palette: Palette.make(false), now: () => 0, interactive: true })
    chat.handle({ _tag: "Registered", nick: "alice", address: "192.0.2.1:1", fingerprint: "f" })
    chat.opened({ nick: "dave", fingerprint: "f", trust: "new" })
    const news = { _tag: "Group", nick: "bob", group: { ...GROUP, state: "invited" } } as const
    expect(chat.handle({ ...news, change: "invited" }).join("\n")).toContain("type /group join team to talk there")
    expect(chat.status(80).at(-1)).toContain("#team invites you")
    expect(chat.handle({ ...news, change: "joined" })).toEqual([])
  })

  it.live("are made, joined, written to and left, by name or as the conversation in focus", () =>
    Effect.gen(function* () {
      const terminal = yield* Memory.make({ interactive: false, inputIsTty: false })
      const client = yield* FakeClient.make
      const run = Effect.provideService(Program.run(client, { nick: "alice" }), Terminal, terminal.terminal)
      const fiber = yield* Effect.fork(run)
      terminal.type(
        [
          "/group crew bob carol",
          "/group join team",
          "hello, both",
          "exit",
          "/msg #team once more",
          "/groups",
          "/group members team",
          "/group members nowhere",
          "query #crew",
          "/who #team",
          "query #nowhere",
          "/group remove team carol",
          "/group add team dave eve",
          "/to #team",
          "/leave",
          "exit",
          ""
        ].join("\n")
      )
      expect(yield* Fiber.await(fiber)).toEqual(Exit.void)
      expect(client.calls.filter((call) => call !== "groups")).toEqual([
        "register alice",
        "group crew bob carol",
        "groupJoin team",
        "groupSend #team hello, both",
        "groupSend #team once more",
        "groupRemove team carol",
        "groupAdd team dave eve",
        "groupLeave #team",
        "exit"
      ])
      const output = terminal.output()
      for (const text of [
        "you have made #crew with bob and carol: what you type goes to all",
        "alice → #team: hello, both",
        "carol did not get that: /group members team says why",
        "carol f (not asked for: gets nothing of yours before you type query carol)",
        "there is no group nowhere; /groups shows all",
        "there is no group #nowhere; /groups shows all",
        "you have left #team"
      ])
        expect(output).toContain(text)
    })
  )

  it("want what each of their commands wants", () => {
    const typed = (line: string) => {
      const read = CommandLine.parse(line)
      return read._tag === "Command" ? read.argument : read._tag
    }
    expect(typed("/group team bob carol")).toEqual({ verb: "make", name: "team", nicks: ["bob", "carol"] })
    expect(typed("/group #team bob")).toEqual({ verb: "make", name: "team", nicks: ["bob"] })
    expect(typed("/group JOIN #team")).toEqual({ verb: "join", name: "#team", nicks: [] })
    expect(typed("/group")).toBe("all")
    for (const line of ["/group team", "/group join", "/group join team bob", "/group remove team", "/group add team"])
      expect(typed(line)).toBe("Wrong")
  })

  it("are listed in rows that keep to the screen, none with a colour cut or left on", () => {
    const members = Array.from({ length: 9 }, (_, at) => ({ ...GROUP.members[0]!, nick: `person${at}` }))
    const line = GroupTexts.row({ ...GROUP, members, state: "invited" }, Palette.make(true))
    for (const columns of [30, 40, 80]) {
      const rows = wrap(line, columns)
      const bare = rows.map((row) => stripVTControlCharacters(row))
      expect(bare.join("")).not.toContain("\u001b")
      expect(bare.join(" ").replace(/ +/g, " ")).toBe(stripVTControlCharacters(line).replace(/ +/g, " "))
      for (const [at, row] of rows.entries()) {
        expect(bare[at]!.length).toBeLessThanOrEqual(columns)
        // The last colour is "none".
        expect(row.split("\u001b[").at(-1)!.slice(0, 1)).toBe(row.includes("\u001b") ? "m" : row.slice(0, 1))
      }
    }
  })

  it("are told in words: who has added whom, and what that means for what one writes", () => {
    const invited: GroupInfo = { ...GROUP, state: "invited" }
    expect(GroupTexts.news({ _tag: "Group", nick: "bob", change: "invited", group: invited })).toEqual([
      "bob has added you to #team, with carol",
      "  type /group join team to talk there: it asks for everybody in it. /group leave team declines"
    ])
    expect(GroupTexts.news({ _tag: "Group", nick: "carol", change: "added", by: "bob", group: GROUP })).toEqual([
      "bob has added carol to #team",
      "  carol gets nothing of yours there before you type /group join team"
    ])
    const hostile = GroupTexts.news({
      _tag: "Group",
      nick: "b\u001b[2J",
      change: "left",
      group: { ...GROUP, name: "t\u202e" }
    })
    for (const hidden of ["\u001b", "\u202e"]) expect(hostile.join("")).not.toContain(hidden)
  })

  it("have a view of their own, where a message is marked when the last member has it", () => {
    let now = 1_700_000_000_000
    const chat = new ChatModel({ palette: Palette.make(false), now: () => ++now, interactive: true })
    chat.handle({ _tag: "Registered", nick: "alice", address: "192.0.2.9:9", fingerprint: "1" })
    chat.groups.opened(group)
    expect(chat.focus).toBe("#team")
    chat.sentInGroup({ group, id, to: ["bob", "carol"], without: [] }, "hello")
    const held = () => chat.views.held(80).join("\n")
    chat.handle({ _tag: "Delivered", nick: "bob", id, group })
    expect(held()).toContain("hello …")
    chat.handle({ _tag: "Delivered", nick: "carol", id, group })
    expect(held()).toContain("hello ✓")
    // What bob says to alice alone does not stand among it.
    const alone = chat.handle({ _tag: "Message", from: "bob", id: messageId("cd".repeat(16)), text: "psst" })
    const toAll = chat.handle({ _tag: "Message", from: "bob", id: messageId("ef".repeat(16)), text: "hi all", group })
    expect(JSON.stringify(alone)).not.toContain("#team")
    expect(JSON.stringify(toAll)).toContain("#team bob")
    expect(chat.status(80).at(-1)).toContain("a group")
  })
})
