/** What we are called: changing it, and telling it to every group. */
import { checkName } from "./account-setup.ts";
import type { ClientMethods } from "./api.ts";
import { catchUp, waitSent } from "./call-waiting.ts";
import type { CallContext, CallOptions } from "./calls.ts";
import { allGroups } from "./group-names.ts";

/** See `name-change` in api.ts. */
export async function changeName(
  context: CallContext,
  params: ClientMethods["name-change"][0],
  options: CallOptions,
): Promise<ClientMethods["name-change"][1]> {
  const name = checkName(params.name);
  const since = await catchUp(context, options);
  await context.put({ kind: "rename-account", name });
  for (const { group } of await allGroups(context.store)) await context.put({ kind: "tell-name", group });
  return { name, ...(await waitSent(context, { since, waitMs: params.waitMs }, options)) };
}
