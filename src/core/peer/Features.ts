import * as NatKind from "../nat/NatKind.js"

/**
 * The `features` of a handshake (docs/protocol.md §3.2): what kind of network we are behind, in the low three bits, and
 * what our program knows that others may not.
 */
export const ours = (nat: NatKind.NatKind, guesses: boolean): number =>
  NatKind.toFeatures(nat) | GROUPS | (guesses ? GUESSES : 0)

/** Whether the program that says this of itself knows GROUP. */
export const knowsGroups = (features: number): boolean => (features & GROUPS) !== 0

/** Whether the program that says this of itself does what GUESS asks for. */
export const knowsGuesses = (features: number): boolean => (features & GUESSES) !== 0

const GROUPS = 0b1000
const GUESSES = 0b10000
