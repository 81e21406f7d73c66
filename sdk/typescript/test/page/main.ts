// What the tests call in a page: the package, as a page's bundler takes it in.

import * as sdk from '@bookora/webhooks-sdk/web';

declare global {
  /** One delivery at one revision, as a watch in the page told it. */
  interface Told {
    id: string;
    revision: number;
    state: number;
  }
  var inPage: {
    sdk: typeof sdk;
    client: sdk.Client;
    watch: sdk.Watch;
    told: Told[];
    /** Ends with the watch. */
    following: Promise<void>;
  };
}

globalThis.inPage = { sdk, told: [] } as unknown as typeof globalThis.inPage;
