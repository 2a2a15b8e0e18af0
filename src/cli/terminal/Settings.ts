/** What a person may change while the program runs (`/set`). */
export interface Settings {
  /** Of conversations that are not in focus: every message whole, or a line that something is there. */
  show: (typeof SHOW)[number]
  /** The time of day before each message. */
  times: boolean
  /** What the terminal's bell rings for. */
  bell: (typeof BELL)[number]
  /** How the desktop is told, if the terminal does that: the number of its escape sequence. */
  notify: (typeof NOTIFY)[number]
  /** How many messages are new, in the title of the window. */
  title: boolean
}

export const SHOW = ["focus", "all"] as const
export const BELL = ["off", "calls", "all"] as const
export const NOTIFY = ["off", "osc9", "osc777", "osc99"] as const

export const defaults = (): Settings => ({ show: "focus", times: true, bell: "calls", notify: "off", title: true })
