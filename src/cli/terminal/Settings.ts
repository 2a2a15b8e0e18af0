/** What a person may change while the program runs (`/set`): a row each, from which help and completion follow. */
export const TABLE = {
  show: { values: ["focus", "all"], help: "other conversations: a line that something is there, or every message" },
  times: { values: ["on", "off"], help: "the time of day before each message" },
  bell: { values: ["all", "mentions", "off"], help: "rings when you are not looking: for all, or your name and calls" },
  title: { values: ["on", "off"], help: "the window's title says who you are and how much is unread" },
  notify: {
    values: ["off", "osc9", "osc777", "osc99"],
    help: "has the desktop tell, where the bell rings: iTerm2 and others (osc9), urxvt, VTE (osc777), kitty (osc99)"
  },
  preview: { values: ["on", "off"], help: "what the desktop tells has the text in it, or only whom it is from" },
  words: { values: "words", help: "words that count as your name does, with commas between them" },
  mouse: {
    values: ["on", "off"],
    help: "the wheel on the full screen, where text is then selected with Shift"
  },
  glyphs: { values: ["unicode", "ascii"], help: "the program's own signs" },
  colors: { values: ["off", "16", "256", "true"], help: "how many colours" },
  background: { values: ["unknown", "dark", "light"], help: "what the colours have to be readable on" }
} as const satisfies Readonly<Record<string, Definition>>

interface Definition {
  /** What it can be, the default first; or a few words of the person's own. */
  readonly values: ReadonlyArray<string> | "words"
  readonly help: string
}

export type Name = keyof typeof TABLE

type Value<N extends Name> = (typeof TABLE)[N]["values"] extends ReadonlyArray<infer V> ? V : string

/** `terminal`: what it told of itself. `options`: a flag, the environment or the configuration file. */
export type Source = "default" | "terminal" | "options" | "remembered" | "now"

/** A setting that was named, and what it is to be; without a value it is to be as before anything was set. */
export interface Change {
  readonly name: Name
  readonly value: string | undefined
}

export const NAMES = Object.keys(TABLE) as ReadonlyArray<Name>

/** What can stand behind the name of a setting. */
export const valuesOf = (name: Name): ReadonlyArray<string> => {
  const { values }: Definition = TABLE[name]
  return [...(values === "words" ? ["off"] : values), DEFAULT]
}

/** `NAME VALUE`; half a sentence about what is wrong with it otherwise. */
export const parse = (name: string, value: string): Change | string => {
  const known = NAMES.find((one) => one === name.toLowerCase())
  if (known === undefined) return `there is no setting ${name}, but ${NAMES.join(", ")}`
  const wanted = value.trim()
  if (wanted.toLowerCase() === DEFAULT) return { name: known, value: undefined }
  const { values }: Definition = TABLE[known]
  if (values === "words")
    return wanted === "" || wanted.length > MAX_WORDS
      ? `${known} wants words with commas between them, ${MAX_WORDS} characters at most, or off`
      : { name: known, value: wanted.toLowerCase() === "off" ? "" : wanted }
  const chosen = values.find((one) => one === wanted.toLowerCase())
  return chosen === undefined ? `${known} is one of ${values.join(", ")}` : { name: known, value: chosen }
}

/** `NAME VALUE; NAME VALUE…`, as an option holds them; half a sentence about what is wrong with it otherwise. */
export const parseAll = (text: string): ReadonlyArray<Change> | string => {
  const changes: Array<Change> = []
  for (const part of text.split(";").filter((one) => one.trim() !== "")) {
    const [, name = "", value = ""] = /^\s*(\S+)\s*([\s\S]*)$/.exec(part) ?? []
    const change = parse(name, value)
    if (typeof change === "string") return change
    changes.push(change)
  }
  return changes
}

/** The settings as they are, and where each comes from: what a person has said later counts before what was there. */
export class Settings {
  readonly #said = new Map<Name, Map<Source, string>>()

  get<N extends Name>(name: N): Value<N> {
    return this.#standing(name).value as Value<N>
  }

  from(name: Name): Source {
    return this.#standing(name).from
  }

  /** Without a value, what this source has said of it is forgotten. */
  set({ name, value }: Change, from: Source): void {
    const said = this.#said.get(name) ?? new Map<Source, string>()
    this.#said.set(name, said)
    if (value === undefined) said.delete(from)
    else said.set(from, value)
  }

  #standing(name: Name): { readonly value: string; readonly from: Source } {
    const said = this.#said.get(name)
    const from = STRONGEST_FIRST.find((source) => said?.has(source) === true)
    if (from !== undefined) return { value: said!.get(from)!, from }
    const { values }: Definition = TABLE[name]
    return { value: values === "words" ? "" : values[0]!, from: "default" }
  }
}

const STRONGEST_FIRST: ReadonlyArray<Source> = ["now", "remembered", "options", "terminal"]

/** What takes a setting back. */
const DEFAULT = "default"
/** Characters of the words together. */
const MAX_WORDS = 200
