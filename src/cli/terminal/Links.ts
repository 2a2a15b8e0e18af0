/** Whether a terminal that names itself so (XTVERSION, `CSI > q`) opens what is marked as a link (OSC 8). */
export const areKnownTo = (name: string): boolean => KNOWING.test(name)

/**
 * A line with its addresses marked as links, for terminals that know them: they can be opened also where the terminal
 * has broken them at its edge. What is marked is the address that is shown, and nothing else.
 */
export const marked = (line: string): string =>
  line.includes("://")
    ? line.replace(ADDRESS, (found) => {
        const address = found.replace(AROUND, "")
        return `${OPEN}${address}${END}${address}${OPEN}${END}${found.slice(address.length)}`
      })
    : line

/** tmux since 3.4, VTE since 0.50. XTerm and the consoles of systems do not, and xterm.js finds addresses itself. */
const KNOWING =
  /^(?:(?:kitty|foot|iTerm2|WezTerm|ghostty|contour|Konsole|mintty)\b|tmux (?:3\.[4-9]|[4-9])|VTE\([5-9]\d{3})/i

/** What `domain/TerminalText` lets through as a link. */
const ADDRESS = /\b(?:https?|ftp):\/\/[\x21\x23-\x3b\x3d\x3f-\x7e]{1,2000}/g
/** What stands behind an address in a sentence. */
const AROUND = /[.,;:!?'")\]}]+$/
const OPEN = "\u001b]8;;"
const END = "\u001b\\"
