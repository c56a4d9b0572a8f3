/** What axe-core finds wrong with a page for people who do not see it, or not well. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** All styles are ours and in the page: nothing has to be fetched to judge them. */
const OPTIONS = { resultTypes: ["violations"], preload: false } as const;

/** What is behind an open dialog was looked at before it was opened. */
const WHERE = "document.querySelector('dialog[open]') ?? document";

/** One line for each violation, with the first element that has it. `contrast`: looks at colours alone. */
export async function axeViolations(page: Page, only?: "contrast"): Promise<readonly string[]> {
  // evaluate is the tester's, not the page's: its content security policy allows no script of others
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  const options = only === undefined ? OPTIONS : { ...OPTIONS, runOnly: ["color-contrast"] };
  const found = (await page.evaluate(`axe.run(${WHERE}, ${JSON.stringify(options)})`)) as AxeResult;
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary ?? ""}`);
}
