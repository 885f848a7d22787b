import { defineConfig } from "vitest/config";

/** Three projects: what runs in milliseconds, what reads the sources themselves, and what starts processes and peers. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/{base,dns,net,zones,nameserver,resolver,replication,bank,mount,cli,bench}/**/*.test.ts"],
          testTimeout: 20_000,
        },
      },
      { test: { name: "house", include: ["test/house/**/*.test.ts"], testTimeout: 60_000 } },
      {
        test: {
          name: "whole",
          include: ["test/whole/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
