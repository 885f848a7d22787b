export { type NotifiedZone, Notifier, type NotifierParts, type NotifyStatus, type NotifyTarget } from "./notifier.ts";
export { fetchTransfer, type Primary, type TransferLimits } from "./primary.ts";
export { type NotifyAnswer, Secondaries, toldSerial } from "./secondaries.ts";
export type { SecondarySettings, SecondaryStatus } from "./secondary.ts";
export { TransferError } from "./transfer-error.ts";
export { Turns } from "./turns.ts";
export type { ZoneShelf } from "./zone-copy.ts";
