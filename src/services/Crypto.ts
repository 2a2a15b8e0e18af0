import * as Context from "effect/Context"
import type * as Primitives from "../domain/Crypto.js"

/** The cryptographic primitives as a service, so that programs choose the implementation once. */
export class Crypto extends Context.Tag("parley/services/Crypto")<Crypto, Primitives.Crypto>() {}
