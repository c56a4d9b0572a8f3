/** `hermes relay status`: asks the relay that runs on a data directory over its local socket. */
import { request } from "node:http";
import { resolve } from "node:path";
import { Fault } from "../src/wire/fault.ts";
import { type PartialReport, reportText } from "./relay-report.ts";
import { statusSocket } from "./report-server.ts";

/** Time for the answer (ms). */
const ANSWER_TIMEOUT_MS = 5_000;

/** The status as text: one JSON object, or lines for people. Throws `network/refused` when no relay runs there. */
export async function askRelay(data: string, form: "json" | "text"): Promise<string> {
  const directory = resolve(data);
  const body = await get(statusSocket(directory, process.platform), directory);
  const report = reportIn(body);
  if (report) return form === "json" ? body : reportText(report);
  throw new Fault(
    "network/refused",
    `the relay on the data directory ${directory} gave no status that this version of Hermes can read, so none is shown; restart the relay.`,
  );
}

/** The running relay may be of another build, so that parts are missing; undefined when there is nothing of a report. */
function reportIn(body: string): PartialReport | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && "peerId" in value ? (value as PartialReport) : undefined;
  } catch {
    return undefined;
  }
}

function get(socketPath: string, directory: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const failed = (cause?: unknown): void => {
      const sentence = `no relay answers on the data directory ${directory}: is it running, and is --data the same?`;
      reject(new Fault("network/refused", sentence, { cause }));
    };
    const asked = request({ socketPath, path: "/status", timeout: ANSWER_TIMEOUT_MS }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve(body));
      response.on("error", failed);
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer in time")));
    asked.on("error", failed);
    asked.end();
  });
}
