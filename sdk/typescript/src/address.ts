const ALLOWED = 'allowed are https://host:port or host:port (TLS), and http://host:port (in the clear)';

/** A scheme, and what comes behind it. */
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s;
/** An IPv6 address in brackets, or a name as DNS has it, with the underscores of names in a cluster. */
const HOST_AND_PORT = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?)(:(.*))?$/s;

/** Where the service is. */
export interface Address {
  /** As `fetch` and `http2.connect` take it: scheme, host and, where it is not the scheme's own, port. */
  readonly origin: string;
  readonly isTls: boolean;
  /** Whether what is sent there stays on this machine. */
  readonly isLoopback: boolean;
}

/** Throws what is allowed where the text is something else. A password in it is not shown. */
export function readAddress(text: string): Address {
  const refused = (why: string) => new Error(`the address "${shown(text)}" ${why}: ${ALLOWED}`);
  const [, scheme = 'https', rest = text] = SCHEME.exec(text) ?? [];
  const isTls = scheme.toLowerCase() === 'https';
  if (!isTls && scheme.toLowerCase() !== 'http') throw refused('has another scheme');
  if (rest.includes('@')) throw refused('has user information');
  if (/[/?#]/.test(rest)) throw refused('has more than host and port');
  const match = HOST_AND_PORT.exec(rest);
  if (!match) throw refused('has no host that can be looked up');
  const [, host = '', colon, port = ''] = match;
  if (colon === ':') throw refused('has a colon and no port');
  if (colon && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) {
    throw refused('has a port that is not 1-65535');
  }
  const url = `${isTls ? 'https' : 'http'}://${host}${colon ?? ''}`;
  if (!URL.canParse(url)) throw refused('has no host that can be looked up');
  const { origin, hostname } = new URL(url);
  return { origin, isTls, isLoopback: isLoopback(hostname) };
}

/** Leaves out what may be a password. */
function shown(text: string): string {
  const at = text.lastIndexOf('@');
  return at < 0 ? text : `…${text.slice(at)}`;
}

/** Of a host as URLs have it: the parts of an IPv4 address are decimal there. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}
