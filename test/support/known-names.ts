/** A resolver that knows a few records, in presentation format, until it falls silent. */
import {
  CLASS,
  emptyMessage,
  Name,
  RCODE,
  type Rr,
  rdataType,
  tokenize,
  TYPE,
  typeFromText,
  typeToText,
} from "../../dns/index.ts";
import { type Exchange, ExchangeError } from "../../net/index.ts";

export class KnownNames {
  /** `owner ttl type data`. */
  records: readonly string[] = [];
  /** Of everything, or of questions such as "a.example AAAA". */
  isSilent = false;
  readonly silentAbout = new Set<string>();
  rcode: number = RCODE.NOERROR;
  asked = 0;
  readonly questions: string[] = [];

  readonly resolve: Exchange = (query) => {
    const { name, type } = query.question;
    const question = `${name.toString().replace(/(.)\.$/, "$1")} ${typeToText(type)}`;
    this.asked++;
    this.questions.push(question);
    if (this.isSilent || this.silentAbout.has(question)) {
      return Promise.reject(new ExchangeError("TIMEOUT", "no answer"));
    }
    const answer: Rr[] = [];
    let at = name;
    for (let hops = 0; hops < 8; hops++) {
      const found = this.#of(at, type);
      const alias = found.length > 0 ? undefined : this.#of(at, TYPE.CNAME)[0];
      answer.push(...found, ...(alias === undefined ? [] : [alias]));
      if (alias === undefined) break;
      at = Name.fromWire(alias.rdata);
    }
    const isKnown = this.records.some((line) => Name.parse(line.split(" ")[0]!).isAtOrBelow(at));
    const rcode = this.rcode !== RCODE.NOERROR ? this.rcode : isKnown ? RCODE.NOERROR : RCODE.NXDOMAIN;
    const flags = { response: true, recursionDesired: true, recursionAvailable: true };
    return Promise.resolve({ ...emptyMessage, ...flags, rcode, question: [query.question], answer });
  };

  #of(name: Name, type: number): Rr[] {
    return this.records.flatMap((line) => {
      const [owner = "", ttl = "", mnemonic = "", ...data] = line.split(" ");
      if (typeFromText(mnemonic) !== type || !Name.parse(owner).equals(name)) return [];
      const rdata = rdataType(type).parse(tokenize(data.join(" ")));
      return [{ owner: name, type, class: CLASS.IN, ttlSeconds: Number(ttl), rdata }];
    });
  }
}
