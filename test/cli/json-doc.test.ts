import { readFileSync } from "node:fs"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { Command } from "../../src/cli/json/Command.js"
import { Event } from "../../src/cli/json/Event.js"

const doc = readFileSync(new URL("../../docs/json.md", import.meta.url), "utf8")
/** A command and an event may have the same name. */
const sections = new Map(
  doc
    .split(/^## /m)
    .slice(1)
    .flatMap((chapter) => {
      const what = chapter.startsWith("Commands") ? "command" : "event"
      const named = (section: string) => [`${what} ${/^`(\w+)`/.exec(section)![1]!}`, section] as const
      return chapter.split(/^### /m).slice(1).map(named)
    })
)

const examples = (section: string): ReadonlyArray<unknown> =>
  [...section.matchAll(/```json\n([\s\S]*?)```/g)].flatMap((block) =>
    block[1]!
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line))
  )

const parts = [
  { what: "command", schema: Command, key: "cmd" },
  { what: "event", schema: Event, key: "event" }
] as const

describe("docs/json.md", () => {
  for (const { what, schema, key } of parts)
    for (const member of schema.members) {
      const fields: Readonly<Record<string, unknown>> = member.fields
      const name = (fields[key] as Schema.Literal<[string]>).literals[0]

      it(`shows the ${what} ${name} as it is`, () => {
        const section = sections.get(`${what} ${name}`)
        expect(section, `a section for ${name}`).toBeDefined()
        const shown = examples(section!)
        expect(shown.length).toBeGreaterThan(0)
        const decode = Schema.decodeUnknownSync(schema as Schema.Schema<unknown, unknown>, {
          onExcessProperty: "error"
        })
        for (const example of shown) {
          expect(decode(example)).toEqual(example)
          expect(example).toHaveProperty(key, name)
        }
        for (const field of Object.keys(fields))
          if (field !== "ref" && field !== key) expect(section).toContain(`| \`${field}\` |`)
      })
    }

  it("has no section for what does not exist", () => {
    const names = parts.flatMap(({ what, schema, key }) =>
      schema.members.map(
        (member) => `${what} ${((member.fields as never)[key] as Schema.Literal<[string]>).literals[0]}`
      )
    )
    for (const name of sections.keys()) expect(names).toContain(name)
  })
})
