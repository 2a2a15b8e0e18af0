// Prints its port and stops: the system completes as many connections as fit in the backlog, and answers no further
// one.
import { createServer } from "node:net"

const server = createServer().listen(0, "127.0.0.1", 1, () => {
  process.stdout.write(`${server.address().port}\n`, () => process.kill(process.pid, "SIGSTOP"))
})
