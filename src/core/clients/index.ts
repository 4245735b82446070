/** Programs that act for people, and their tokens. The face of this area; the types are in model.ts. */
export {
  createClient,
  listClients,
  type NewClient,
  removeClient,
  showClient,
  subscribe,
  unsubscribe,
} from "./actions.ts";
export { APIS, type Api, type Client, type ClientInput, type ClientToken, type TokenPair } from "./model.ts";
export {
  type ClientCredentials,
  type Grant,
  grantToken,
  isClientRefusal,
  revokeClientToken,
  TOKEN_LIFE_MS,
  tokenHolder,
} from "./tokens.ts";
