import * as Layer from "effect/Layer"
import * as EmbeddedRegistry from "../../src/server/EmbeddedRegistry.js"
import * as Conformance from "../layers/conformance/Registry.js"
import { live } from "../layers/conformance/Suite.js"
import { seeded } from "../support/Entropy.js"

const setup = { graceMs: 3_000, maxNames: 6, reserved: "server" }

Conformance.suite(
  "the process itself",
  setup,
  live(Layer.provide(EmbeddedRegistry.layer({ ...setup, reserved: [setup.reserved] }), seeded(1)))
)
