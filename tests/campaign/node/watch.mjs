// Follows one account at the last replica for as long as it runs: the SDK resumes by itself.
import { Client } from './sdk.mjs';

const ACCOUNT = 'acct_busy';

export async function watch(cast, note) {
  const client = new Client(cast.replicas.at(-1));
  for await (const { message } of client.watch({ accountId: ACCOUNT, includeSnapshot: true })) {
    if (message.case === 'snapshotComplete') {
      console.log('ready');
      continue;
    }
    const { delivery, previousState } = message.value;
    note({
      w: `typescript, ${ACCOUNT}`,
      d: delivery.deliveryId,
      r: delivery.revision,
      s: delivery.state,
      p: previousState,
    });
  }
}
