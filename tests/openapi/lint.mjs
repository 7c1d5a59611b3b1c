// Lints descriptions of APIs as `redocly lint` does, by the library that it is made of: the command brings 250 packages more.
//
//     node lint.mjs FILE...        what is wrong, and 1
import {createConfig, formatProblems, getTotals, lint} from "@redocly/openapi-core";

// An installation has no licence to name: its users have an account.
const config = await createConfig({extends: ["recommended"], rules: {"info-license": "off"}});
let wrong = 0;
for (const ref of process.argv.slice(2)) {
  const problems = await lint({ref, config});
  const totals = getTotals(problems);
  formatProblems(problems, {format: "stylish", totals, version: ""});
  wrong += totals.errors + totals.warnings;
}
process.exit(wrong ? 1 : 0);
