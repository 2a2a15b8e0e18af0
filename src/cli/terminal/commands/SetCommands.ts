import * as Effect from "effect/Effect"
import * as SafeText from "../../../domain/SafeText.js"
import { type Change, NAMES, type Name, parse, type Source, TABLE, valuesOf } from "../Settings.js"
import type { Paragraph } from "../Wrap.js"
import { type Context, make, nothing, type Outcome, remark, respelt } from "./TerminalCommand.js"

/** What can be changed while the program runs. */
export const setCommands = [
  make({
    names: ["show"],
    usage: "/show all|focus",
    help: "print every conversation whole, or one and of the others a line",
    wants: TABLE.show.values,
    meant: (words) => respelt(words, 0, TABLE.show.values),
    parse: (argument) => {
      const change = parse("show", argument)
      return typeof change === "string" ? undefined : change
    },
    run: (wanted, context) => change(wanted, context)
  }),
  make({
    names: ["full"],
    usage: "/full",
    help: "a screen of its own, or back from it (Alt-Shift-F); PgUp and the wheel go back in what was said, Shift selects",
    isSpeech: true,
    anonymous: true,
    parse: nothing,
    run: (_, context) =>
      Effect.flatMap(context.ui.full, (done) =>
        done ? Effect.void : remark(context, "this terminal has no screen of its own to turn to")
      )
  }),
  make({
    names: ["clear"],
    elsewhere: ["cls"],
    usage: "/clear",
    help: "empty the screen (Ctrl-L); nothing that was said is forgotten: /history shows it",
    anonymous: true,
    parse: nothing,
    run: (_, context) =>
      Effect.flatMap(context.ui.clear, (done) =>
        done ? Effect.void : remark(context, "there is no screen here that could be emptied")
      )
  }),
  make({
    names: ["set"],
    usage: "/set [NAME [VALUE]]",
    help: "how this terminal behaves: see it all, one, or change it; it is remembered",
    wants: NAMES,
    wantsThen: (name) => {
      const known = NAMES.find((one) => one === name.toLowerCase())
      return known === undefined ? [] : valuesOf(known)
    },
    isSpeech: true,
    reminder: "/set to see everything, /set NAME VALUE to change it, /set NAME default to take that back",
    parse: (argument) => {
      const [, name = "", value = ""] = /^(\S*)\s*([\s\S]*)$/.exec(argument) ?? []
      return { name, value }
    },
    run: ({ name, value }, context) => {
      if (name === "") return list(NAMES, context)
      const known = NAMES.find((one) => one === name.toLowerCase())
      if (known !== undefined && value === "") return list([known], context)
      const wanted = parse(name, value)
      return typeof wanted === "string" ? wrong(wanted, [name, value], context) : change(wanted, context)
    }
  })
]

/** What was set in earlier runs of this profile. What makes no sense any more is left alone. */
export const recallSettings = ({ chat, client }: Context): Effect.Effect<void> =>
  Effect.map(client.preferences.all, (kept) => {
    for (const [name, value] of kept) {
      const change = parse(name, value === "" ? "off" : value)
      if (typeof change !== "string") chat.change(change, "remembered")
    }
  })

/** Says what is wrong, and what may have been meant. */
const wrong = (reason: string, words: ReadonlyArray<string>, context: Context): Outcome => {
  const known = NAMES.find((one) => one === words[0]!.toLowerCase())
  const meant = known === undefined ? respelt(words, 0, NAMES) : respelt(words, 1, valuesOf(known))
  const { bold } = context.palette
  const guess = meant === undefined ? "" : `; did you mean ${bold(SafeText.line(`/set ${meant.trim()}`))}?`
  return remark(context, `${SafeText.line(reason)}${guess}`)
}

const change = (wanted: Change, context: Context): Outcome =>
  Effect.gen(function* () {
    const { chat, client } = context
    const { name, value } = wanted
    const isKept = yield* client.preferences.set(name, value)
    chat.change({ name, value: isKept ? undefined : value }, "now")
    chat.change({ name, value: isKept ? value : undefined }, "remembered")
    const until = isKept || value === undefined ? "from now on" : "until you leave: nothing is kept of this profile"
    yield* remark(context, `${name} is ${told(name, context)} ${until}`)
  })

const list = (names: ReadonlyArray<Name>, context: Context): Outcome => {
  const { chat, palette, ui } = context
  const width = Math.max(...names.map((name) => name.length))
  return ui.print(
    names.map((name): Paragraph => {
      const { values } = TABLE[name]
      const choice = values === "words" ? "your words" : values.join("|")
      const from = ORIGINS[chat.settings.from(name)]
      return {
        head: `  ${palette.bold(name)}${" ".repeat(width - name.length)}  `,
        lines: [`${told(name, context)} (${from}): ${TABLE[name].help}; ${choice}`]
      }
    })
  )
}

const ORIGINS: Readonly<Record<Source, string>> = {
  default: "default",
  terminal: "as your terminal says",
  options: "from --set or the configuration",
  remembered: "set by you",
  now: "set by you until you leave"
}

const told = (name: Name, { chat }: Context): string => {
  const value = chat.settings.get(name)
  return value === "" ? "off" : SafeText.line(value)
}
