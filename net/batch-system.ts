/**
 * The system calls of the batched datagram transport (recvmmsg(2), sendmmsg(2) and what a socket needs), and the shapes
 * of what they are handed: 64-bit Linux. Where they are not to be had the transport of `udp.ts` does the work. The constants are
 * those of Linux's own headers, which never change.
 */
import { type Call, loadLibrary } from "./system-library.ts";

export interface BatchSystem {
  /** socket(domain, type, protocol) */
  readonly socket: Call;
  /** setsockopt(fd, level, name, value, octets) */
  readonly setsockopt: Call;
  /** getsockopt(fd, level, name, value, octets) */
  readonly getsockopt: Call;
  /** bind(fd, address, octets) */
  readonly bind: Call;
  /** getsockname(fd, address, octets) */
  readonly getsockname: Call;
  /** shutdown(fd, how) */
  readonly shutdown: Call;
  /** close(fd) */
  readonly close: Call;
  /** poll(fds, count, milliseconds) */
  readonly poll: Call;
  /** recvmmsg(fd, messages, count, flags, timeout) */
  readonly recvmmsg: Call;
  /** sendmmsg(fd, messages, count, flags) */
  readonly sendmmsg: Call;
  /** Why the last call of this thread failed. */
  errno(): number;
  /** Where the octets are. They must not be let go while the system is to write there. */
  addressOf(octets: Uint8Array): bigint;
}

const SIGNATURES = {
  socket: "int socket(int, int, int)",
  setsockopt: "int setsockopt(int, int, int, void *, uint32_t)",
  getsockopt: "int getsockopt(int, int, int, void *, void *)",
  bind: "int bind(int, void *, uint32_t)",
  getsockname: "int getsockname(int, void *, void *)",
  shutdown: "int shutdown(int, int)",
  close: "int close(int)",
  poll: "int poll(void *, uint64_t, int)",
  recvmmsg: "int recvmmsg(int, void *, uint32_t, int, void *)",
  sendmmsg: "int sendmmsg(int, void *, uint32_t, int)",
} as const;

/** The system calls, or in words why there are none here. */
export async function loadBatchSystem(): Promise<BatchSystem | string> {
  const library = await loadLibrary();
  if (typeof library === "string") return library;
  const call = (name: keyof typeof SIGNATURES): Call => library.call(SIGNATURES[name]);
  return {
    socket: call("socket"),
    setsockopt: call("setsockopt"),
    getsockopt: call("getsockopt"),
    bind: call("bind"),
    getsockname: call("getsockname"),
    shutdown: call("shutdown"),
    close: call("close"),
    poll: call("poll"),
    recvmmsg: call("recvmmsg"),
    sendmmsg: call("sendmmsg"),
    errno: library.errno,
    addressOf: library.addressOf,
  };
}

/** Address families, socket types and options (socket(7), ip(7), ipv6(7)). */
export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_DGRAM = 2;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_REUSEPORT = 15;
export const SO_RCVTIMEO = 20;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const IPPROTO_IP = 0;
export const IP_PKTINFO = 8;
export const IP_MTU_DISCOVER = 10;
/** What ICMP says of the path's MTU is not believed: it would let a stranger have responses cut into fragments (RFC 9715 §3.1). */
export const PMTUDISC_OMIT = 5;
export const IPPROTO_IPV6 = 41;
export const IPV6_MTU_DISCOVER = 23;
export const IPV6_V6ONLY = 26;
export const IPV6_RECVPKTINFO = 49;
export const SHUT_RD = 0;
export const POLLIN = 1;

export const MSG_DONTWAIT = 0x40;
/** Waits for the first message only. */
export const MSG_WAITFORONE = 0x10000;

/** struct mmsghdr: sizes and places in octets. */
export const MMSGHDR_OCTETS = 64;
export const MMSGHDR = {
  name: 0,
  nameLength: 8,
  iov: 16,
  iovCount: 24,
  control: 32,
  controlLength: 40,
  flags: 48,
  length: 56,
};
export const IOVEC_OCTETS = 16;
/** struct sockaddr_in6, rounded up; sockaddr_in is shorter. */
export const SOCKADDR_OCTETS = 32;
export const SOCKADDR_IN_LENGTH = 16;
export const SOCKADDR_IN6_LENGTH = 28;
export const POLLFD_OCTETS = 8;

/** Names of failures, for ListenError and the log; others are told by number. */
export const ERRNO: Readonly<Record<number, string>> = {
  1: "EPERM",
  4: "EINTR",
  11: "EAGAIN",
  13: "EACCES",
  98: "EADDRINUSE",
  99: "EADDRNOTAVAIL",
};
export const EINTR = 4;
export const EAGAIN = 11;
