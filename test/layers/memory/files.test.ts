import * as Effect from "effect/Effect"
import * as MemoryFiles from "../../../src/layers/memory/Files.js"
import { HOME } from "../../../src/layers/memory/FileTree.js"
import { Files } from "../../../src/services/Files.js"
import * as Conformance from "../conformance/Files.js"
import { live } from "../conformance/Suite.js"

Conformance.suite("memory", live(MemoryFiles.layer), Effect.succeed(HOME), Files)
