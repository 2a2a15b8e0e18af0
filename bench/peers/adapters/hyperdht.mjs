// hyperdht: found by key in a DHT, Noise IK through it, then a secret stream over UDX. The DHT, ten nodes on this host,
// runs in the server's process; a client's own node is there before the time is taken.
import DHT from "hyperdht"
import createTestnet from "hyperdht/testnet.js"
import { framed } from "../framed.mjs"

export const about = "hyperdht (Noise IK, UDX over UDP)"

export const serve = async (host, onPeer) => {
  const { bootstrap } = await createTestnet(10, { host })
  const node = new DHT({ bootstrap, host: hostOf(host) })
  const server = node.createServer((socket) => {
    socket.on("error", () => {})
    socket.on("end", () => socket.end())
    onPeer(framed(streamOf(socket)))
  })
  const keys = DHT.keyPair()
  await server.listen(keys)
  return { bootstrap, key: keys.publicKey.toString("hex") }
}

export const prepare = async ({ bootstrap }, host) => {
  node ??= new DHT({ bootstrap, host: hostOf(host) })
  await node.fullyBootstrapped()
}

export const connect = ({ key }) =>
  new Promise((resolve, reject) => {
    const socket = node.connect(Buffer.from(key, "hex"))
    socket.on("end", () => socket.end())
    socket.on("error", reject)
    socket.once("open", () => resolve(framed(streamOf(socket))))
  })

let node

const hostOf = (host) => (host === "127.0.0.1" ? host : "0.0.0.0")

const streamOf = (socket) => ({
  write: (bytes) => socket.write(bytes),
  onDrain: (run) => socket.once("drain", run),
  onData: (take) => socket.on("data", take),
  close: () => socket.destroy()
})
