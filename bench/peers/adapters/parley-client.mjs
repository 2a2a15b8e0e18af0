export * from "../node_modules/.own/Client.mjs"
