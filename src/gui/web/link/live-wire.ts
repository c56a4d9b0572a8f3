/** One WebSocket to the process. */
import { SHUT_OUT, type Wire, type WireEvents } from "../../../client/view/live-link.ts";
import { isKnown } from "./entering.ts";

export function openWire({ opened, message, closed }: WireEvents): Wire {
  const socket = new WebSocket(`ws://${location.host}/live`);
  let hasOpened = false;
  socket.onopen = () => {
    hasOpened = true;
    opened();
  };
  socket.onmessage = ({ data }) => message(String(data));
  socket.onclose = ({ code }) => {
    // A browser does not tell a refusal from silence, so we ask.
    if (hasOpened) closed(code);
    else void isKnown().then((known) => closed(known ? code : SHUT_OUT));
  };
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => {
      socket.onclose = null;
      socket.onmessage = null;
      socket.close();
      closed(1_000);
    },
  };
}
