// js-libp2p, one node a process and each dial a connection of its own, over the transport that is given.
import { multiaddr } from "@multiformats/multiaddr"
import { createLibp2p } from "libp2p"
import { framed } from "./framed.mjs"

// It wants Node 22; on Node 20 this is all that is missing.
Promise.withResolvers ??= function () {
  const made = {}
  made.promise = new this((resolve, reject) => Object.assign(made, { resolve, reject }))
  return made
}

/** An adapter: `options` are those of a node, `listen` is the address of a server on a host. */
export const libp2p = (options, listen) => {
  const make = (addresses) =>
    createLibp2p({
      ...options,
      addresses: { listen: addresses },
      connectionMonitor: { enabled: false },
      connectionManager: { inboundConnectionThreshold: 10_000, maxConnections: 1_000 }
    })
  let node
  return {
    serve: async (host, onPeer) => {
      const server = await make([listen(host)])
      await server.handle(PROTOCOL, (stream) => onPeer(framed(streamOf(stream.stream ?? stream))), {
        maxInboundStreams: 1_000
      })
      return server
        .getMultiaddrs()
        .map(String)
        .find((address) => address.includes(host))
    },
    prepare: async () => {
      node ??= await make([])
    },
    connect: async (address) => {
      const connection = await node.dial(multiaddr(address), { force: true })
      const stream = await connection.newStream(PROTOCOL)
      return framed(streamOf(stream, () => connection.close()))
    }
  }
}

const PROTOCOL = "/bench/1"

const streamOf = (stream, after = () => {}) => ({
  maxWrite: 65_536,
  write: (bytes) => stream.send(bytes),
  onDrain: (run) => stream.addEventListener("drain", () => run(), { once: true }),
  onData: (take) =>
    stream.addEventListener("message", ({ data }) => {
      const bytes = data instanceof Uint8Array ? data : data.subarray()
      take(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    }),
  close: () => {
    stream.abort(new Error("done"))
    return after()
  }
})
