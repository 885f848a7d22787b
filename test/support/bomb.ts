/**
 * A message made to cost as much as it can: chains of a label and a pointer each, more of them than a decoder remembers the
 * expansions of, and answers that all begin at the far end of the last chain, eight ends by turns.
 */

const LINKS = 125;

/** `chains` of them in as many records of a private type, then answers of 12 octets up to `octetsMax`. */
export function pointerBomb(octetsMax: number, chains: number): Uint8Array {
  const octets = new Uint8Array(octetsMax);
  octets.set([0, 1, 0x80, 0, 0, 0]);
  let at = 12;
  let answers = 0;
  let last = 0;
  const answer = (target: number): void => {
    octets.set([0xc0 | (target >> 8), target & 255, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0], at);
    at += 12;
    answers++;
  };
  for (let chain = 0; chain < chains; chain++) {
    octets.set([0, 0xff, 0, 0, 1, 0, 0, 0, 0, (LINKS * 4 + 1) >> 8, (LINKS * 4 + 1) & 255], at);
    answers++;
    const root = at + 11;
    let before = root;
    at = root + 1;
    for (let i = 0; i < LINKS; i++) {
      octets.set([1, 0x61, 0xc0 | (before >> 8), before & 255], at);
      before = at;
      at += 4;
    }
    last = before;
    // Every link is named once, so that what a decoder remembers is full before the last chain.
    if (chain < chains - 1) for (let i = 0; i < LINKS; i++) answer(root + 1 + 4 * i);
  }
  while (at + 12 <= octetsMax) answer(last - 4 * (answers % 8));
  octets.set([answers >> 8, answers & 255], 6);
  return octets.slice(0, at);
}
