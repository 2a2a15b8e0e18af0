import * as Effect from "effect/Effect"
import { ACCEPT_POLICIES, ANSWER_POLICIES, CALL_POLICIES } from "../../client/ClientOptions.js"
import * as Values from "../Values.js"
import { setting, toggle } from "./Option.js"
import { connected, connection, MAX_PATH, MAX_TYPED } from "./Options.js"
import * as Subcommand from "./Subcommand.js"

export const client = Subcommand.make({
  name: "client",
  help: "Register with a server and talk to people, directly and end-to-end encrypted",
  options: {
    nick: setting({
      placeholder: "NICK",
      alias: "n",
      help: "Nickname to register (asked for when left out)",
      parse: Values.text(MAX_TYPED),
      wants: "own nick"
    }),
    json: toggle("Speak JSON lines: commands on standard input, events on standard output"),
    full: toggle("Begin on a screen of its own, with a list of conversations; Alt-Shift-F or /full turns back"),
    lines: toggle("Whole lines and nothing drawn anew, as for screen readers and simple terminals"),
    set: setting({
      placeholder: "NAME VALUE;…",
      help: 'How the terminal behaves until you change it, as /set tells: "bell off; times off"',
      parse: Values.settings
    }),
    readReceipts: toggle("Tell people that you have read their messages, as soon as you type something after them"),
    accept: setting({
      placeholder: "POLICY",
      help: "File offers to take without asking: ask (none), known (those of people known from earlier), or all",
      parse: Values.oneOf(ACCEPT_POLICIES),
      default: "ask"
    }),
    acceptCalls: setting({
      placeholder: "WHO",
      help: "Whose calls to hear: everyone, or known (people you have asked for before); others find nobody here",
      parse: Values.oneOf(CALL_POLICIES),
      default: "everyone"
    }),
    answer: setting({
      placeholder: "WHO",
      help: "Whose calls to answer by themselves: nobody, or known (people you have asked for, and not left since)",
      parse: Values.oneOf(ANSWER_POLICIES),
      default: "nobody"
    }),
    downloads: setting({
      placeholder: "DIR",
      help: "Where accepted files go",
      otherwise: "the current folder",
      parse: Values.text(MAX_PATH),
      wants: "folder"
    }),
    ...connection
  },
  arguments: {},
  settings: (options, host) =>
    Effect.map(connected(options, host), (settings) => ({ ...settings, userHome: host.folders.home }))
})

export type ClientSettings = Subcommand.SettingsOf<typeof client>
