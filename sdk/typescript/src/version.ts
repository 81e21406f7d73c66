/** The SDK's version, as in package.json; it is in the user agent. */
export const VERSION = '0.1.0';

/** How the SDK names itself to the service. */
export const USER_AGENT = `bookora-webhooks-sdk-typescript/${VERSION}`;
