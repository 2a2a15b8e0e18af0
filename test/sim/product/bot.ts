export { echo } from "../../client/bot.js"
