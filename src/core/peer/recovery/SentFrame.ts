/** Something in a packet that has to arrive; what to do when it did or did not is up to its owner. */
export type SentFrame =
  | { readonly _tag: "Stream"; readonly stream: number; readonly start: number; readonly end: number }
  | { readonly _tag: "MaxData"; readonly stream: number }
  | { readonly _tag: "Reset"; readonly stream: number }
  | { readonly _tag: "Candidates" }
  | { readonly _tag: "Consent" }
  /** Nothing but its size: whether a larger packet comes through. */
  | { readonly _tag: "SizeProbe"; readonly size: number }
