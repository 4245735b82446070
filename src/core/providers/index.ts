/** What providers keep beside their offerings. */
export {
  ACCOUNT_EVENTS,
  type AccountEvent,
  createAccount,
  listAccounts,
  moveAccount,
  nameAccount,
  provideAccounts,
  removeAccount,
  restrictAccount,
  showAccount,
} from "./accounts.ts";
export {
  type AgentInput,
  changeAgent,
  createAgent,
  listAgents,
  registerProcessor,
  registerService,
  setAgentStatistics,
} from "./agents.ts";
export {
  addProvider,
  describeProvider,
  endProvider,
  listKeysOfProvider,
  listPeopleOfOffering,
  listProviders,
  listServedStudies,
  listStudiesOfOffering,
  showProvider,
} from "./customers.ts";
export type * from "./model.ts";
