/** How much is tried: the scenarios know, and tests ask here. */
export * from "../../scenarios/support/Effort.js"
