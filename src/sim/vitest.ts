import { it } from "vitest"
import { makeSimTest } from "./SimTest.js"

/**
 * `simTest(name, options, function* () {...})`: a vitest test that runs the scenario under many seeds. A failure tells
 * the one command that shows it again.
 *
 * @since 0.1.0
 */
export const simTest = makeSimTest((name, body, timeoutMs) => it(name, body, timeoutMs))
