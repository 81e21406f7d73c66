import { Code, ConnectError } from '@connectrpc/connect';

import type { Status } from './v1/google/rpc/status_pb.js';
import type { PublishEventResponse, PublishEventResult } from './v1.js';

/**
 * What came of one request of a batch.
 *
 * @throws ConnectError, as `publish` of that request alone would have thrown it.
 */
export function resultOf(result: PublishEventResult | undefined): PublishEventResponse {
  switch (result?.result.case) {
    case 'published':
      return result.result.value;
    case 'error':
      throw errorOf(result.result.value);
    default:
      throw new ConnectError(
        'the service sent a result that is neither published nor an error',
        Code.Internal,
      );
  }
}

function errorOf(status: Status): ConnectError {
  const error = new ConnectError(status.message, status.code);
  // The type's name is what follows the last slash (google.protobuf.Any).
  error.details = status.details.map(({ typeUrl, value }) => ({
    type: typeUrl.slice(typeUrl.lastIndexOf('/') + 1),
    value,
  }));
  return error;
}
