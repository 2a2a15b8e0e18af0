/** The product's own primitives. They are functions of their inputs, so nothing about them needs simulating. */
export { crypto } from "../layers/node/Crypto.js"
