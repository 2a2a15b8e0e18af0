/** What a person may change while the program runs (`/set`). */
export interface Settings {
  /** Of conversations that are not in focus: every message whole, or a line that something is there. */
  show: (typeof SHOW)[number]
  /** The time of day before each message. */
  times: boolean
  /** The wheel of the mouse on the full screen, where the terminal then selects text with Shift only. */
  mouse: boolean
}

export const SHOW = ["focus", "all"] as const

export const defaults = (): Settings => ({ show: "focus", times: true, mouse: true })
