import * as Effect from "effect/Effect"
import * as SafeText from "../../../domain/SafeText.js"
import { type Settings, SHOW } from "../Settings.js"
import { type Context, make, nothing, type Outcome, remark } from "./TerminalCommand.js"

/** What can be changed while the program runs. */
export const setCommands = [
  make({
    names: ["show"],
    usage: "/show all|focus",
    help: "print every conversation whole, or one and of the others a line",
    wants: SHOW,
    parse: (argument) => SHOW.find((one) => one === argument.toLowerCase()),
    run: (show, context) => change("show", show, context)
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
    names: ["set"],
    usage: "/set [NAME VALUE]",
    help: "change how this terminal behaves until you leave it; alone, see what can be changed",
    wants: ["show", "times", "mouse"],
    isSpeech: true,
    parse: (argument) => {
      const [name, value, ...more] = argument.toLowerCase().split(/\s+/)
      return more.length > 0 ? undefined : { name: name ?? "", value }
    },
    run: ({ name, value }, context) => {
      if (name === "") return list(context)
      const values = VALUES[name as keyof Settings] as ReadonlyArray<string> | undefined
      if (values === undefined)
        return remark(context, `there is no setting ${SafeText.line(name, MAX_NAME)}: type /set`)
      const wanted = values.find((one) => one === value)
      if (wanted === undefined)
        return remark(context, `type ${context.palette.bold(`/set ${name} ${values.join("|")}`)}`)
      return change(name as keyof Settings, (name === "show" ? wanted : wanted === "on") as never, context)
    }
  })
]

const VALUES: { readonly [Name in keyof Settings]: ReadonlyArray<string> } = {
  show: SHOW,
  times: ["on", "off"],
  mouse: ["on", "off"]
}

const change = <Name extends keyof Settings>(name: Name, value: Settings[Name], context: Context): Outcome => {
  context.chat.settings[name] = value
  return remark(context, `${name} is ${told(value)} now`)
}

const list = ({ chat, palette, ui }: Context): Outcome =>
  ui.print(
    Object.entries(VALUES).map(
      ([name, values]) =>
        `  ${palette.bold(name)} ${told(chat.settings[name as keyof Settings])}  ${palette.dim(`/set ${name} ${values.join("|")}`)}`
    )
  )

const told = (value: Settings[keyof Settings]): string => (typeof value === "boolean" ? (value ? "on" : "off") : value)

/** Characters of a name that is none. */
const MAX_NAME = 40
