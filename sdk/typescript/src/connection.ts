import type { SecureClientSessionOptions } from 'node:http2';
import { connect as connectInTheClear, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/**
 * Opens connections for HTTP/2, and gives up those that are not open in time: the system does so after
 * minutes, and a service that came back would be found no sooner.
 */
export function connectWithin(milliseconds: number, certificates: SecureClientSessionOptions) {
  return (authority: URL): Socket => {
    const isTls = authority.protocol === 'https:';
    // URLs have IPv6 addresses in brackets.
    const host = authority.hostname.replace(/^\[(.*)\]$/, '$1');
    const port = Number(authority.port || (isTls ? 443 : 80));
    const socket = isTls
      ? connectTls({ host, port, ALPNProtocols: ['h2'], servername: isIP(host) ? '' : host, ...certificates })
      : connectInTheClear({ host, port });
    const giveUp = () => socket.destroy(new ConnectTimeout(milliseconds));
    const timer = setTimeout(giveUp, milliseconds);
    for (const event of [isTls ? 'secureConnect' : 'connect', 'close']) {
      socket.once(event, () => clearTimeout(timer));
    }
    return socket;
  };
}

class ConnectTimeout extends Error {
  /** As the system says it. */
  readonly code = 'ETIMEDOUT';

  constructor(milliseconds: number) {
    super(`no connection was made within ${milliseconds / 1000} s`);
  }
}
