/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  testMatch: ["<rootDir>/tests/**/*.test.ts"],
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
};
