/** A profile that this process owns: store, network and client on it, served to other commands over the local socket. */
import type { Client, ClientCall, ClientMethod, ClientMethods } from "../client/api.ts";
import type { ClientEvent } from "../client/event-api.ts";
import { type LocalHandler, type LocalSocket, serveLocalSocket } from "../store/local-socket.ts";
import type { OwnedByUs } from "../store/profile-lock.ts";
import { openProfileStore } from "../store/profile-store.ts";
import { clientOn } from "./compose-profile.ts";
import type { ProfileChoice } from "./session.ts";

/** As the client takes them (`ClientCallOptions`). */
export interface ReachOptions {
  readonly emit: (event: ClientEvent) => void;
  readonly taken: (place: number | undefined) => Promise<boolean>;
  readonly from: number | undefined;
  readonly signal: AbortSignal;
}

/** One way to reach the client: ours, or that of the process that owns the profile. */
export interface Reach {
  readonly kind: "owner" | "guest";
  /** Of the process that owns it, unless that is ours. */
  readonly socketPath?: string;
  readonly call: <M extends ClientMethod>(call: ClientCall<M>, options: ReachOptions) => Promise<ClientMethods[M][1]>;
  readonly close: () => Promise<void>;
}

/** Opens the profile; everything that was opened is closed again when a later part fails, but for the lock. */
export async function openOwned(choice: ProfileChoice, dataKey: Uint8Array, lock: OwnedByUs): Promise<Reach> {
  const client = await clientOn(await openProfileStore({ directory: choice.directory, dataKey }), choice);
  const socket = await serve(client, lock).catch(async (error: unknown) => {
    await client.close();
    throw error;
  });
  return {
    kind: "owner",
    call: (call, options) => client.call(call, options),
    close: async () => {
      await socket.close();
      await client.close().finally(lock.release);
    },
  };
}

async function serve(client: Client, lock: OwnedByUs): Promise<LocalSocket> {
  const handler: LocalHandler = ({ id, method, params, from }, wire) =>
    client.call({ id, method, params } as ClientCall, { ...wire, from: from ?? undefined });
  const socket = await serveLocalSocket(handler);
  await lock.announceSocket(socket.path);
  return socket;
}
