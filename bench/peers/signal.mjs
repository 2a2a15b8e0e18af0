// What two peers have to tell each other before they can talk, over a TCP connection: lines of JSON.
import { connect as connectTcp, createServer } from "node:net"

export const listen = (host, accept) =>
  new Promise((resolve) => {
    const server = createServer({ noDelay: true }, (socket) => accept(lines(socket)))
    server.listen(0, host, () => resolve({ host, port: server.address().port }))
  })

export const connect = (address) =>
  new Promise((resolve, reject) => {
    const socket = connectTcp({ ...address, noDelay: true }, () => resolve(lines(socket)))
    socket.on("error", reject)
  })

const lines = (socket) => {
  let rest = ""
  let take = () => {}
  socket.on("error", () => {})
  socket.on("data", (data) => {
    const parts = (rest + data).split("\n")
    rest = parts.pop()
    for (const part of parts) take(JSON.parse(part))
  })
  return {
    send: (value) => socket.write(`${JSON.stringify(value)}\n`),
    onValue: (run) => {
      take = run
    },
    end: () => socket.destroy()
  }
}
