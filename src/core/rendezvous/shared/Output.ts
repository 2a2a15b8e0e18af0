import type { Registration } from "../../../domain/Registration.js"
import type { RefusalBody } from "../../../protocol/ControlCodec.js"
import type { EngineCall } from "../../../protocol/SharedNames.js"
import type { RegistryChange, RegistryLimits } from "../RegistryMachine.js"

export interface SharedNamesOptions {
  /** Names this start of this node, and no other. */
  readonly node: string
  /** Where other nodes reach it; empty when they do not. */
  readonly at: string
  readonly limits: RegistryLimits
  /** Whether nicknames are kept for identities that are away. */
  readonly keeps: boolean
  /** Numbers from 0 to 1, to spread what all nodes would otherwise do at once. */
  readonly random: () => number
  /** What the engine calls itself from now on if it knows of nothing: not to be met again. */
  readonly generation: () => string
}

/** What the driver is to do, in this order. */
export type Output =
  | { readonly _tag: "Call"; readonly id: number; readonly call: EngineCall }
  /** From now on the log behind this place is wanted, and nothing of what was followed before. */
  | { readonly _tag: "Follow"; readonly after: string }
  | { readonly _tag: "Event"; readonly event: RegistryChange }
  | { readonly _tag: "Claimed"; readonly ticket: number; readonly answer: ClaimOutcome }
  | { readonly _tag: "Found"; readonly ticket: number; readonly answer: FindOutcome }
  | { readonly _tag: "Forgotten"; readonly ticket: number; readonly answer: boolean | undefined }
  | { readonly _tag: "Log"; readonly message: string; readonly annotations: Readonly<Record<string, unknown>> }

/** `undefined`: the engine cannot be asked now, or did not say. */
export type ClaimOutcome = Registration | RefusalBody | undefined
export type FindOutcome = Registration | "Nobody" | undefined

/** Of a claim: the token that its client gets, and the hashes of that one and of the one that it has shown. */
export interface ResumeTokens {
  readonly fresh: string
  readonly freshHash: string
  /** Empty when none was shown. */
  readonly shownHash: string
}
