import { CONTRACT_LIMITS, topicLogContract } from "../contract/topic-log-contract.ts";
import { temporaryStore } from "./store-directory.ts";

topicLogContract("embedded database", async () => {
  const { store, reopen, dispose } = await temporaryStore(CONTRACT_LIMITS);
  return { log: store.log, reopen: async () => (await reopen()).log, dispose };
});
