/** Ways to spoil octets that were good: bits turned, counts that lie, pieces cut out, doubled or replaced. */
import { type Random } from "../../base/index.ts";

const LYING_COUNTS = [0, 1, 3, 64, 65, 255, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, 0xffff_ffff];

/** The octets, spoilt in one to four places. The input stays as it is. */
export function mutated(octets: Uint8Array, random: Random): Buffer {
  let result: Buffer = Buffer.from(octets);
  for (let times = 1 + random.below(4); times > 0; times--) result = mutatedOnce(result, random);
  return result;
}

function mutatedOnce(octets: Buffer, random: Random): Buffer {
  if (octets.length < 4) return Buffer.concat([octets, Buffer.alloc(4, random.below(256))]);
  const at = random.below(octets.length);
  const unit = at - (at % 4);
  switch (random.below(6)) {
    case 0:
      octets[at]! ^= 1 << random.below(8);
      return octets;
    case 1:
      octets[at] = random.below(256);
      return octets;
    case 2:
      if (unit + 4 <= octets.length) octets.writeUInt32BE(LYING_COUNTS[random.below(LYING_COUNTS.length)]!, unit);
      return octets;
    case 3:
      return octets.subarray(0, at);
    case 4:
      return Buffer.concat([octets.subarray(0, unit), octets.subarray(Math.min(octets.length, unit + 4))]);
    default:
      return Buffer.concat([octets.subarray(0, unit), octets.subarray(Math.max(0, unit - 8))]);
  }
}
