import { X509Certificate } from 'node:crypto';
import type { SecureClientSessionOptions } from 'node:http2';
import { createSecureContext } from 'node:tls';

/** How to trust the service, and how to show who calls. */
export interface CertificateOptions {
  /** Trust the authorities in this PEM text instead of the system's. */
  caCertificates?: string | Uint8Array | undefined;
  /** Show this certificate to the service (mTLS); both texts are PEM. */
  clientCertificate?: { certificate: string | Uint8Array; key: string | Uint8Array } | undefined;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

/** Throws where certificates cannot be used, or are of no effect. */
export function readCertificates(options: CertificateOptions, isTls: boolean): SecureClientSessionOptions {
  const { caCertificates, clientCertificate } = options;
  if (!isTls) {
    if (caCertificates !== undefined || clientCertificate !== undefined) {
      throw new Error('certificates are of no effect with http://: use https://');
    }
    return {};
  }
  return {
    ...(caCertificates !== undefined && { ca: readAuthorities(textOf(caCertificates)) }),
    ...(clientCertificate !== undefined && readIdentity(clientCertificate)),
  };
}

function readAuthorities(pem: string): string[] {
  const found = pem.match(PEM_CERTIFICATE) ?? [];
  try {
    for (const each of found) new X509Certificate(each);
  } catch (cause) {
    throw new Error('a CA certificate cannot be read', { cause });
  }
  if (found.length === 0) throw new Error('the CA certificates have none in PEM');
  return found;
}

function readIdentity(shown: NonNullable<CertificateOptions['clientCertificate']>) {
  const identity = { cert: textOf(shown.certificate), key: textOf(shown.key) };
  if (!identity.cert || !identity.key) throw new Error('the client certificate or its key is empty');
  try {
    createSecureContext(identity);
  } catch (cause) {
    throw new Error('the client certificate cannot be used with its key', { cause });
  }
  return identity;
}

function textOf(pem: string | Uint8Array): string {
  return typeof pem === 'string' ? pem : new TextDecoder().decode(pem);
}
