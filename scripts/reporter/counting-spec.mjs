/** Mocha's spec reporter, which also tells scripts/test.mjs the counts, so that its last line is never a guess. */
import Mocha from "mocha";

const { reporters, Runner } = Mocha;

export default class CountingSpec extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const counts = { passed: 0, failed: 0, skipped: 0, ended: false };
    const count = (name) => () => {
      counts[name]++;
      process.send?.(counts);
    };
    runner.on(Runner.constants.EVENT_TEST_PASS, count("passed"));
    runner.on(Runner.constants.EVENT_TEST_FAIL, count("failed"));
    runner.on(Runner.constants.EVENT_TEST_PENDING, count("skipped"));
    runner.once(Runner.constants.EVENT_RUN_END, () => process.send?.({ ...counts, ended: true }));
  }
}
