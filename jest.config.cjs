const { readdirSync } = require("node:fs");
const { join } = require("node:path");

/** What one test or hook of a kind may take; a kind that is not named here has jest's usual limit. */
const TIMEOUT_MS = {
  // A loop of power cuts starts a host two dozen times.
  lifecycle: 480_000,
  ssh: 120_000,
  pulumi: 300_000,
  examples: 300_000,
  cli: 600_000,
  page: 300_000,
  lab: 1_200_000,
};

/** What a kind of test needs before it starts; run once, and only when such a test is to run. */
const PREPARE = {
  pulumi: "prepare-pulumi.mjs",
  examples: "prepare-pulumi.mjs",
  cli: "prepare-pulumi.mjs",
  lab: "prepare-lab.mjs",
};

const kinds = readdirSync(join(__dirname, "tests"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

/** Each folder of tests/ is a jest project of the same name: `npx jest --selectProjects unit`. */
function project(kind) {
  return {
    displayName: kind,
    rootDir: __dirname,
    testEnvironment: "node",
    testMatch: [`<rootDir>/tests/${kind}/**/*.test.ts`],
    globals: { TEST_TIMEOUT_MS: TIMEOUT_MS[kind] ?? 5_000 },
    setupFilesAfterEnv: [join(__dirname, "tools", "jest", "set-timeout.cjs")],
    transform: {
      "^.+\\.ts$": [
        "@swc/jest",
        {
          jsc: { parser: { syntax: "typescript" }, target: "es2022" },
          module: { type: "commonjs" },
          sourceMaps: "inline",
        },
      ],
    },
    moduleNameMapper: {
      "^(\\.{1,2}/.*)\\.js$": "$1",
      "^pulumi-passthrough$": "<rootDir>/provider/src/index.ts",
      "^pulumi-passthrough/testing$": "<rootDir>/provider/src/testing/index.ts",
    },
    modulePathIgnorePatterns: ["<rootDir>/dist"],
    ...(kind in PREPARE ? { globalSetup: join(__dirname, "tools", "jest", PREPARE[kind]) } : {}),
  };
}

/** @type {import("jest").Config} */
module.exports = {
  // jest leaves one core free by default, which is half of a small machine.
  maxWorkers: "100%",
  projects: kinds.map(project),
};
