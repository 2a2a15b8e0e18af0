import { crowd } from "../Client.js"
import type { Load } from "../Stage.js"

/** Sessions that are registered and do nothing; the bench looks at the server's memory before and after. */
export const idle: Load = async ({ call, port, size }) => {
  // Code and tables that the first ones bring are not theirs.
  const first = await crowd({ port }, FIRST, (index) => `first-${index}`)
  await Promise.all(first.map((client) => client.request("Exit")))
  await call("before")
  await crowd({ port }, size.clients, (index) => `idle-${index}`)
  await call("after")
}

const FIRST = 500
