/** Lint: what the compiler lets pass and STYLE does not. Layout is prettier's business, structure that of test/house. */
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules", "dist", ".strata", ".cache", "coverage", "bench/results"] },
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-param-reassign": "off",
      "object-shorthand": "error",
      "max-params": ["error", { max: 8 }],
      "no-restricted-syntax": [
        "error",
        { selector: "TSEnumDeclaration", message: "No enums: a union, or a table of numbers (STYLE, Types)." },
        {
          selector: "TSParameterProperty",
          message: "No parameter properties: Node strips types, it does not compile.",
        },
        { selector: "TSModuleDeclaration", message: "No namespaces: a file is a module." },
        { selector: "ExportAllDeclaration", message: "An index lists its names one by one." },
        { selector: "ExportDefaultDeclaration", message: "Exports have names." },
        { selector: "LabeledStatement", message: "Make the inner loop a function and return from it." },
      ],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/only-throw-error": "error",
      // A Handler or a transport implements an asynchronous interface and may have nothing to wait for.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      // `array[i]!` is how code with known bounds reads an element under noUncheckedIndexedAccess.
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  {
    // Configuration files export what their tool wants.
    files: ["*.config.ts", "scripts/**/*.ts"],
    rules: { "no-restricted-syntax": "off" },
  },
  {
    // Interfaces of the command line are handed functions and declare them in the short form.
    files: ["cli/**/*.ts"],
    rules: { "@typescript-eslint/unbound-method": "off" },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      "@typescript-eslint/unbound-method": "off",
      // Tests look into parsed JSON and into what a peer printed.
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/explicit-module-boundary-types": "off",
    },
  },
);
