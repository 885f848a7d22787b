/** Which known word is near to a mistyped one. */
import { expect, test } from "vitest";
import { nearest } from "../../base/near.ts";

test.each([
  ["resolv", "resolve"],
  ["reslove", "resolve"],
  ["ZONE", "zone"],
  ["completely", null],
])("the word nearest to %s is %s", (word, near) => {
  expect(nearest(word, ["up", "serve", "resolve", "resolver", "zone"])).toBe(near);
});
