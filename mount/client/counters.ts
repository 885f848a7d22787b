/** What a mount counts, for the mount table and for who wonders what it does all day. */
export class ClientCounters {
  calls = 0;
  /** Calls sent again, for whatever reason. */
  repeats = 0;
  timeouts = 0;
  connections = 0;
  /** The server was found at another address while it was still there. */
  moves = 0;
  /** Replies to calls that were given up or never made. */
  strayReplies = 0;
  /** Replies that could not be read. */
  garbage = 0;
  /** "It takes longer": asked again. */
  jukebox = 0;
  /** Handles that had gone and were found again by their path. */
  recovered = 0;
  attributeHits = 0;
  nameHits = 0;
  readAheadHits = 0;
  readOctets = 0;
  writtenOctets = 0;
  /** Writes done again because the server lost them before they were safe. */
  rewritten = 0;
}
