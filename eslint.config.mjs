import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  { ignores: ["dist", "coverage", "node_modules"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/strict-boolean-expressions": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/prefer-readonly": "error",
      "func-style": ["error", "declaration"],
      "no-console": "error",
      // Numbers and booleans read well in messages; the rule's aim is objects, which stay forbidden.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
    },
  },
  {
    // The script of the page is checked by the same rules; its types stand in comments.
    files: ["provider/src/page/browser/*.mjs"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: "tsconfig.page.json", tsconfigRootDir: import.meta.dirname } },
    rules: {
      "func-style": ["error", "declaration", { allowArrowFunctions: true }],
      "no-console": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
    },
  },
  {
    // Plans are pure: of Node's cryptography they may take hashes, never anything that is random.
    files: ["provider/src/resources/**/*.ts", "provider/src/model/**/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        { paths: [{ name: "node:crypto", allowImportNames: ["createHash"], message: "plans are pure" }] },
      ],
    },
  },
);
