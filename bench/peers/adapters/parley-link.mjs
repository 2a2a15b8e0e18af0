export * from "../node_modules/.own/Link.mjs"
