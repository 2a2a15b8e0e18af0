/**
 * The last gate before a terminal: every text that the program writes passes here, its own sentences and what
 * `SafeText` has cleaned included. Where a text from elsewhere has slipped past `SafeText`, it does no harm: no control
 * (Cc, C1 too), format (bidirectional), separator, surrogate, private-use, unassigned or invisible character gets
 * through, and each of them leaves U+FFFD. It leaves alone whatever `SafeText` leaves, and line feeds.
 */
export const plain = (text: string): string => (HARMLESS.test(text) ? text : text.replace(HARMFUL, REPLACEMENT))

/**
 * The same for texts with sequences that this program has a use for: colours (SGR) where `colors` is set, and moving
 * the cursor and wiping the screen where `cursor` is. All others go.
 */
export const painted = (text: string, allowed: { readonly colors: boolean; readonly cursor: boolean }): string =>
  HARMLESS.test(text)
    ? text
    : text.replace(SEQUENCE_OR_HARMFUL, (found) => {
        if (found.endsWith("m") && found.length > 1) return allowed.colors ? found : REPLACEMENT
        return allowed.cursor && found !== ESCAPE && SEQUENCE.test(found) ? found : REPLACEMENT
      })

const HARMLESS = /^[\x20-\x7e\n]*$/

/** What `SafeText` keeps where it belongs to a word or an emoji stays: joiners, variation selectors, tags of flags. */
const HARMFUL_SET = String.raw`[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}]--[\n\u200C\u200D\p{Variation_Selector}\u{E0020}-\u{E007F}]]`
const HARMFUL = new RegExp(HARMFUL_SET, "gv")
/**
 * Select Graphic Rendition; cursor up, right and home; erase below, to the right and all; insert lines; marking what
 * is pasted, telling of the focus, and drawing at once (ECMA-48 §8.3, xterm's 2004 and 1004, contour's 2026); a link
 * (OSC 8) that is named by its own address, as it leads nowhere else; and the return to the beginning of the line.
 */
const LINK = String.raw`\u001b\]8;;(?<address>(?:https?|ftp):\/\/[\x21-\x7e]{1,2000})\u001b\\\k<address>\u001b\]8;;\u001b\\`
const SEQUENCES = String.raw`${LINK}|\u001b\[(?:[0-9;]{0,24}m|[0-9]{1,5}[ACL]|[HJK]|2J|\?(?:1004|2004|2026)[hl])|\r`
const SEQUENCE = new RegExp(`^(?:${SEQUENCES})$`, "v")
const SEQUENCE_OR_HARMFUL = new RegExp(`${SEQUENCES}|${HARMFUL_SET}`, "gv")
const ESCAPE = "\u001b"
const REPLACEMENT = "\uFFFD"
