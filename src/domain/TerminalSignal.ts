import * as SafeText from "./SafeText.js"

/** What fetches the attention of somebody who is not looking at the screen. Texts need not be sanitized. */
export type Signal =
  | { readonly _tag: "Bell" }
  /** What the window is called; `undefined` gives it the name back that it had. */
  | { readonly _tag: "Title"; readonly text: string | undefined }
  /**
   * Has the desktop tell, in the way that this terminal knows. `about`: the name of a conversation; where the terminal
   * can tell notifications apart, one takes the place of the one before about the same, and of no other.
   */
  | {
      readonly _tag: "Notification"
      readonly by: Way
      readonly about: string
      readonly title: string
      readonly text: string
    }

/** Of iTerm2; of rxvt-unicode; of kitty. */
export type Way = "osc9" | "osc777" | "osc99"

/** The signal as a terminal understands it. `isTitled`: it has a title of ours, so it keeps the one before already. */
export const encode = (signal: Signal, isTitled: boolean): string => {
  switch (signal._tag) {
    case "Bell":
      return BELL
    case "Title":
      if (signal.text === undefined) return isTitled ? GIVE_TITLE_BACK : ""
      return `${isTitled ? "" : KEEP_TITLE}${OSC}2;${SafeText.line(signal.text, MAX_TITLE)}${BELL}`
    case "Notification": {
      const [title, text] = [SafeText.line(signal.title, MAX_TITLE), SafeText.line(signal.text, MAX_TEXT)]
      if (signal.by === "osc9") return `${OSC}9;${title}: ${text}${BELL}`
      if (signal.by === "osc777") return `${OSC}777;notify;${title.replaceAll(";", ",")};${text}${BELL}`
      const id = `i=parley-${identifier(signal.about)}`
      return `${OSC}99;${id}:d=0;${title}${END}${OSC}99;${id}:p=body;${text}${END}`
    }
  }
}

/** What goes through tmux to the terminal around it, where the user lets it (`allow-passthrough`). */
export const throughTmux = (sequence: string): string =>
  `${ESCAPE}Ptmux;${sequence.replaceAll(ESCAPE, ESCAPE + ESCAPE)}${END}`

/** What kitty's protocol for notifications lets an identifier be made of; other characters by their numbers. */
const identifier = (name: string): string =>
  name.replace(/[^A-Za-z0-9_-]/gu, (sign) => `.${sign.codePointAt(0)!.toString(16)}+`).slice(0, MAX_IDENTIFIER)

const ESCAPE = "\u001b"
const OSC = `${ESCAPE}]`
const BELL = "\u0007"
const END = `${ESCAPE}\\`
/** Pushes and pops the title (xterm's 22 and 23); one that keeps none is left with an empty one, so with its own. */
const KEEP_TITLE = `${ESCAPE}[22;2t`
export const GIVE_TITLE_BACK = `${OSC}2;${BELL}${ESCAPE}[23;2t`
/** Characters: what windows and desktops show. */
const MAX_TITLE = 80
const MAX_TEXT = 160
/** Characters: two nicknames (of 32 columns at most) that begin alike in so many may share their notification. */
const MAX_IDENTIFIER = 160
