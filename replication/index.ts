export { type Transfer, type TransferBounds, TransferReader, type TransferWanted } from "./transfer-reader.ts";
export { TransferError } from "./transfer-error.ts";
