/** What a stub resolver gets for what its question came to, and how much of it a datagram carries. */
import { type Message, type Question } from "../dns/index.ts";
import { type Resolved, responseOf } from "./follow.ts";

/** Of the request, what its response depends on. */
export interface StubRequest {
  readonly id: number;
  /** As the client wrote it. */
  readonly question: Question;
  readonly hasEdns: boolean;
}

export function stubResponse(resolved: Resolved, { id, question, hasEdns }: StubRequest): Message {
  const response = responseOf(resolved);
  return { ...withQuestion(response, question), id, edns: hasEdns ? response.edns : null };
}

/** The response to this question, its name as the client wrote it wherever it owns records (draft-vixie-dnsext-dns0x20). */
export function withQuestion(message: Message, question: Question): Message {
  const { name } = question;
  const answer = message.answer.map((rr) => (rr.owner !== name && rr.owner.equals(name) ? { ...rr, owner: name } : rr));
  return { ...message, question: [question], answer };
}
