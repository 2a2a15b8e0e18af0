import { crypto } from "../../src/layers/node/Crypto.js"

/** The primitives that simulated machines use in our own tests. */
export { crypto }
