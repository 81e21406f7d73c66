/**
 * The SDK of Bookora Webhooks for the services that publish events, manage endpoints and follow
 * deliveries. Receivers of webhooks use {@link com.bookora.webhooks.receiver}.
 *
 * <p>A {@link com.bookora.webhooks.Client} has the generated stubs, and what stubs lack: keys that
 * make a retried publish safe, a {@link com.bookora.webhooks.Publisher} that goes on where its
 * stream broke, a {@link com.bookora.webhooks.Watch} that resumes, and the {@link
 * com.bookora.webhooks.ErrorDetails} of an error. Errors are those of grpc-java.
 */
package com.bookora.webhooks;
